#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "auth/token_verifier.h"
#include "hub/code/hub_loop.h"
#include "transport/hub_endpoint.h"
#include "transport/net/net_loop.h"
#include "transport/outbox.h"
#include "transport/session/session_server.h"

namespace hubtrail::hub {

/// Everything of a HubServer that lives on one loop. Thread: strand, of the loop; built and taken
/// down by main.
class ServerLoop {
public:
    ServerLoop(int index, const Clock& clock, Log& log, WorkerPool& workers,
               std::int64_t gather_ns_max);

    transport::NetLoop& loop() { return *loop_; }
    transport::OutputScheduler& scheduler() { return scheduler_; }
    HubLoop& hubs() { return hubs_; }
    transport::SessionServer& sessions() { return *sessions_; }

    void set_verifier(std::unique_ptr<auth::TokenVerifier> verifier) {
        verifier_ = std::move(verifier);
    }
    auth::TokenVerifier* verifier() { return verifier_.get(); }
    void add_hub(const std::string& path, std::unique_ptr<transport::HubEndpoint> endpoint);
    const transport::RouteTable& routes() const { return routes_; }
    void add_http(std::string path, std::unique_ptr<transport::HttpHandler> handler);
    /// After all routes. `endpoint`: whose pages may ask for what is no hub.
    void open_sessions(const transport::EndpointOptions& endpoint,
                       transport::ConnectionTokens& tokens, const Clock& clock, Log& log,
                       std::size_t connections_max);

    /// Counts into what connections() says. On the loop.
    void count();
    std::size_t connections() const { return connections_.load(std::memory_order_relaxed); }
    /// Ends every connection and coroutine. After the loop has stopped.
    void take_down();

private:
    std::unique_ptr<transport::NetLoop> loop_;
    transport::OutputScheduler scheduler_;
    HubLoop hubs_;
    std::unique_ptr<auth::TokenVerifier> verifier_;
    std::vector<std::unique_ptr<transport::HubEndpoint>> endpoints_;
    std::vector<std::unique_ptr<transport::HttpHandler>> handlers_;
    transport::RouteTable routes_;
    std::unique_ptr<transport::SessionServer> sessions_;
    std::atomic<std::size_t> connections_{0};
};

}  // namespace hubtrail::hub
