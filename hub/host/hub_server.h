#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <typeindex>
#include <utility>

#include "hub/code/code_hub.h"
#include "hub/code/exceptions.h"
#include "hub/code/hub_context.h"
#include "hub/code/methods.h"
#include "hub/host/endpoint_scope.h"
#include "hub/host/hub_server_options.h"
#include "transport/http_message.h"

namespace hubtrail::host {
class Feature;
}

namespace hubtrail::hub {

/// One route of a hub, while the server is put together. What is set here before start() is in
/// force; filters, policies, factory and options() are those of the type of hub, on all its routes.
/// Thread: main.
template <typename H>
class MappedHub {
public:
    MappedHub(HubDefinition& definition, HubRouteOptions& route)
        : definition_(definition), route_(route) {}

    HubOptions& options() { return definition_.options; }
    transport::EndpointOptions& endpoint() { return route_.endpoint; }

    /// How an object of the hub is made: by default with no arguments. Called on all loops.
    MappedHub& create(std::function<std::unique_ptr<H>()> factory) {
        definition_.create = std::move(factory);
        return *this;
    }
    /// The first one added is the outermost; those of the server are outside of these.
    MappedHub& add_filter(std::shared_ptr<HubFilter> filter) {
        definition_.filters.push_back(std::move(filter));
        return *this;
    }
    /// Only authenticated users whom the policy allows may connect here: 401 and 403 for the
    /// others.
    MappedHub& require_authorization(std::string policy = {}) {
        route_.policy = std::move(policy);
        return *this;
    }
    MappedHub& user_id(UserIdProvider provider) {
        definition_.user_id = std::move(provider);
        return *this;
    }

private:
    HubDefinition& definition_;
    HubRouteOptions& route_;
};

/// A server of hubs: listener, loops, transports and everything between. Put it together, then
/// run() it, or start() and stop() it beside something else. Thread: main; context() and what it
/// returns from any.
class HubServer {
public:
    explicit HubServer(HubServerOptions options = {});
    ~HubServer();
    HubServer(const HubServer&) = delete;
    HubServer& operator=(const HubServer&) = delete;

    /// Serves a hub under a path, with its negotiate. A hub may have several.
    template <typename H>
    MappedHub<H> map(std::string_view path) {
        static_assert(std::is_base_of_v<Hub, H>, "hubtrail: a hub is a class derived from Hub");
        static_assert(
            requires(Methods<H> & methods) { H::methods(methods); },
            "hubtrail: a hub names its methods in `static void methods(Methods<TheHub>& methods)`");
        auto& definition = define<H>();
        return {definition, add_route(definition, path)};
    }

    /// The hub's clients, for whoever is not in a hub. After start() only of hubs that were known
    /// before it.
    template <typename H>
    HubContext<H> context() {
        return HubContext<H>(messenger(define<H>()));
    }

    /// Answers plain requests of a path, or with a `*` at its end of all that begin so; a coroutine
    /// that may wait like a hub's. An exception is a 500.
    void map_http(std::string path,
                  std::function<Task<transport::HttpResponse>(transport::HttpRequest)> handler);
    /// A connection handler of your own instead of a hub: `make` is called once for each loop.
    void map_endpoint(
        std::string path,
        std::function<std::unique_ptr<transport::HubEndpoint>(const EndpointScope&)> make);

    /// A hub that is a tail of a log: `log` is an EventLog of <hubtrail/log.h>, which a program
    /// links as hubtrail::log, and outlives the server. Needs `tokens` or `make_verifier`.
    template <typename Log>
    HubServer& map_log_hub(Log& log, typename Log::HubConfig config) {
        return show(log).add_feature(log.make_hub(std::move(config)));
    }
    /// Append and read of that log by REST (docs/api.md 2).
    template <typename Log>
    HubServer& map_log_rest(Log& log) {
        return show(log).add_feature(log.make_rest());
    }
    /// Anything else that a host can serve, before the hubs of code.
    HubServer& add_feature(std::shared_ptr<host::Feature> feature);

    /// Outermost around the methods of every hub.
    HubServer& add_filter(std::shared_ptr<HubFilter> filter);
    HubServer& add_policy(std::string name, Policy policy);

    /// Listens and serves until SIGINT or SIGTERM has drained it; a second signal ends it at once.
    /// Returns what main() should: 1 if it could not start, which it has then said on standard
    /// error.
    int run();
    /// Listens and serves on threads of its own. Throws std::runtime_error, or std::logic_error for
    /// what was put together wrongly.
    void start();
    /// The real port, after start().
    std::uint16_t port() const;
    /// Says goodbye to the clients, and ends. Nothing when it does not run. It cannot be started
    /// again.
    void stop();

private:
    class Machine;

    template <typename H>
    HubDefinition& define() {
        auto& definition = define(typeid(H), type_name(typeid(H)));
        if (!definition.create) {
            definition.create = make_default<H>();
            Methods<H> methods(definition);
            H::methods(methods);
        }
        return definition;
    }
    template <typename H>
    static std::function<std::unique_ptr<Hub>()> make_default() {
        if constexpr (std::is_default_constructible_v<H>) {
            return [] { return std::make_unique<H>(); };
        } else {
            return []() -> std::unique_ptr<Hub> {
                throw InvalidOperationException(
                    "This hub has no default constructor: map<Hub>().create(factory).");
            };
        }
    }
    template <typename Log>
    HubServer& show(Log& log) {
        auto& feature = log.feature();
        return add_feature(
            std::shared_ptr<host::Feature>(std::shared_ptr<host::Feature>(), &feature));
    }
    HubDefinition& define(std::type_index type, std::string name);
    HubRouteOptions& add_route(HubDefinition& definition, std::string_view path);
    const Messenger& messenger(const HubDefinition& definition) const;

    std::unique_ptr<Machine> machine_;
};

}  // namespace hubtrail::hub
