#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "auth/principal.h"
#include "auth/token_verifier.h"
#include "base/result.h"

namespace hubtrail::auth {

inline constexpr std::size_t kClaimsDepthMax = 16;
inline constexpr std::size_t kClaimsMembersMax = 1000;
/// How far from now any time in a token may lie: 100 Gregorian years, in seconds.
inline constexpr std::int64_t kTimeDistanceMaxS = 100LL * 31'556'952;

/// Checks the claims of a token whose signature has been verified (RFC 7519 4.1, RFC 9068 2.2) and
/// makes the principal. `now_us` is wall clock time. exp is exclusive, every other bound inclusive.
/// Thread: any.
Result<std::shared_ptr<const Principal>, TokenError> check_claims(std::string_view payload,
                                                                  const TokenPolicy& policy,
                                                                  std::int64_t now_us);

}  // namespace hubtrail::auth
