#include "hub/host/server_loop.h"

#include <utility>

#include "transport/http/http_parser.h"
#include "transport/websocket/hybi_frame_decoder.h"

namespace hubtrail::hub {

ServerLoop::ServerLoop(int index, const Clock& clock, Log& log, WorkerPool& workers,
                       std::int64_t gather_ns_max)
    : loop_(transport::make_net_loop(index, clock, log)),
      scheduler_(*loop_, gather_ns_max),
      hubs_(*loop_, workers, clock, log) {}

void ServerLoop::add_hub(const std::string& path,
                         std::unique_ptr<transport::HubEndpoint> endpoint) {
    routes_.add_hub(path, *endpoint, "the hub mapped to '" + path + "'");
    endpoints_.push_back(std::move(endpoint));
}

void ServerLoop::add_http(std::string path, std::unique_ptr<transport::HttpHandler> handler) {
    auto owner = "map_http(\"" + path + "\")";
    auto match = transport::PathMatch::exact;
    if (!path.empty() && path.back() == '*') {
        path.pop_back();
        match = transport::PathMatch::fallback;
    }
    routes_.add({{}, std::move(path), handler.get(), std::move(owner), match});
    handlers_.push_back(std::move(handler));
}

void ServerLoop::open_sessions(const transport::EndpointOptions& endpoint,
                               transport::ConnectionTokens& tokens, const Clock& clock, Log& log,
                               std::size_t connections_max) {
    routes_.allow_origins(endpoint);
    transport::SessionOptions options;
    options.make_parser = transport::make_http_parser;
    options.make_decoder = transport::make_frame_decoder;
    options.connections_max = connections_max;
    sessions_ = std::make_unique<transport::SessionServer>(scheduler_, routes_, tokens, clock, log,
                                                           std::move(options));
}

void ServerLoop::count() {
    connections_.store(sessions_->connections(), std::memory_order_relaxed);
}

void ServerLoop::take_down() {
    sessions_.reset();
    hubs_.tasks().destroy_all();
    handlers_.clear();
    endpoints_.clear();
}

}  // namespace hubtrail::hub
