#include "hub/code/code_hub.h"

#include <utility>
#include <variant>

#include "auth/authenticate.h"
#include "hub/code/exceptions.h"

namespace hubtrail::hub {
namespace {

using transport::HttpRequest;
using transport::HttpResponse;
using PrincipalPtr = std::shared_ptr<const auth::Principal>;

// The reference's challenge and refusal: clients show a body as the error, and there is none to
// show.
HttpResponse make_refusal(int status) {
    HttpResponse response;
    response.status = status;
    response.content_type.clear();
    if (status == 401) {
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
    }
    return response;
}

/// Thread: strand.
class CodeHub final : public transport::HubEndpoint {
public:
    CodeHub(const HubRouteOptions& route, const HubDefinition& definition,
            const Messenger& messenger, HubLoop& loop, auth::TokenVerifier* verifier)
        : route_(route),
          context_{definition, messenger, loop, route.endpoint},
          verifier_(verifier) {}

    const transport::EndpointOptions& options() const override { return route_.endpoint; }

    std::optional<HttpResponse> check(const HttpRequest& request) override {
        auto admitted = admit(request);
        if (auto* refusal = std::get_if<HttpResponse>(&admitted)) {
            return std::move(*refusal);
        }
        return std::nullopt;
    }

    PrincipalPtr identify(const HttpRequest& request) override {
        if (verifier_ == nullptr || request.token.empty()) {
            return nullptr;
        }
        auto user = auth::authenticate(request.token, *verifier_, context_.loop.log(), {});
        return user ? std::move(*user) : nullptr;
    }

    void open(HttpRequest request, std::string connection_id,
              std::function<void(transport::OpenResult)> done) override {
        auto admitted = admit(request);
        if (auto* refusal = std::get_if<HttpResponse>(&admitted)) {
            done(std::move(*refusal));
            return;
        }
        auto caller = std::make_shared<CallerContext>(connection_id, RequestInfo(request),
                                                      std::move(std::get<PrincipalPtr>(admitted)));
        done(std::make_unique<HubConnection>(
            std::move(connection_id), std::make_unique<CodeSession>(context_, std::move(caller)),
            context_.definition.options, context_.loop.scratch()));
    }

private:
    // A null principal is a user whom nobody asked for a token.
    std::variant<PrincipalPtr, HttpResponse> admit(const HttpRequest& request) {
        auto user = identify(request);
        if (route_.policy && user == nullptr) {
            return make_refusal(401);
        }
        if (route_.policy && !allowed(*user, request)) {
            return make_refusal(403);
        }
        return user;
    }

    bool allowed(const auth::Principal& user, const HttpRequest& request) const {
        if (route_.policy->empty()) {
            return true;
        }
        try {
            const RequestInfo info(request);
            return context_.definition.allows(*route_.policy,
                                              AuthorizationContext(&user, info, nullptr));
        } catch (...) {
            context_.loop.log().error("hub_policy_failed",
                                      {{"hub", context_.definition.name},
                                       {"error", describe(std::current_exception()).text}});
            return false;
        }
    }

    const HubRouteOptions& route_;
    const CodeHubContext context_;
    auth::TokenVerifier* verifier_;
};

}  // namespace

std::unique_ptr<transport::HubEndpoint> make_code_hub(const HubRouteOptions& route,
                                                      const HubDefinition& definition,
                                                      const Messenger& messenger, HubLoop& loop,
                                                      auth::TokenVerifier* verifier) {
    return std::make_unique<CodeHub>(route, definition, messenger, loop, verifier);
}

}  // namespace hubtrail::hub
