#include "host/log/log_features.h"

#include <stdexcept>

#include "rest/api_context.h"
#include "rest/events_handler.h"
#include "rest/health_handler.h"
#include "rest/routes.h"
#include "rest/sync_handler.h"

namespace hubtrail::host {
namespace {

auth::TokenVerifier& verifier_of(const LoopScope& scope, const std::string& who) {
    if (scope.verifier == nullptr) {
        throw std::logic_error(who + " needs tokens: nobody is shown a log without one");
    }
    return *scope.verifier;
}

/// Thread: strand.
class RestPart final : public LoopFeature {
public:
    RestPart(const LoopScope& scope, LogLoop& part, const LogContext& context)
        : api_{scope.loop,    context.service, context.codec, verifier_of(scope, "REST"),
               context.clock, context.random,  context.log,   part.tails},
          events_(api_),
          sync_(api_) {}
    void add_routes(transport::RouteTable& routes) override {
        rest::add_event_routes(routes, &events_, &sync_);
    }
    void on_goodbye() override { sync_.finish_waits(); }

private:
    rest::ApiContext api_;
    rest::EventsHandler events_;
    rest::SyncHandler sync_;
};

/// Thread: strand.
class LogHubPart final : public LoopFeature {
public:
    LogHubPart(const LoopScope& scope, LogLoop& part, const LogContext& context,
               const hub::LogHubConfig& config, const std::string& owner)
        : hub_(hub::make_log_hub(config, {part.tails, part.output, verifier_of(scope, owner),
                                          context.log, part.scratch, context.clock})),
          path_(config.path),
          owner_(owner) {}
    void add_routes(transport::RouteTable& routes) override {
        routes.add_hub(path_, *hub_, owner_);
    }

private:
    std::unique_ptr<transport::HubEndpoint> hub_;
    const std::string& path_;
    const std::string& owner_;
};

/// Thread: strand.
class HealthPart final : public LoopFeature {
public:
    HealthPart(const storage::LogService& service, const std::atomic<bool>& draining)
        : handler_(service, draining) {}
    void add_routes(transport::RouteTable& routes) override {
        rest::add_health_routes(routes, &handler_);
    }

private:
    rest::HealthHandler handler_;
};

}  // namespace

std::unique_ptr<LoopFeature> RestFeature::on_loop(const LoopScope& scope) {
    return std::make_unique<RestPart>(scope, log_.on(scope.index), log_.context());
}

std::unique_ptr<LoopFeature> LogHubFeature::on_loop(const LoopScope& scope) {
    return std::make_unique<LogHubPart>(scope, log_.on(scope.index), log_.context(), config_,
                                        owner_);
}

std::unique_ptr<LoopFeature> HealthFeature::on_loop(const LoopScope&) {
    return std::make_unique<HealthPart>(service_, draining_);
}

}  // namespace hubtrail::host
