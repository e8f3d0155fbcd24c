#include "auth/jose/token_signer.h"

#include <string>

#include "auth/jose/jose_verifier.h"
#include "tests/support/catch.h"
#include "tests/unit/auth/token_support.h"

namespace hubtrail::auth {
namespace {

using Catch::Matchers::Contains;
using testing::kNowS;
using testing::kSecret;
using testing::ManualClock;

TokenClaims good_claims() {
    TokenClaims claims;
    claims.issuer = "https://issuer.test";
    claims.audience = "hubtrail";
    claims.subject = "ada";
    claims.tenant = "acme";
    return claims;
}

TEST_CASE("a signed token gives the principal it was made for", "[auth]") {
    ManualClock clock;
    auto claims = good_claims();
    claims.subject = "\"ada\" \\ \xc3\xa9 \x01";
    claims.scopes = {"events.read", "events.write"};
    claims.sites = {
        {"north", SiteRole::admin}, {"a \"b\"", SiteRole::super_user}, {"*", SiteRole::user}};
    auto token = TokenSigner(kSecret, clock).sign(claims);
    REQUIRE(token);
    const auto result = testing::verifier_for(testing::secret_policy(), clock)->verify(*token);
    REQUIRE(result);
    auto verified = result;
    const auto& principal = **verified;
    CHECK(principal.subject == claims.subject);
    CHECK(principal.tenant == "acme");
    CHECK(principal.scopes == std::set<std::string, std::less<>>{"events.read", "events.write"});
    CHECK(principal.sites ==
          std::map<std::string, SiteRole, std::less<>>(claims.sites.begin(), claims.sites.end()));
    CHECK(principal.expires_us == (kNowS + 3600) * 1'000'000);
}

TEST_CASE("a token without scopes and sites is possible", "[auth]") {
    ManualClock clock;
    auto token = TokenSigner(kSecret, clock).sign(good_claims());
    REQUIRE(token);
    auto verifier = testing::verifier_for(testing::secret_policy(), clock);
    CHECK(testing::outcome(*verifier, *token) == "accepted");
    auto other = testing::verifier_for(
        testing::policy_with({testing::secret_key("", std::string(32, 'o'))}), clock);
    CHECK(testing::outcome(*other, *token) == "signature");
}

TEST_CASE("a token lives for 1 s to 24 h", "[auth]") {
    ManualClock clock;
    auto verifier = testing::verifier_for(testing::secret_policy(), clock);
    const TokenSigner signer(kSecret, clock);
    auto claims = good_claims();
    for (const auto ttl_s : {std::int64_t{1}, kTtlMaxS}) {
        claims.ttl_s = ttl_s;
        auto token = signer.sign(claims);
        REQUIRE(token);
        CHECK(testing::outcome(*verifier, *token) == "accepted");
    }
    for (const auto ttl_s : {std::int64_t{0}, std::int64_t{-1}, kTtlMaxS + 1}) {
        claims.ttl_s = ttl_s;
        CHECK_THAT(signer.sign(claims).error(), Contains("time to live"));
    }
}

TEST_CASE("claims that the verifier would refuse are not signed", "[auth]") {
    ManualClock clock;
    const TokenSigner signer(kSecret, clock);
    const auto refusal = [&signer](void (*spoil)(TokenClaims&)) {
        auto claims = good_claims();
        spoil(claims);
        const auto token = signer.sign(claims);
        return token ? std::string("signed") : token.error();
    };
    CHECK_THAT(refusal([](TokenClaims& c) { c.issuer.clear(); }), Contains("issuer"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.audience.clear(); }), Contains("audience"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.subject.clear(); }), Contains("subject"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.tenant.clear(); }), Contains("tenant"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.sites[""] = SiteRole::user; }), Contains("site"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.sites["a"] = SiteRole::none; }), Contains("role"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.scopes = {"a b"}; }), Contains("scope"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.scopes = {""}; }), Contains("scope"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.subject = "\xff"; }), Contains("not valid"));
    CHECK_THAT(refusal([](TokenClaims& c) { c.tenant = std::string("a\0b", 3); }),
               Contains("not valid"));
}

TEST_CASE("a token that would pass 8192 bytes is not signed", "[auth]") {
    ManualClock clock;
    auto verifier = testing::verifier_for(testing::secret_policy(), clock);
    const TokenSigner signer(kSecret, clock);
    auto claims = good_claims();
    std::size_t longest = 0;
    for (std::size_t bytes = 5800; bytes < 6200; ++bytes) {
        claims.subject = std::string(bytes, 's');
        auto token = signer.sign(claims);
        if (!token) {
            CHECK_THAT(token.error(), Contains("8192"));
            break;
        }
        longest = token->size();
        REQUIRE(longest <= kTokenBytesMax);
        REQUIRE(testing::outcome(*verifier, *token) == "accepted");
    }
    CHECK(longest > kTokenBytesMax - 3);
}

}  // namespace
}  // namespace hubtrail::auth
