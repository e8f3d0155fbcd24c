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
    router_.add_hub(path, *endpoint);
    endpoints_.push_back(std::move(endpoint));
}

void ServerLoop::add_http(std::string path, std::unique_ptr<transport::HttpHandler> handler) {
    if (!path.empty() && path.back() == '*') {
        path.pop_back();
        router_.add_prefix(std::move(path), *handler);
    } else {
        router_.add(std::move(path), *handler);
    }
    handlers_.push_back(std::move(handler));
}

void ServerLoop::open_sessions(transport::ConnectionTokens& tokens, const Clock& clock, Log& log,
                               std::size_t connections_max) {
    transport::SessionOptions options;
    options.make_parser = transport::make_http_parser;
    options.make_decoder = transport::make_frame_decoder;
    options.connections_max = connections_max;
    sessions_ = std::make_unique<transport::SessionServer>(scheduler_, router_, tokens, clock, log,
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
