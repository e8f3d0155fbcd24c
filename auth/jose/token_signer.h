#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/result.h"

namespace hubtrail::auth {

inline constexpr std::int64_t kTtlMaxS = 24 * 3600;

/// What a token of ours says. Text is UTF-8.
struct TokenClaims {
    std::string issuer;
    std::string audience;
    std::string subject;
    std::string tenant;
    std::vector<std::string> scopes;
    std::map<std::string, SiteRole> sites;  ///< `*` is every site
    std::int64_t ttl_s = 3600;              ///< 1 to kTtlMaxS
};

/// Signs HS256 tokens with our own secret, for `hubtrail token` and the demo page. Their tenant and
/// sites stand in the claims of those names (TokenPolicy's defaults).
/// Thread: any. sign() changes nothing; `clock` synchronises itself and must outlive the signer.
class TokenSigner {
public:
    /// `secret` must have at least kSecretBytesMin bytes (key_rules.h).
    TokenSigner(std::string_view secret, const Clock& clock);

    /// A compact JWS that make_jose_verifier() with the same secret accepts now and for ttl_s.
    /// The error says which claim is empty, out of bounds or not UTF-8.
    Result<std::string, std::string> sign(const TokenClaims& claims) const;

private:
    HmacKey key_;
    const Clock& clock_;
};

}  // namespace hubtrail::auth
