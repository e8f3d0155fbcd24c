#include "hub/log/log_hub.h"

#include <optional>
#include <utility>

#include "auth/authenticate.h"
#include "auth/visibility.h"
#include "edge/errors.h"
#include "hub/log/log_hub_session.h"

namespace hubtrail::hub {
namespace {

using transport::HttpRequest;
using transport::HttpResponse;
using transport::make_problem;

// A hub of one site names it by site_id, once; share_id is REST's other word for it.
bool names_one_site(const HttpRequest& request) {
    const auto sites = request.query_values("site_id");
    return sites.size() == 1 && !sites.front().empty() && !request.query_value("share_id");
}

class LogHub final : public transport::HubEndpoint {
public:
    LogHub(LogHubConfig config, const LogHubContext& context)
        : config_(std::move(config)), context_(context) {
        fixed_.streams = config_.streams;
    }

    const transport::EndpointOptions& options() const override { return config_.endpoint; }

    std::optional<HttpResponse> check(const HttpRequest& request) override {
        auto admitted = admit(request);
        if (auto* refusal = std::get_if<HttpResponse>(&admitted)) {
            return std::move(*refusal);
        }
        return std::nullopt;
    }

    std::shared_ptr<const auth::Principal> identify(const HttpRequest& request) override {
        auto principal = authenticate(request);
        return principal ? std::move(*principal) : nullptr;
    }

    void open(HttpRequest request, std::string connection_id,
              std::function<void(transport::OpenResult)> done) override {
        auto admitted = admit(request);
        if (auto* refusal = std::get_if<HttpResponse>(&admitted)) {
            done(std::move(*refusal));
            return;
        }
        auto& admission = std::get<Admission>(admitted);
        if (!admission.push) {
            done(make_connection(std::move(connection_id), std::move(admission), std::nullopt));
            return;
        }
        const auto start = admission.query.start.value_or(protocol::LogStart{});
        const auto tenant = admission.principal->tenant;
        context_.tails.resolve(
            tenant, start,
            [this, tenant, id = std::move(connection_id), admission = std::move(admission),
             done = std::move(done)](auto position) mutable {
                if (position) {
                    done(
                        make_connection(std::move(id), std::move(admission), std::move(*position)));
                } else {
                    done(edge::make_problem(position.error(), context_.tails.codec(), tenant));
                }
            });
    }

private:
    using Admitted = std::variant<Admission, HttpResponse>;

    std::unique_ptr<transport::ConnectionHandler> make_connection(
        std::string id, Admission admission, std::optional<storage::StartPosition> start) {
        return std::make_unique<HubConnection>(
            std::move(id),
            std::make_unique<LogHubSession>(config_, context_, std::move(admission), start),
            config_.hub, context_.scratch);
    }

    Admitted admit(const HttpRequest& request) {
        auto principal = authenticate(request);
        if (!principal) {
            return edge::make_problem(principal.error());
        }
        if (config_.site_required && !names_one_site(request)) {
            return make_problem(400, "missing-parameter",
                                "the query parameter site_id is needed, exactly once");
        }
        auto query = protocol::parse_log_query(request.query);
        if (query) {
            query = protocol::narrow(fixed_, *query);
        }
        if (!query) {
            return edge::make_problem(query.error());
        }
        if (config_.site_required) {
            if (auto refusal =
                    check_site_rules(**principal, query->sites.front(), query->user_id)) {
                return std::move(*refusal);
            }
        }
        auto filter = auth::make_visibility(**principal, *query);
        if (!filter) {
            return make_problem(403, "forbidden", "the token gives no role on this site");
        }
        Admission admission;
        admission.principal = std::move(*principal);
        admission.push =
            config_.push_always || query->start.has_value() || request.query_value("push") == "1";
        admission.query = std::move(*query);
        admission.filter = std::move(*filter);
        return admission;
    }

    Result<std::shared_ptr<const auth::Principal>, auth::Refusal> authenticate(
        const HttpRequest& request) {
        return auth::authenticate(request.token, context_.verifier, context_.log, config_.scopes);
    }

    // SALTO: a site's stream is for its admins and super users; a user's stream also for that user.
    static std::optional<HttpResponse> check_site_rules(const auth::Principal& principal,
                                                        const std::string& site,
                                                        const std::string& user) {
        const auto role = principal.role_on(site);
        const bool manages = role == auth::SiteRole::admin || role == auth::SiteRole::super_user;
        const bool own = role == auth::SiteRole::user && user == principal.subject;
        if (manages || own) {
            return std::nullopt;
        }
        return make_problem(403, "forbidden",
                            role == auth::SiteRole::user
                                ? "a site user may follow only its own events: user_id must be the "
                                  "token's subject"
                                : "the token gives no role on this site");
    }

    const LogHubConfig config_;
    const LogHubContext context_;
    protocol::LogQuery fixed_;  ///< what no question leaves
};

}  // namespace

std::vector<LogHubConfig> default_log_hubs() {
    LogHubConfig entries;
    entries.path = "/v1/hub/entries";
    entries.streams = {"entries"};
    entries.scopes = {"user_api.full_access"};
    LogHubConfig incidents = entries;
    incidents.path = "/v1/hub/incidents";
    incidents.streams = {"incidents"};
    LogHubConfig changes;
    changes.path = "/v1/hub/changes";
    changes.scopes = {"events.read", "user_api.full_access"};
    changes.site_required = false;
    changes.push_always = false;
    changes.subscribe = true;
    return {entries, incidents, changes};
}

std::unique_ptr<transport::HubEndpoint> make_log_hub(LogHubConfig config,
                                                     const LogHubContext& context) {
    return std::make_unique<LogHub>(std::move(config), context);
}

}  // namespace hubtrail::hub
