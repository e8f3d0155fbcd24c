#include "hub/log/log_hub.h"

#include <optional>
#include <utility>

#include "auth/visibility.h"
#include "hub/log/log_hub_session.h"
#include "hub/log/subscribe_options.h"
#include "transport/authenticate.h"

namespace hubtrail::hub {
namespace {

using transport::HttpRequest;
using transport::HttpResponse;
using transport::make_problem;

constexpr int kRetryS = 2;

std::vector<std::string> copy(const std::vector<std::string_view>& values) {
    return {values.begin(), values.end()};
}

std::string text_of(const HttpRequest& request, std::string_view name) {
    return std::string(request.query_value(name).value_or(""));
}

HttpResponse refuse_start(const storage::PositionError& error) {
    return error.status == 503
               ? transport::make_retry_problem(error.code, error.text, kRetryS)
               : make_problem(error.status, error.code, error.text, error.details_json);
}

class LogHub final : public transport::HubEndpoint {
public:
    LogHub(LogHubConfig config, const LogHubContext& context)
        : config_(std::move(config)), context_(context) {}

    const transport::EndpointOptions& options() const override { return config_.endpoint; }

    std::optional<HttpResponse> check(const HttpRequest& request) override {
        auto admitted = admit(request);
        if (auto* refusal = std::get_if<HttpResponse>(&admitted)) {
            return std::move(*refusal);
        }
        return std::nullopt;
    }

    std::shared_ptr<const auth::Principal> identify(const HttpRequest& request) override {
        auto result = authenticate(request);
        auto* principal = std::get_if<std::shared_ptr<const auth::Principal>>(&result);
        return principal != nullptr ? std::move(*principal) : nullptr;
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
        // A cursor says so by its form; everything else is a word or a time.
        const bool is_cursor = admission.since.rfind("c1.", 0) == 0;
        const auto since = admission.since;
        const auto tenant = admission.principal->tenant;
        context_.tails.resolve(
            tenant, is_cursor ? since : std::string(), is_cursor ? std::string() : since,
            [this, id = std::move(connection_id), admission = std::move(admission),
             done = std::move(done)](auto start) mutable {
                if (start) {
                    done(make_connection(std::move(id), std::move(admission), std::move(*start)));
                } else {
                    done(refuse_start(start.error()));
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
        auto authenticated = authenticate(request);
        if (auto* refusal = std::get_if<HttpResponse>(&authenticated)) {
            return std::move(*refusal);
        }
        Admission admission;
        admission.principal =
            std::move(std::get<std::shared_ptr<const auth::Principal>>(authenticated));
        admission.sites = copy(request.query_values("site_id"));
        admission.since = text_of(request, "since");
        const bool has_since = request.query_value("since").has_value();
        admission.push = config_.push_always || has_since || text_of(request, "push") == "1";
        const auto user = text_of(request, "user_id");
        if (config_.site_required) {
            if (admission.sites.size() != 1 || admission.sites.front().empty()) {
                return make_problem(400, "missing-parameter",
                                    "the query parameter site_id is needed, exactly once");
            }
            if (auto refusal =
                    check_site_rules(*admission.principal, admission.sites.front(), user)) {
                return std::move(*refusal);
            }
        }
        auto filter = auth::make_visibility(*admission.principal, admission.sites);
        if (!filter) {
            return make_problem(403, "forbidden", "the token gives no role on this site");
        }
        admission.filter = std::move(*filter);
        admission.filter.user_id = user;
        admission.filter.streams =
            config_.streams.empty() ? copy(request.query_values("stream")) : config_.streams;
        admission.filter.types = split_types(text_of(request, "types"));
        return admission;
    }

    transport::AuthenticateResult authenticate(const HttpRequest& request) {
        auto result = transport::authenticate(request, context_.verifier, context_.log, {});
        const auto* principal = std::get_if<std::shared_ptr<const auth::Principal>>(&result);
        if (principal == nullptr) {
            return result;
        }
        std::string needed;
        for (const auto& scope : config_.scopes) {
            if ((*principal)->has_scope(scope)) {
                return result;
            }
            needed += needed.empty() ? scope : " or " + scope;
        }
        return make_problem(403, "forbidden", "the token's scope must contain " + needed);
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
