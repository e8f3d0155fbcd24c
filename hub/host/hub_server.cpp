#include "hub/host/hub_server.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <pthread.h>

#include "auth/jose/jose_verifier.h"
#include "base/clock.h"
#include "base/random.h"
#include "hub/host/http_task.h"
#include "hub/host/server_loop.h"
#include "hub/redis/redis_backplane.h"

namespace hubtrail::hub {
namespace {

constexpr std::uint64_t kReservedDescriptors =
    256;  // files, listeners, what the program itself opens
constexpr std::int64_t kGoodbyeNs = 2'000'000'000;  // for peers to take theirs
constexpr std::int64_t kShutdownPollNs = 20'000'000;

/// A type of hub: what is known of it, and who its clients are.
struct HubType {
    HubDefinition definition;
    std::unique_ptr<Backplane> backplane;
    std::unique_ptr<HubManager> manager;
    std::unique_ptr<Messenger> messenger;
};

struct HubMapping {
    HubRouteOptions options;
    const HubDefinition* definition;
};

struct HttpMapping {
    std::string path;
    HttpFunction function;
};

struct EndpointMapping {
    std::string path;
    std::function<std::unique_ptr<transport::HubEndpoint>(const EndpointScope&)> make;
};

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
          workers_(std::max<std::size_t>(options_.workers, 1)),
          tokens_(random_) {
        const auto loops = options_.loops > 0 ? static_cast<unsigned>(options_.loops)
                                              : std::max(1U, std::thread::hardware_concurrency());
        for (unsigned i = 0; i < loops; ++i) {
            loops_.push_back(std::make_unique<ServerLoop>(static_cast<int>(i), clock_, log_,
                                                          workers_, options_.gather_ns_max));
        }
    }

    ~Machine() {
        stop();
        // Whoever still answers to a loop ends before the loops do.
        workers_.stop();
        for (const auto& loop : loops_) {
            loop->take_down();
        }
        types_.clear();
    }

    HubDefinition& define(std::type_index type, std::string name) {
        if (started_) {
            // From here on other threads may look too.
            const auto known = types_.find(type);
            if (known == types_.end()) {
                throw std::logic_error(
                    "a hub is mapped, or its context asked for, before the server starts");
            }
            return known->second->definition;
        }
        auto& found = types_[type];
        if (!found) {
            found = std::make_unique<HubType>();
            found->definition.name = std::move(name);
            found->definition.options = options_.hub;
            found->definition.user_id = default_user_id;
            std::vector<transport::OutputScheduler*> schedulers;
            for (const auto& loop : loops_) {
                schedulers.push_back(&loop->scheduler());
            }
            found->backplane = make_backplane();
            found->manager = make_hub_manager(found->definition.name, schedulers,
                                              found->backplane.get(), random_, log_);
            found->messenger =
                std::make_unique<Messenger>(*found->manager, found->definition.options.protocols);
        }
        return found->definition;
    }

    const Messenger& messenger(const HubDefinition& definition) const {
        const auto found = std::find_if(types_.begin(), types_.end(), [&](const auto& entry) {
            return &entry.second->definition == &definition;
        });
        return *found->second->messenger;
    }

    HubRouteOptions& add_route(HubDefinition& definition, std::string_view path) {
        auto mapping = std::make_unique<HubMapping>();
        mapping->options.path = path;
        mapping->options.endpoint = options_.endpoint;
        mapping->definition = &definition;
        mappings_.push_back(std::move(mapping));
        return mappings_.back()->options;
    }

    void start(bool until_signal);
    void wait();
    void stop();

    std::vector<std::unique_ptr<HttpMapping>> http;
    std::vector<EndpointMapping> endpoints;
    std::vector<std::shared_ptr<HubFilter>> filters;  ///< owned with whoever added them
    Policies policies;
    std::uint16_t port() const { return address_.port; }

private:
    std::unique_ptr<Backplane> make_backplane();
    std::unique_ptr<auth::TokenVerifier> make_verifier();
    void finish_definitions();
    void check_policy(const std::optional<std::string>& policy, const std::string& where) const;
    void build(ServerLoop& loop, std::size_t connections_max);
    void listen();
    void begin_shutdown(std::int64_t drain_window_ns);
    void poll_shutdown();

    const HubServerOptions options_;
    SystemClock clock_;
    SystemRandom random_;
    std::unique_ptr<Log> own_log_;
    Log& log_;
    WorkerPool workers_;
    transport::ConnectionTokens tokens_;
    std::vector<std::unique_ptr<ServerLoop>> loops_;
    std::unordered_map<std::type_index, std::unique_ptr<HubType>> types_;
    std::vector<std::unique_ptr<HubMapping>> mappings_;
    std::vector<std::thread> threads_;
    transport::ListenAddress address_;
    bool started_ = false;
    // Of the shutdown, on loop 0.
    bool stopping_ = false;
    bool goodbye_said_ = false;
    std::int64_t next_step_ns_ = 0;
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
        fail("redis_url: " + address.error());
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

void HubServer::Machine::check_policy(const std::optional<std::string>& policy,
                                      const std::string& where) const {
    if (policy && !policy->empty() && policies.count(*policy) == 0) {
        throw std::logic_error(where + " needs the policy '" + *policy +
                               "', which nobody has added");
    }
}

void HubServer::Machine::finish_definitions() {
    for (const auto& [type, hub] : types_) {
        auto& definition = hub->definition;
        definition.filters.insert(definition.filters.begin(), filters.begin(), filters.end());
        definition.policies = policies;
        definition.seal();
        for (const auto& [name, method] : definition.methods) {
            check_policy(method->policy, definition.name + "." + method->name);
        }
    }
    for (const auto& mapping : mappings_) {
        check_policy(mapping->options.policy, "the hub at " + mapping->options.path);
        auto& bytes_max = mapping->options.endpoint.message_bytes_max;
        bytes_max = std::max(bytes_max, message_bytes_for(mapping->definition->options));
    }
}

void HubServer::Machine::build(ServerLoop& loop, std::size_t connections_max) {
    loop.set_verifier(make_verifier());
    for (const auto& mapping : mappings_) {
        loop.add_hub(mapping->options.path,
                     make_code_hub(mapping->options, *mapping->definition,
                                   messenger(*mapping->definition), loop.hubs(), loop.verifier()));
    }
    for (const auto& mapping : endpoints) {
        loop.add_hub(mapping.path, mapping.make({loop.hubs(), loop.verifier()}));
    }
    for (const auto& mapping : http) {
        loop.add_http(mapping->path, make_http_task(mapping->function, loop.hubs()));
    }
    if (const auto& conflicts = loop.routes().conflicts(); !conflicts.empty()) {
        throw std::logic_error(conflicts.front());
    }
    loop.open_sessions(options_.endpoint, tokens_, clock_, log_, connections_max);
}

void HubServer::Machine::listen() {
    auto parsed = transport::parse_listen_address(options_.listen);
    if (!parsed) {
        fail(parsed.error());
    }
    address_ = std::move(*parsed);
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        // The first one fixes the port when any free one was asked for.
        const auto listener = transport::open_listener(
            address_, i == 0 ? transport::ListenerShare::first : transport::ListenerShare::another);
        if (!listener) {
            fail(listener.error());
        }
        auto& sessions = loops_[i]->sessions();
        loops_[i]->loop().listen(*listener, [&sessions](std::unique_ptr<transport::Socket> socket) {
            sessions.accept(std::move(socket));
        });
    }
}

void HubServer::Machine::start(bool until_signal) {
    if (std::exchange(started_, true)) {
        throw std::logic_error("a HubServer is started once");
    }
    finish_definitions();
    const auto limit = transport::raise_descriptor_limit();
    const auto most = limit > 2 * kReservedDescriptors ? limit - kReservedDescriptors : limit / 2;
    const auto connections = options_.connections_max > 0 ? options_.connections_max : most;
    for (const auto& loop : loops_) {
        build(*loop, connections / loops_.size() + 1);
    }
    listen();
    if (until_signal) {
        loops_.front()->loop().on_terminate([this] { begin_shutdown(options_.drain_window_ns); });
    }
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        threads_.emplace_back([loop = loops_[i].get()] { loop->loop().run(); });
        pthread_setname_np(threads_.back().native_handle(), ("loop-" + std::to_string(i)).c_str());
    }
    log_.info("listening",
              {{"address", address_.host}, {"port", address_.port}, {"loops", loops_.size()}});
    if (options_.on_listening) {
        options_.on_listening(address_.port);
    }
}

void HubServer::Machine::wait() {
    for (auto& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

void HubServer::Machine::stop() {
    if (threads_.empty()) {
        return;
    }
    loops_.front()->loop().post([this] { begin_shutdown(0); });
    wait();
}

// Runs on loop 0. A second call ends at once.
void HubServer::Machine::begin_shutdown(std::int64_t drain_window_ns) {
    const auto now = clock_.steady_ns();
    if (std::exchange(stopping_, true)) {
        goodbye_said_ = true;
        next_step_ns_ = now;
        poll_shutdown();
        return;
    }
    log_.info("stopping", {{"advice", "a second signal ends at once"}});
    next_step_ns_ = now + drain_window_ns;
    if (drain_window_ns > 0) {
        for (const auto& loop : loops_) {
            loop->loop().post(
                [loop = loop.get(), drain_window_ns] { loop->sessions().drain(drain_window_ns); });
        }
    }
    poll_shutdown();
}

void HubServer::Machine::poll_shutdown() {
    const auto now = clock_.steady_ns();
    bool empty = true;
    for (const auto& loop : loops_) {
        empty = empty && loop->connections() == 0;
    }
    if (goodbye_said_ && (empty || now >= next_step_ns_)) {
        for (const auto& loop : loops_) {
            loop->loop().stop();
        }
        return;
    }
    if (!goodbye_said_ && now >= next_step_ns_) {
        goodbye_said_ = true;
        next_step_ns_ = now + kGoodbyeNs;
        for (const auto& loop : loops_) {
            loop->loop().stop_listening();
            loop->loop().post([loop = loop.get()] { loop->sessions().shut_down(); });
        }
    }
    for (const auto& loop : loops_) {
        loop->loop().post([loop = loop.get()] { loop->count(); });
    }
    loops_.front()->loop().call_after(kShutdownPollNs, [this] { poll_shutdown(); });
}

HubServer::HubServer(HubServerOptions options)
    : machine_(std::make_unique<Machine>(std::move(options))) {}
HubServer::~HubServer() = default;

void HubServer::map_http(std::string path, HttpFunction handler) {
    auto mapping = std::make_unique<HttpMapping>();
    mapping->path = std::move(path);
    mapping->function = std::move(handler);
    machine_->http.push_back(std::move(mapping));
}

void HubServer::map_endpoint(
    std::string path,
    std::function<std::unique_ptr<transport::HubEndpoint>(const EndpointScope&)> make) {
    machine_->endpoints.push_back({std::move(path), std::move(make)});
}

HubServer& HubServer::add_filter(std::shared_ptr<HubFilter> filter) {
    machine_->filters.push_back(std::move(filter));
    return *this;
}

HubServer& HubServer::add_policy(std::string name, Policy policy) {
    machine_->policies[std::move(name)] = std::move(policy);
    return *this;
}

int HubServer::run() {
    try {
        machine_->start(true);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    machine_->wait();
    return 0;
}

void HubServer::start() {
    machine_->start(false);
}
std::uint16_t HubServer::port() const {
    return machine_->port();
}
void HubServer::stop() {
    machine_->stop();
}

HubDefinition& HubServer::define(std::type_index type, std::string name) {
    return machine_->define(type, std::move(name));
}
HubRouteOptions& HubServer::add_route(HubDefinition& definition, std::string_view path) {
    return machine_->add_route(definition, path);
}
const Messenger& HubServer::messenger(const HubDefinition& definition) const {
    return machine_->messenger(definition);
}

}  // namespace hubtrail::hub
