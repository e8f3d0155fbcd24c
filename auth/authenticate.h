#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "auth/token_verifier.h"
#include "base/log.h"
#include "base/result.h"

namespace hubtrail::auth {

/// Why nobody acts here. Each channel says it in its own way; what was wrong with a token is told
/// to our log only.
struct Refusal {
    enum class Reason {
        bad_token,      ///< none, or one that the verifier refuses: they are not told apart
        missing_scope,  ///< a good one that has none of `scopes`
    };
    Reason reason = Reason::bad_token;
    std::vector<std::string> scopes;

    bool operator==(const Refusal&) const = default;
};

/// For whom a request acts that came with this token (empty: none). It needs one of `scopes`, where
/// any are named. Thread: strand, the verifier's.
Result<std::shared_ptr<const Principal>, Refusal> authenticate(
    std::string_view token, TokenVerifier& verifier, Log& log,
    const std::vector<std::string>& scopes);

}  // namespace hubtrail::auth
