#include "transport/session/event_stream_protocol.h"

#include <utility>

#include "transport/session/session_server.h"

namespace hubtrail::transport {
namespace {
constexpr std::string_view kLastChunk = "0\r\n\r\n";  // RFC 9112 7.1
}

EventStreamProtocol::EventStreamProtocol(Peer& peer, const EndpointOptions& options,
                                         std::unique_ptr<ConnectionHandler> handler,
                                         std::string token)
    : peer_(peer),
      handler_(std::move(handler)),
      token_(std::move(token)),
      posts_(options.application_buffer_bytes),
      opened_ns_(peer.server().loop().now_ns()) {}

void EventStreamProtocol::open() {
    auto& server = peer_.server();
    server.add(token_, *this);
    server.counters().started(TransportKind::server_sent_events);
    handler_->on_open(*this);
}

// How clients leave: there is no other goodbye.
void EventStreamProtocol::on_end() {
    peer_.abort(hub_closed_ ? CloseReason::we_closed : CloseReason::peer_closed);
}

void EventStreamProtocol::on_tick(std::int64_t now_ns) {
    if (!hub_closed_) {
        handler_->on_tick(now_ns);
    }
}

void EventStreamProtocol::on_congested() {
    if (!handler_told_) {
        handler_->on_congested();
    }
}

void EventStreamProtocol::on_drained() {
    if (!handler_told_) {
        handler_->on_drained();
    }
}

void EventStreamProtocol::on_shutdown() {
    if (!hub_closed_) {
        handler_->on_shutdown();
    }
}

void EventStreamProtocol::on_gone(CloseReason reason) {
    auto& server = peer_.server();
    server.remove(token_);
    server.tokens().forget(token_);
    server.count_end(TransportKind::server_sent_events, reason, opened_ns_);
    hub_closed_ = true;
    posts_.end();
    if (!std::exchange(handler_told_, true)) {
        handler_->on_close(reason);
    }
}

void EventStreamProtocol::post(std::string body, const HttpReply& reply) {
    if (hub_closed_) {
        reply(make_text_response(404, kUnknownId));
        return;
    }
    posts_.add(body, reply);
    hand_over();
}

void EventStreamProtocol::hand_over() {
    if (std::exchange(handing_over_, true)) {
        return;
    }
    while (!paused_ && !hub_closed_ && !posts_.empty()) {
        handler_->on_bytes(posts_.take());
    }
    handing_over_ = false;
}

void EventStreamProtocol::send(std::string_view records, std::uint32_t counted) {
    if (!hub_closed_) {
        send_framed(peer_.outbox(), Framing::server_sent_events, records, counted);
    }
}

Loop& EventStreamProtocol::loop() {
    return peer_.server().loop();
}

void EventStreamProtocol::resume_reading() {
    paused_ = false;
    hand_over();
}

void EventStreamProtocol::close() {
    if (std::exchange(hub_closed_, true)) {
        return;
    }
    posts_.end();
    peer_.outbox().send(kLastChunk);
    peer_.close_after_flush(CloseReason::we_closed);
}

}  // namespace hubtrail::transport
