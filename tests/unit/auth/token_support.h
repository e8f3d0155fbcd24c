#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/token_verifier.h"
#include "base/clock.h"

// Tokens, good and bad, for the tests of auth/.

namespace hubtrail::auth::testing {

inline constexpr std::int64_t kNowS = 1'800'000'000;
inline constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
inline constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";

/// A clock that stands still until told. Thread: main.
class ManualClock final : public Clock {
public:
    std::int64_t wall_us() const override { return now_us; }
    std::int64_t steady_ns() const override { return now_us * 1000; }
    std::int64_t now_us = kNowS * 1'000'000;
};

/// Claims that are accepted as they stand, as raw JSON by name.
struct Claims {
    std::map<std::string, std::string> members = {
        {"iss", R"("https://issuer.test")"},
        {"aud", R"("hubtrail")"},
        {"exp", std::to_string(kNowS + 600)},
        {"iat", std::to_string(kNowS)},
        {"sub", R"("ada")"},
        {"tenant", R"("acme")"},
    };
    Claims with(const std::string& name, const std::string& raw) const;
    Claims without(const std::string& name) const;
    std::string json() const;
};

/// The policy that the claims above fit, with one HS256 key without kid from kSecret.
TokenPolicy secret_policy();
/// The same with other keys.
TokenPolicy policy_with(std::vector<VerificationKey> keys);
VerificationKey secret_key(const std::string& kid, std::string_view secret);

/// make_jose_verifier() for a policy that must be accepted.
std::unique_ptr<TokenVerifier> verifier_for(TokenPolicy policy, const Clock& clock);

std::string compact(std::string_view header, std::string_view payload, std::string_view signature);
/// A compact JWS with a right HS256 signature over whatever header and payload hold.
std::string sign_hs256(std::string_view header, std::string_view payload,
                       std::string_view secret = kSecret);

/// A private key of cjose's making. Thread: main.
class TestKey {
public:
    static TestKey rsa(unsigned bits);
    static TestKey ec();

    std::string public_jwk() const;
    std::string private_jwk() const;
    VerificationKey verification_key(const std::string& algorithm, const std::string& kid) const;
    std::string sign(const std::string& algorithm, const std::string& kid,
                     const std::string& payload) const;

private:
    explicit TestKey(std::shared_ptr<void> jwk) : jwk_(std::move(jwk)) {}
    std::shared_ptr<void> jwk_;  // a cjose_jwk_t; owned by the copies of this key
};

/// Made once for the whole run: an RSA key takes a while.
const TestKey& rsa_key();
const TestKey& ec_key();

/// What verify() said, as the text of to_text() or "accepted".
std::string outcome(TokenVerifier& verifier, std::string_view token);

}  // namespace hubtrail::auth::testing
