#include "auth/authenticate.h"

#include <algorithm>
#include <utility>

namespace hubtrail::auth {

Result<std::shared_ptr<const Principal>, Refusal> authenticate(
    std::string_view token, TokenVerifier& verifier, Log& log,
    const std::vector<std::string>& scopes) {
    if (token.empty()) {
        return Failure{Refusal{}};
    }
    auto principal = verifier.verify(token);
    if (!principal) {
        log.debug("token_refused", {{"reason", to_text(principal.error().code)},
                                    {"detail", principal.error().detail}});
        return Failure{Refusal{}};
    }
    const bool allowed =
        scopes.empty() || std::any_of(scopes.begin(), scopes.end(), [&](const auto& scope) {
            return (*principal)->has_scope(scope);
        });
    if (!allowed) {
        return Failure{Refusal{Refusal::Reason::missing_scope, scopes}};
    }
    return std::move(*principal);
}

}  // namespace hubtrail::auth
