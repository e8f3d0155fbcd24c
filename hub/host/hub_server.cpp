#include "hub/host/hub_server.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <utility>
#include <vector>

#include "auth/jose/jose_verifier.h"
#include "base/clock.h"
#include "base/random.h"
#include "host/host.h"
#include "host/system_network.h"
#include "hub/host/code_hubs.h"
#include "hub/redis/redis_backplane.h"

namespace hubtrail::hub {
namespace {

[[noreturn]] void fail(const std::string& text) {
    throw std::runtime_error(text);
}

}  // namespace

/// The parts of a server, in the order in which they depend on each other.
/// Thread: main; loops run on threads of their own.
class HubServer::Machine {
public:
    explicit Machine(HubServerOptions options)
        : options_(std::move(options)),
          own_log_(options_.log == nullptr ? make_stderr_log(options_.log_level, LogFormat::text)
                                           : nullptr),
          log_(options_.log == nullptr ? *own_log_ : *options_.log),
          network_(clock_, log_),
          loops_(
              std::make_shared<host::LoopGroup>(network_, options_.loops, options_.gather_ns_max)),
          hubs_(*loops_, clock_, random_, log_,
                {options_.workers, options_.hub, options_.endpoint,
                 [this] { return make_backplane(); }}),
          host_(network_, loops_, clock_, random_, log_,
                {options_.drain_window_ns, [this] { return make_verifier(); }}) {}

    ~Machine() {
        stop();
        // The host takes down first what the rest of this stands on.
        host_.take_down();
    }

    CodeHubs& hubs() { return hubs_; }
    /// Once, however often it is added.
    void add_feature(std::shared_ptr<host::Feature> feature) {
        if (std::find(features_.begin(), features_.end(), feature) == features_.end()) {
            features_.push_back(std::move(feature));
        }
    }

    enum class Ends { on_signal, on_stop };
    void start(Ends ends);
    void wait() { loops_->join(); }
    void stop() {
        if (loops_->started()) {
            host_.post_stop();
            wait();
        }
    }
    std::uint16_t port() const { return host_.address(0).port; }

private:
    std::unique_ptr<Backplane> make_backplane();
    std::unique_ptr<auth::TokenVerifier> make_verifier();

    const HubServerOptions options_;
    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<Log> own_log_;
    Log& log_;
    host::SystemNetwork network_;
    std::shared_ptr<host::LoopGroup> loops_;  ///< owned with threads that post to them
    CodeHubs hubs_;
    std::vector<std::shared_ptr<host::Feature>> features_;  ///< owned with whoever added them
    host::Host host_;
    bool started_ = false;
};

std::unique_ptr<Backplane> HubServer::Machine::make_backplane() {
    if (options_.make_backplane) {
        return options_.make_backplane();
    }
    if (options_.redis_url.empty()) {
        return nullptr;
    }
    auto address = parse_redis_url(options_.redis_url);
    if (!address) {
        return nullptr;  // hubs are mapped before anybody could catch: start() says it
    }
    RedisOptions redis;
    redis.address = std::move(*address);
    redis.channel_prefix = options_.redis_prefix;
    return make_redis_backplane(std::move(redis), clock_, log_);
}

std::unique_ptr<auth::TokenVerifier> HubServer::Machine::make_verifier() {
    if (options_.make_verifier) {
        return options_.make_verifier();
    }
    if (!options_.tokens) {
        return nullptr;
    }
    auto verifier = auth::make_jose_verifier(*options_.tokens, clock_);
    if (!verifier) {
        fail("tokens: " + verifier.error());
    }
    return auth::make_caching_verifier(std::move(*verifier), clock_, options_.token_cache_max);
}

void HubServer::Machine::start(Ends ends) {
    if (std::exchange(started_, true)) {
        throw std::logic_error("a HubServer is started once");
    }
    if (!options_.redis_url.empty() && !options_.make_backplane) {
        if (auto address = parse_redis_url(options_.redis_url); !address) {
            fail("redis_url: " + address.error());
        }
    }
    hubs_.seal();
    host::Site site;
    site.listen = options_.listen;
    site.connections_max = options_.connections_max;
    site.endpoint = options_.endpoint;
    for (const auto& feature : features_) {
        site.features.push_back(feature.get());
    }
    site.features.push_back(&hubs_);
    host_.add_site(std::move(site));
    host_.start();
    if (ends == Ends::on_signal) {
        host_.drain_on_signals();
    }
    loops_->start_threads(0);
    const auto& address = host_.address(0);
    log_.info("listening",
              {{"address", address.host}, {"port", address.port}, {"loops", loops_->size()}});
    if (options_.on_listening) {
        options_.on_listening(address.port);
    }
}

HubServer::HubServer(HubServerOptions options)
    : machine_(std::make_unique<Machine>(std::move(options))) {}
HubServer::~HubServer() = default;

void HubServer::map_http(std::string path, HttpFunction handler) {
    machine_->hubs().add_http(std::move(path), std::move(handler));
}

void HubServer::map_endpoint(
    std::string path,
    std::function<std::unique_ptr<transport::HubEndpoint>(const EndpointScope&)> make) {
    machine_->hubs().add_endpoint(std::move(path), std::move(make));
}

HubServer& HubServer::add_filter(std::shared_ptr<HubFilter> filter) {
    machine_->hubs().add_filter(std::move(filter));
    return *this;
}

HubServer& HubServer::add_policy(std::string name, Policy policy) {
    machine_->hubs().add_policy(std::move(name), std::move(policy));
    return *this;
}

HubServer& HubServer::add_feature(std::shared_ptr<host::Feature> feature) {
    machine_->add_feature(std::move(feature));
    return *this;
}

int HubServer::run() {
    try {
        machine_->start(Machine::Ends::on_signal);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    machine_->wait();
    return 0;
}

void HubServer::start() {
    machine_->start(Machine::Ends::on_stop);
}
std::uint16_t HubServer::port() const {
    return machine_->port();
}
void HubServer::stop() {
    machine_->stop();
}

HubDefinition& HubServer::define(std::type_index type, std::string name) {
    return machine_->hubs().define(type, std::move(name));
}
HubRouteOptions& HubServer::add_route(HubDefinition& definition, std::string_view path) {
    return machine_->hubs().add_route(definition, path);
}
const Messenger& HubServer::messenger(const HubDefinition& definition) const {
    return machine_->hubs().messenger(definition);
}

}  // namespace hubtrail::hub
