#include "auth/key_rules.h"

#include <string>
#include <vector>

#include "base/crypto.h"
#include "tests/support/catch.h"
#include "tests/unit/auth/token_support.h"

namespace hubtrail::auth {
namespace {

using namespace std::string_view_literals;
using testing::ec_key;
using testing::kSecret;
using testing::rsa_key;
using testing::secret_key;

/// Why check_keys() refuses, or "fit".
std::string verdict(const std::vector<VerificationKey>& keys) {
    const auto checked = check_keys(keys);
    return checked ? "fit" : checked.error();
}

/// An odd number of exactly this many bits.
std::string modulus(std::size_t bits) {
    std::string bytes((bits + 7) / 8, '\x55');
    bytes.front() = static_cast<char>(1U << ((bits - 1) % 8));
    return bytes;
}

VerificationKey rsa(std::string_view n, std::string_view e = "\x01\x00\x01"sv) {
    return {"r", "RS256",
            R"({"kty":"RSA","n":")" + base64url_encode(n) + R"(","e":")" +
                base64url_encode(std::string(e)) + "\"}"};
}

/// One of our good keys with members added to its JWK.
VerificationKey with_members(VerificationKey key, const std::string& members) {
    key.jwk.insert(1, members + ",");
    return key;
}

struct Row {
    std::string name;
    VerificationKey key;
    std::string reason;
};

void check_rows(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        CAPTURE(row.name);
        CHECK_THAT(verdict({row.key}), Catch::Matchers::Contains(row.reason));
    }
}

TEST_CASE("a secret of 32 bytes is fit for HS256 and one of 31 is not", "[auth]") {
    CHECK(verdict({secret_key("", std::string(32, 's'))}) == "fit");
    CHECK(verdict({secret_key("", std::string(512, 's'))}) == "fit");
    CHECK(verdict({secret_key("weak", std::string(31, 's'))}) ==
          "key 1 (kid 'weak'): the secret has 31 bytes, HS256 needs 32");
    CHECK(verdict({secret_key("", "abc")}) ==
          "key 1 (without kid): the secret has 3 bytes, HS256 needs 32");
    CHECK_THAT(verdict({secret_key("", "")}), Catch::Matchers::Contains("0 bytes"));
}

TEST_CASE("a modulus of 2048 to 8192 bits is fit and one bit less or more is not", "[auth]") {
    CHECK(verdict({rsa(modulus(2048))}) == "fit");
    CHECK(verdict({rsa(modulus(8192))}) == "fit");
    check_rows({{"2047", rsa(modulus(2047)), "2047 bits"},
                {"8193", rsa(modulus(8193)), "8193 bits"},
                {"1024", rsa(modulus(1024)), "1024 bits"},
                {"512", rsa(modulus(512)), "512 bits"},
                {"1024 behind zeros", rsa(std::string(128, '\0') + modulus(1024)), "1024 bits"},
                {"even", rsa(modulus(2048).substr(0, 255) + "\x54"), "even"},
                {"zero", rsa(std::string(256, '\0')), "zero"},
                {"empty", rsa(""), "absent"}});
}

TEST_CASE("an exponent is an odd number from 3 that fits 32 bits", "[auth]") {
    CHECK(verdict({rsa(modulus(2048), "\x03")}) == "fit");
    CHECK(verdict({rsa(modulus(2048), std::string("\0\0\x01\0\x01", 5))}) == "fit");
    CHECK(verdict({rsa(modulus(2048), "\xff\xff\xff\xff")}) == "fit");
    check_rows({{"1", rsa(modulus(2048), "\x01"), "exponent"},
                {"2", rsa(modulus(2048), "\x02"), "exponent"},
                {"65536", rsa(modulus(2048), std::string("\x01\0\0", 3)), "exponent"},
                {"33 bits", rsa(modulus(2048), std::string("\x01\0\0\0\x01", 5)), "exponent"},
                {"0", rsa(modulus(2048), std::string(1, '\0')), "zero"},
                {"empty", rsa(modulus(2048), ""), "absent"}});
}

TEST_CASE("an EC key must be on P-256 with whole coordinates", "[auth]") {
    const auto ec = [](const std::string& curve, std::size_t x, std::size_t y) {
        return VerificationKey{"e", "ES256",
                               R"({"kty":"EC","crv":")" + curve + R"(","x":")" +
                                   base64url_encode(std::string(x, 'x')) + R"(","y":")" +
                                   base64url_encode(std::string(y, 'y')) + "\"}"};
    };
    CHECK(verdict({ec("P-256", 32, 32)}) == "fit");  // cjose is the one that knows the curve
    check_rows({{"P-384", ec("P-384", 48, 48), "P-256"},
                {"P-521", ec("P-521", 66, 66), "P-256"},
                {"secp256k1", ec("secp256k1", 32, 32), "P-256"},
                {"lower case", ec("p-256", 32, 32), "P-256"},
                {"x short", ec("P-256", 31, 32), "32 bytes"},
                {"x long", ec("P-256", 33, 32), "32 bytes"},
                {"y short", ec("P-256", 32, 31), "32 bytes"},
                {"y empty", ec("P-256", 32, 0), "32 bytes"},
                {"no curve", {"e", "ES256", R"({"kty":"EC"})"}, "crv"},
                {"curve a number", {"e", "ES256", R"({"kty":"EC","crv":256})"}, "crv"}});
}

TEST_CASE("a key is fit only for the algorithms of its type", "[auth]") {
    const auto oct = secret_key("", kSecret).jwk;
    const auto public_rsa = rsa_key().public_jwk();
    const auto public_ec = ec_key().public_jwk();
    for (const auto& [algorithm, jwk] : std::vector<std::pair<std::string, std::string>>{
             {"HS256", public_rsa},
             {"HS256", public_ec},
             {"RS256", oct},
             {"RS256", public_ec},
             {"PS256", oct},
             {"PS256", public_ec},
             {"ES256", oct},
             {"ES256", public_rsa},
             {"HS256", R"({"k":"AAAA"})"},
             {"HS256", R"({"kty":1})"},
             {"RS256", R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})"}}) {
        CAPTURE(algorithm, jwk);
        CHECK_THAT(verdict({{"x", algorithm, jwk}}), Catch::Matchers::Contains("kty"));
    }
    for (const auto* algorithm :
         {"", "none", "HS384", "HS512", "RS512", "ES384", "EdDSA", "hs256"}) {
        CAPTURE(algorithm);
        CHECK_THAT(verdict({{"x", algorithm, oct}}), Catch::Matchers::Contains("none of HS256"));
    }
}

TEST_CASE("what a JWK says about itself must fit what it is used for", "[auth]") {
    const auto key = rsa_key().verification_key("RS256", "r");
    for (const auto* members : {R"("alg":"RS256")", R"("use":"sig")", R"("key_ops":["verify"])",
                                R"("key_ops":["sign","verify"])", R"("x5t":"AAAA")"}) {
        CAPTURE(members);
        CHECK(verdict({with_members(key, members)}) == "fit");
    }
    check_rows({{"alg", with_members(key, R"("alg":"PS256")"), "'alg' is not RS256"},
                {"alg none", with_members(key, R"("alg":"none")"), "'alg'"},
                {"alg number", with_members(key, R"("alg":256)"), "'alg'"},
                {"use enc", with_members(key, R"("use":"enc")"), "'use'"},
                {"use number", with_members(key, R"("use":1)"), "'use'"},
                {"ops encrypt", with_members(key, R"("key_ops":["encrypt"])"), "'key_ops'"},
                {"ops empty", with_members(key, R"("key_ops":[])"), "'key_ops'"},
                {"ops string", with_members(key, R"("key_ops":"verify")"), "'key_ops'"}});
    const auto named = with_members(secret_key("a", kSecret), R"("kid":"a")");
    CHECK(verdict({named}) == "fit");
    auto renamed = named;
    renamed.kid = "b";
    CHECK_THAT(verdict({renamed}), Catch::Matchers::Contains("'kid' differs"));
}

TEST_CASE("a JWK that is not one strict JSON object is refused", "[auth]") {
    const auto good = secret_key("", kSecret).jwk;
    const std::string twice = R"({"kty":"oct","k":"AAAA",)" + good.substr(1);
    for (const auto& jwk : {std::string(), std::string("null"), std::string("[]"), "[" + good + "]",
                            good + good, twice, good.substr(0, good.size() - 1),
                            std::string(100000, '['), std::string("-----BEGIN PUBLIC KEY-----")}) {
        CAPTURE(jwk.substr(0, 40));
        CHECK_THAT(verdict({{"", "HS256", jwk}}), Catch::Matchers::Contains("not a JWK"));
    }
    check_rows({{"k a number", {"", "HS256", R"({"kty":"oct","k":1})"}, "'k'"},
                {"k absent", {"", "HS256", R"({"kty":"oct"})"}, "'k'"},
                {"k padded", {"", "HS256", R"({"kty":"oct","k":"AAA="})"}, "'k'"},
                {"k plain base64", {"", "HS256", R"({"kty":"oct","k":"++//"})"}, "'k'"}});
}

TEST_CASE("a JWK of 16 KiB is read and one byte more is not", "[auth]") {
    auto key = secret_key("", kSecret);
    key.jwk += std::string(kJwkBytesMax - key.jwk.size(), ' ');
    CHECK(verdict({key}) == "fit");
    key.jwk += ' ';
    CHECK_THAT(verdict({key}), Catch::Matchers::Contains("not a JWK"));
}

TEST_CASE("a shared secret never serves beside public keys", "[auth]") {
    const auto secret = secret_key("s", kSecret);
    const auto public_key = rsa_key().verification_key("RS256", "r");
    const auto elliptic = ec_key().verification_key("ES256", "e");
    CHECK(verdict({public_key, elliptic}) == "fit");
    for (const auto& keys :
         std::vector<std::vector<VerificationKey>>{{secret, public_key},
                                                   {public_key, secret},
                                                   {elliptic, secret},
                                                   {public_key, elliptic, secret}}) {
        CHECK_THAT(verdict(keys), Catch::Matchers::Contains("cannot serve together"));
    }
}

TEST_CASE("no two keys of an algorithm share a kid, or its absence", "[auth]") {
    const auto a = secret_key("a", kSecret);
    CHECK(verdict({a, secret_key("b", kSecret)}) == "fit");
    CHECK_THAT(verdict({a, a}), Catch::Matchers::StartsWith("key 2 (kid 'a')"));
    CHECK_THAT(verdict({secret_key("", kSecret), secret_key("", kSecret)}),
               Catch::Matchers::StartsWith("key 2 (without kid)"));
    CHECK(verdict({rsa_key().verification_key("RS256", "a"),
                   rsa_key().verification_key("PS256", "a")}) == "fit");
}

TEST_CASE("100 keys are possible and 101 are not", "[auth]") {
    std::vector<VerificationKey> keys;
    for (std::size_t i = 0; i < kKeysMax; ++i) {
        keys.push_back(secret_key("k" + std::to_string(i), kSecret));
    }
    CHECK(verdict(keys) == "fit");
    keys.push_back(secret_key("one more", kSecret));
    CHECK_THAT(verdict(keys), Catch::Matchers::StartsWith("101 keys"));
}

TEST_CASE("no private part of a key is kept, and no reason quotes one", "[auth]") {
    const auto checked = check_keys({{"", "RS256", rsa_key().private_jwk()}});
    REQUIRE(checked);
    auto keys = checked;
    CHECK(keys->front().jwk.find("\"d\"") == std::string::npos);
    CHECK(keys->front().jwk.find("\"p\"") == std::string::npos);
    CHECK(keys->front().signature_bytes == 256);
    const std::string weak = "hunter2hunter2hunter2";
    CHECK(verdict({secret_key("", weak)}).find(base64url_encode(weak)) == std::string::npos);
}

}  // namespace
}  // namespace hubtrail::auth
