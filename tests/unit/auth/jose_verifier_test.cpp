#include "auth/jose/jose_verifier.h"

#include <string>
#include <utility>
#include <vector>

#include "auth/compact_token.h"
#include "base/crypto.h"
#include "tests/support/catch.h"
#include "tests/unit/auth/token_support.h"

// Keys and signatures: which key a token may be tried with, and what it takes to pass.

namespace hubtrail::auth {
namespace {

using testing::Claims;
using testing::ec_key;
using testing::kHeader;
using testing::kSecret;
using testing::ManualClock;
using testing::outcome;
using testing::policy_with;
using testing::rsa_key;
using testing::secret_key;
using testing::sign_hs256;
using testing::TestKey;
using testing::verifier_for;

constexpr std::string_view kOtherSecret = "fedcba9876543210fedcba9876543210";

/// Splits a compact token before its signature; the signature comes decoded.
std::pair<std::string, std::string> split(const std::string& token) {
    const auto last = token.rfind('.');
    return {token.substr(0, last + 1), *base64url_decode(token.substr(last + 1))};
}

std::string kid_header(const std::string& raw) {
    return R"({"alg":"HS256","kid":)" + raw + "}";
}

TEST_CASE("a token of each algorithm is accepted with its own key", "[auth]") {
    ManualClock clock;
    const auto claims = Claims().json();
    auto hs256 = verifier_for(testing::secret_policy(), clock);
    CHECK(outcome(*hs256, sign_hs256(kHeader, claims)) == "accepted");
    for (const auto& [algorithm, key] : std::vector<std::pair<std::string, const TestKey*>>{
             {"RS256", &rsa_key()}, {"PS256", &rsa_key()}, {"ES256", &ec_key()}}) {
        CAPTURE(algorithm);
        auto verifier = verifier_for(policy_with({key->verification_key(algorithm, "k1")}), clock);
        CHECK(outcome(*verifier, key->sign(algorithm, "k1", claims)) == "accepted");
        CHECK(outcome(*verifier, key->sign(algorithm, "", claims)) == "accepted");
        CHECK(outcome(*verifier, key->sign(algorithm, "k2", claims)) == "unknown_key");
    }
}

TEST_CASE("a private key in the policy verifies as its public part does", "[auth]") {
    ManualClock clock;
    auto verifier = verifier_for(policy_with({{"", "RS256", rsa_key().private_jwk()}}), clock);
    CHECK(outcome(*verifier, rsa_key().sign("RS256", "", Claims().json())) == "accepted");
}

TEST_CASE("keys of several algorithms serve side by side, each its own", "[auth]") {
    ManualClock clock;
    const auto claims = Claims().json();
    const auto second_rsa = TestKey::rsa(2048);
    auto verifier = verifier_for(policy_with({rsa_key().verification_key("RS256", "a"),
                                              second_rsa.verification_key("PS256", "b"),
                                              ec_key().verification_key("ES256", "c")}),
                                 clock);
    CHECK(outcome(*verifier, rsa_key().sign("RS256", "a", claims)) == "accepted");
    CHECK(outcome(*verifier, second_rsa.sign("PS256", "b", claims)) == "accepted");
    CHECK(outcome(*verifier, ec_key().sign("ES256", "c", claims)) == "accepted");
    // The right kind of key under another's name, and the other way about.
    CHECK(outcome(*verifier, rsa_key().sign("PS256", "a", claims)) == "unknown_key");
    CHECK(outcome(*verifier, second_rsa.sign("RS256", "b", claims)) == "unknown_key");
    CHECK(outcome(*verifier, rsa_key().sign("PS256", "b", claims)) == "signature");
    CHECK(outcome(*verifier, second_rsa.sign("RS256", "a", claims)) == "signature");
    CHECK(outcome(*verifier, ec_key().sign("ES256", "a", claims)) == "unknown_key");
    CHECK(outcome(*verifier, rsa_key().sign("RS256", "c", claims)) == "unknown_key");
    CHECK(outcome(*verifier, rsa_key().sign("RS384", "a", claims)) == "algorithm");
    CHECK(outcome(*verifier, rsa_key().sign("RS512", "a", claims)) == "algorithm");
    CHECK(outcome(*verifier, rsa_key().sign("PS384", "a", claims)) == "algorithm");
}

TEST_CASE("one key may serve two algorithms if it is listed twice", "[auth]") {
    ManualClock clock;
    auto verifier = verifier_for(policy_with({rsa_key().verification_key("RS256", "a"),
                                              rsa_key().verification_key("PS256", "a")}),
                                 clock);
    CHECK(outcome(*verifier, rsa_key().sign("RS256", "a", Claims().json())) == "accepted");
    CHECK(outcome(*verifier, rsa_key().sign("PS256", "a", Claims().json())) == "accepted");
}

TEST_CASE("a public key is never taken for a shared secret", "[auth]") {
    ManualClock clock;
    auto verifier = verifier_for(policy_with({rsa_key().verification_key("RS256", "a"),
                                              ec_key().verification_key("ES256", "b")}),
                                 clock);
    const auto jwk = rsa_key().public_jwk();
    const auto from = jwk.find("\"n\":\"") + 5;
    const auto modulus = jwk.substr(from, jwk.find('"', from) - from);
    for (const auto& secret : {jwk, modulus, *base64url_decode(modulus), ec_key().public_jwk(),
                               std::string("a"), std::string("b"), std::string()}) {
        for (const auto* header : {R"({"alg":"HS256"})", R"({"alg":"HS256","kid":"a"})",
                                   R"({"alg":"HS256","kid":"b"})"}) {
            CHECK(outcome(*verifier, sign_hs256(header, Claims().json(), secret)) == "algorithm");
        }
        // The same MAC under a header that claims the key's own algorithm.
        for (const auto* header :
             {R"({"alg":"RS256","kid":"a"})", R"({"alg":"ES256","kid":"b"})"}) {
            CHECK(outcome(*verifier, sign_hs256(header, Claims().json(), secret)) == "signature");
        }
    }
}

TEST_CASE("kid picks the key, and only among ours", "[auth]") {
    ManualClock clock;
    auto verifier = verifier_for(
        policy_with({secret_key("one", kSecret), secret_key("two", kOtherSecret)}), clock);
    const auto claims = Claims().json();
    const auto signed_with = [&](const std::string& raw, std::string_view secret) {
        return outcome(*verifier, sign_hs256(kid_header(raw), claims, secret));
    };
    CHECK(signed_with(R"("one")", kSecret) == "accepted");
    CHECK(signed_with(R"("two")", kOtherSecret) == "accepted");
    CHECK(signed_with(R"("\u006fne")", kSecret) == "accepted");
    CHECK(signed_with(R"("one")", kOtherSecret) == "signature");
    CHECK(signed_with(R"("two")", kSecret) == "signature");
    for (const auto* raw :
         {R"("three")", R"("")", R"("ONE")", R"("one ")", R"(" one")", R"("on")", R"("onee")",
          R"("*")", R"("../../../dev/null")", R"("/dev/null")", R"("one' OR '1'='1")",
          R"("https://attacker.test/key")", R"("one\ntwo")"}) {
        CAPTURE(raw);
        CHECK(signed_with(raw, kSecret) == "unknown_key");
    }
    for (const auto* raw :
         {"1", "0", "null", "true", "[]", R"(["one"])", "{}", R"({"one":1})", R"("one\u0000")"}) {
        CAPTURE(raw);
        CHECK(signed_with(raw, kSecret) == "malformed");
    }
    // Which of the two it would be, a token without kid cannot say.
    CHECK(outcome(*verifier, sign_hs256(kHeader, claims)) == "unknown_key");
    CHECK(outcome(*verifier, sign_hs256(kHeader, claims, kOtherSecret)) == "unknown_key");
}

TEST_CASE("a kid of 128 bytes is looked up and one of 129 is not", "[auth]") {
    ManualClock clock;
    const std::string longest(kKidBytesMax, 'k');
    auto verifier = verifier_for(policy_with({secret_key(longest, kSecret)}), clock);
    const auto with_kid = [](const std::string& kid) {
        return sign_hs256(kid_header("\"" + kid + "\""), Claims().json());
    };
    CHECK(outcome(*verifier, with_kid(longest)) == "accepted");
    CHECK(outcome(*verifier, with_kid(longest + "k")) == "unknown_key");
    CHECK(outcome(*verifier, with_kid(std::string(4000, 'k'))) == "unknown_key");
    CHECK(parse_compact(with_kid(longest), {"HS256"}));
    CHECK_FALSE(parse_compact(with_kid(longest + "k"), {"HS256"}));
    CHECK(make_jose_verifier(policy_with({secret_key(longest + "k", kSecret)}), clock)
              .error()
              .find("over 128 bytes") != std::string::npos);
}

TEST_CASE("a key without kid serves the tokens without kid and no others", "[auth]") {
    ManualClock clock;
    auto alone = verifier_for(policy_with({secret_key("", kSecret)}), clock);
    CHECK(outcome(*alone, sign_hs256(kHeader, Claims().json())) == "accepted");
    CHECK(outcome(*alone, sign_hs256(kid_header(R"("x")"), Claims().json())) == "unknown_key");
    CHECK(outcome(*alone, sign_hs256(kid_header(R"("")"), Claims().json())) == "unknown_key");

    auto beside = verifier_for(
        policy_with({secret_key("new", kOtherSecret), secret_key("", kSecret)}), clock);
    CHECK(outcome(*beside, sign_hs256(kHeader, Claims().json())) == "accepted");
    CHECK(outcome(*beside, sign_hs256(kHeader, Claims().json(), kOtherSecret)) == "signature");
    CHECK(outcome(*beside, sign_hs256(kid_header(R"("new")"), Claims().json(), kOtherSecret)) ==
          "accepted");
}

TEST_CASE("a token without kid is tried with the only key of its algorithm", "[auth]") {
    ManualClock clock;
    const auto claims = Claims().json();
    auto one_each = verifier_for(policy_with({rsa_key().verification_key("RS256", "a"),
                                              ec_key().verification_key("ES256", "b")}),
                                 clock);
    CHECK(outcome(*one_each, rsa_key().sign("RS256", "", claims)) == "accepted");
    CHECK(outcome(*one_each, ec_key().sign("ES256", "", claims)) == "accepted");
    const auto second = TestKey::ec();
    auto two = verifier_for(policy_with({ec_key().verification_key("ES256", "a"),
                                         second.verification_key("ES256", "b")}),
                            clock);
    CHECK(outcome(*two, ec_key().sign("ES256", "", claims)) == "unknown_key");
    CHECK(outcome(*two, second.sign("ES256", "", claims)) == "unknown_key");
}

TEST_CASE("a signature with any one bit changed is refused", "[auth]") {
    ManualClock clock;
    auto secret = verifier_for(testing::secret_policy(), clock);
    auto public_keys = verifier_for(policy_with({rsa_key().verification_key("RS256", "r"),
                                                 rsa_key().verification_key("PS256", "p"),
                                                 ec_key().verification_key("ES256", "e")}),
                                    clock);
    const auto claims = Claims().json();
    for (const auto& [verifier, token] : std::vector<std::pair<TokenVerifier*, std::string>>{
             {secret.get(), sign_hs256(kHeader, claims)},
             {public_keys.get(), rsa_key().sign("RS256", "r", claims)},
             {public_keys.get(), rsa_key().sign("PS256", "p", claims)},
             {public_keys.get(), ec_key().sign("ES256", "e", claims)}}) {
        REQUIRE(outcome(*verifier, token) == "accepted");
        const auto [front, signature] = split(token);
        for (std::size_t at = 0; at < signature.size(); ++at) {
            auto flipped = signature;
            flipped[at] = static_cast<char>(flipped[at] ^ static_cast<char>(1U << (at % 8)));
            CAPTURE(front.substr(0, 30), at);
            CHECK(outcome(*verifier, front + base64url_encode(flipped)) == "signature");
        }
    }
}

TEST_CASE("a signature of another length than the key's is refused", "[auth]") {
    ManualClock clock;
    auto secret = verifier_for(testing::secret_policy(), clock);
    auto public_keys = verifier_for(policy_with({rsa_key().verification_key("RS256", "r"),
                                                 ec_key().verification_key("ES256", "e")}),
                                    clock);
    const auto claims = Claims().json();
    for (const auto& [verifier, token] : std::vector<std::pair<TokenVerifier*, std::string>>{
             {secret.get(), sign_hs256(kHeader, claims)},
             {public_keys.get(), rsa_key().sign("RS256", "r", claims)},
             {public_keys.get(), ec_key().sign("ES256", "e", claims)}}) {
        const auto [front, signature] = split(token);
        const auto half = signature.size() / 2;
        const std::string zero(1, '\0');
        std::vector<std::string> others = {
            signature.substr(0, 1),
            signature.substr(0, half),
            signature.substr(0, signature.size() - 1),
            signature.substr(1),
            signature + zero,
            zero + signature,
            signature + signature,
            std::string(4000, 'x'),
            // cjose takes this one for ES256: both halves are the same numbers.
            zero + signature.substr(0, half) + zero + signature.substr(half),
        };
        for (const auto& other : others) {
            CAPTURE(front.substr(0, 30), other.size());
            CHECK(outcome(*verifier, front + base64url_encode(other)) == "signature");
        }
        for (const char fill : {'\0', '\x01', '\xff'}) {
            const std::string constant(signature.size(), fill);
            CHECK(outcome(*verifier, front + base64url_encode(constant)) == "signature");
        }
    }
}

TEST_CASE("an ECDSA signature in DER, or with r or s out of range, is refused", "[auth]") {
    ManualClock clock;
    auto verifier = verifier_for(policy_with({ec_key().verification_key("ES256", "")}), clock);
    const auto [front, signature] = split(ec_key().sign("ES256", "", Claims().json()));
    const auto r = signature.substr(0, 32);
    const auto s = signature.substr(32);
    const std::string zero(32, '\0');
    const std::string one = std::string(31, '\0') + '\x01';
    const std::string order = *base64url_decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    REQUIRE(order.size() == 32);
    const auto der = "\x30\x44\x02\x20" + r + "\x02\x20" + s;
    for (const auto& other : {zero + zero, r + zero, zero + s, one + one, order + order, r + order,
                              order + s, s + r, der, der.substr(0, 64)}) {
        CHECK(outcome(*verifier, front + base64url_encode(other)) == "signature");
    }
}

TEST_CASE("the right claims under another's key are refused", "[auth]") {
    ManualClock clock;
    const auto claims = Claims().json();
    auto secret = verifier_for(testing::secret_policy(), clock);
    for (const auto other :
         {kOtherSecret, kSecret.substr(1), std::string_view(), std::string_view("x")}) {
        CHECK(outcome(*secret, sign_hs256(kHeader, claims, other)) == "signature");
    }
    auto rsa = verifier_for(policy_with({rsa_key().verification_key("RS256", "")}), clock);
    CHECK(outcome(*rsa, TestKey::rsa(2048).sign("RS256", "", claims)) == "signature");
    auto ec = verifier_for(policy_with({ec_key().verification_key("ES256", "")}), clock);
    CHECK(outcome(*ec, TestKey::ec().sign("ES256", "", claims)) == "signature");
}

TEST_CASE("claims moved under another token's signature are refused", "[auth]") {
    ManualClock clock;
    auto verifier = verifier_for(policy_with({rsa_key().verification_key("RS256", "")}), clock);
    const auto user = rsa_key().sign("RS256", "", Claims().json());
    const auto admin =
        rsa_key().sign("RS256", "", Claims().with("sites", R"({"*":"admin"})").json());
    CHECK(outcome(*verifier, admin) == "accepted");
    CHECK(outcome(*verifier, split(admin).first + base64url_encode(split(user).second)) ==
          "signature");
}

TEST_CASE("the claims are not read before the signature is right", "[auth]") {
    ManualClock clock;
    auto verifier = verifier_for(testing::secret_policy(), clock);
    for (const auto& payload : {std::string("no JSON"), std::string(5500, '['),
                                Claims().with("iss", R"("other")").json()}) {
        CHECK(outcome(*verifier, sign_hs256(kHeader, payload, kOtherSecret)) == "signature");
    }
}

TEST_CASE("a refusal leaves nothing behind: the next good token passes", "[auth]") {
    ManualClock clock;
    auto verifier = verifier_for(policy_with({rsa_key().verification_key("RS256", "")}), clock);
    const auto good = rsa_key().sign("RS256", "", Claims().json());
    const auto [front, signature] = split(good);
    for (int round = 0; round < 50; ++round) {
        CHECK(outcome(*verifier, front + base64url_encode(std::string(256, 'x'))) == "signature");
        CHECK(outcome(*verifier, good) == "accepted");
    }
}

TEST_CASE("a policy that cannot be right is refused with the reason", "[auth]") {
    ManualClock clock;
    const auto refusal = [&clock](void (*spoil)(TokenPolicy&)) {
        auto policy = testing::secret_policy();
        spoil(policy);
        const auto made = make_jose_verifier(policy, clock);
        return made ? std::string("accepted") : made.error();
    };
    using Catch::Matchers::Contains;
    CHECK(refusal([](TokenPolicy&) {}) == "accepted");
    CHECK_THAT(refusal([](TokenPolicy& p) { p.issuer.clear(); }), Contains("issuer"));
    CHECK_THAT(refusal([](TokenPolicy& p) { p.audiences.clear(); }), Contains("audience"));
    CHECK_THAT(refusal([](TokenPolicy& p) { p.audiences.emplace_back(); }), Contains("audience"));
    CHECK_THAT(refusal([](TokenPolicy& p) { p.sites_claim.clear(); }), Contains("sites"));
    CHECK_THAT(refusal([](TokenPolicy& p) { p.leeway_s = -1; }), Contains("leeway"));
    CHECK(refusal([](TokenPolicy& p) { p.leeway_s = kLeewayMaxS; }) == "accepted");
    CHECK_THAT(refusal([](TokenPolicy& p) { p.leeway_s = kLeewayMaxS + 1; }), Contains("leeway"));
    CHECK(refusal([](TokenPolicy& p) { p.lifetime_max_s = 1; }) == "accepted");
    CHECK_THAT(refusal([](TokenPolicy& p) { p.lifetime_max_s = 0; }), Contains("lifetime"));
    CHECK_THAT(refusal([](TokenPolicy& p) { p.lifetime_max_s = INT64_MAX; }), Contains("lifetime"));
    CHECK_THAT(refusal([](TokenPolicy& p) { p.keys.clear(); }), Contains("0 keys"));
}

TEST_CASE("a point that is not on the curve is refused at load", "[auth]") {
    ManualClock clock;
    auto key = ec_key().verification_key("ES256", "off");
    const auto from = key.jwk.find("\"y\":\"") + 5;
    key.jwk[from] = key.jwk[from] == 'A' ? 'B' : 'A';
    const auto made = make_jose_verifier(policy_with({key}), clock);
    REQUIRE_FALSE(made);
    CHECK_THAT(made.error(), Catch::Matchers::Contains("'off'"));
    CHECK_THAT(made.error(), Catch::Matchers::Contains("refused by cjose"));
}

}  // namespace
}  // namespace hubtrail::auth
