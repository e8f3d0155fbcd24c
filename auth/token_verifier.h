#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/clock.h"
#include "base/result.h"

namespace hubtrail::auth {

/// Why a token was refused. For metrics and the audit log; the peer is told "401" and no more.
enum class TokenErrc {
    too_long,       ///< over kTokenBytesMax
    malformed,      ///< not three base64url parts, bad JSON, duplicate member
    algorithm,      ///< alg missing or not in the issuer's list
    critical,       ///< crit, b64 or zip present
    unknown_key,    ///< no key for kid (or none at all) fits alg
    signature,      ///< does not verify
    claim_missing,  ///< one of iss aud exp iat sub tenant is absent or of the wrong type
    issuer,         ///< iss is not ours
    audience,       ///< aud does not name us
    expired,        ///< exp (plus leeway) has passed
    not_yet_valid,  ///< nbf or iat (minus leeway) lies ahead
    lifetime,       ///< exp - iat exceeds the limit, or a time outside +-100 years
};

struct TokenError {
    TokenErrc code;
    std::string detail;  ///< for our log; never holds the token
};

std::string_view to_text(TokenErrc code);

inline constexpr std::size_t kTokenBytesMax = 8 * 1024;

/// One key that we chose. `jwk` is the JSON of one JWK (private parts are not needed to verify).
struct VerificationKey {
    std::string kid;        ///< may be empty: then it serves tokens without kid
    std::string algorithm;  ///< the only alg it serves: HS256 RS256 PS256 ES256
    std::string jwk;
};

/// Whom we believe and for how long (spec reliability 2.1).
struct TokenPolicy {
    std::string issuer;
    std::vector<std::string> audiences;
    std::string tenant_claim =
        "tenant";  ///< empty: tokens name no tenant (hubs that do not follow a log)
    std::string sites_claim = "sites";
    std::int64_t leeway_s = 30;
    std::int64_t lifetime_max_s = 24 * 3600;
    std::vector<VerificationKey> keys;
};

/// Turns a compact JWS into a principal, or says why not.
/// Thread: strand. One verifier per loop; verify() is not synchronised.
class TokenVerifier {
public:
    virtual ~TokenVerifier() = default;
    virtual Result<std::shared_ptr<const Principal>, TokenError> verify(std::string_view token) = 0;
};

/// Remembers verified tokens by an HMAC-SHA-256 digest until exp; never remembers refusals. A
/// lookup allocates nothing; within the leeway after exp the verifier is asked each time.
/// `tokens_max` bounds its memory: the oldest entry leaves. `inner` and `clock` must outlive it.
std::unique_ptr<TokenVerifier> make_caching_verifier(std::unique_ptr<TokenVerifier> inner,
                                                     const Clock& clock, std::size_t tokens_max);

}  // namespace hubtrail::auth
