#include "transport/authenticate.h"

#include <algorithm>

namespace hubtrail::transport {

AuthenticateResult authenticate(const HttpRequest& request, auth::TokenVerifier& verifier, Log& log,
                                std::initializer_list<std::string_view> scopes) {
    const auto refuse = [] {
        auto response =
            make_problem(401, "unauthorized",
                         "a valid bearer token is needed: none was given, or it is not "
                         "signed by a known key, is expired, or is meant for another service");
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
        return response;
    };
    if (request.token.empty()) {
        return refuse();
    }
    auto principal = verifier.verify(request.token);
    if (!principal) {
        log.debug("token_refused", {{"reason", auth::to_text(principal.error().code)},
                                    {"detail", principal.error().detail}});
        return refuse();
    }
    const bool allowed = scopes.size() == 0 ||
                         std::any_of(scopes.begin(), scopes.end(), [&](std::string_view scope) {
                             return (*principal)->has_scope(scope);
                         });
    if (!allowed) {
        std::string text = "the token's scope must contain ";
        for (const auto* scope = scopes.begin(); scope != scopes.end(); ++scope) {
            text += scope == scopes.begin() ? "" : " or ";
            text += *scope;
        }
        return make_problem(403, "forbidden", text);
    }
    return std::move(*principal);
}

}  // namespace hubtrail::transport
