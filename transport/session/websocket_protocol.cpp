#include "transport/session/websocket_protocol.h"

#include <array>
#include <utility>

#include "transport/frame_header.h"
#include "transport/session/session_server.h"

namespace hubtrail::transport {
namespace {
constexpr std::uint16_t kNormalClosure = 1000;
constexpr std::uint16_t kGoingAway = 1001;

FrameDecoderLimits decoder_limits(const EndpointOptions& options) {
    return {options.message_bytes_max, options.fragments_max};
}
}  // namespace

std::string make_upgrade_head(std::string_view accept) {
    std::string head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: ";
    head += accept;
    head += "\r\n\r\n";
    return head;
}

WebSocketProtocol::WebSocketProtocol(Peer& peer, const EndpointOptions& options,
                                     std::unique_ptr<ConnectionHandler> handler, std::string token,
                                     bool counted)
    : peer_(peer), options_(options), handler_(std::move(handler)), token_(std::move(token)) {
    if (counted) {
        opened_ns_ = loop().now_ns();
        peer_.server().counters().started(TransportKind::web_sockets);
    }
}

WebSocketProtocol::~WebSocketProtocol() {
    peer_.server().give_back(std::move(decoder_), decoder_limits(options_));
}

void WebSocketProtocol::open() {
    // No other request names a WebSocket.
    if (options_.enable_authentication_refresh && !token_.empty()) {
        peer_.server().add(token_, *this);
    }
    handler_->on_open(*this);
}

WebSocketProtocol::Waiting& WebSocketProtocol::waiting() {
    if (!waiting_) {
        waiting_ = std::make_unique<Waiting>();
    }
    return *waiting_;
}

void WebSocketProtocol::on_bytes(std::string_view bytes) {
    if (peer_.reading_paused()) {
        waiting().bytes.append(bytes);
        return;
    }
    decode(bytes);
}

void WebSocketProtocol::decode(std::string_view bytes) {
    auto& server = peer_.server();
    auto decoder = decoder_ ? std::move(decoder_) : server.take_decoder(decoder_limits(options_));
    bool more = true;
    while (more && !peer_.closed()) {
        if (peer_.reading_paused()) {
            waiting().bytes.append(bytes);
            break;
        }
        const auto event = decoder->decode(bytes);
        switch (event.kind) {
            case FrameDecoder::Event::Kind::none:
                more = false;
                break;
            case FrameDecoder::Event::Kind::text:
            case FrameDecoder::Event::Kind::binary:
                message_begun_ns_ = 0;
                if (!hub_closed_) {
                    handler_->on_message(event.payload,
                                         event.kind == FrameDecoder::Event::Kind::text
                                             ? TransferFormat::text
                                             : TransferFormat::binary);
                }
                break;
            case FrameDecoder::Event::Kind::ping:
                waiting().ping.emplace(event.payload);
                send_pong();
                break;
            case FrameDecoder::Event::Kind::pong:
                break;
            case FrameDecoder::Event::Kind::close:
                on_close_frame(event);
                more = false;
                break;
            case FrameDecoder::Event::Kind::error:
                end_handler(CloseReason::protocol_error);
                send_close(event.close_code, event.reason);
                peer_.close_after_flush(CloseReason::protocol_error);
                more = false;
                break;
        }
    }
    if (decoder->at_frame_boundary()) {
        message_begun_ns_ = 0;
        server.give_back(std::move(decoder), decoder_limits(options_));
    } else {
        if (message_begun_ns_ == 0) {
            message_begun_ns_ = server.loop().now_ns();
        }
        decoder_ = std::move(decoder);
    }
}

void WebSocketProtocol::on_close_frame(const FrameDecoder::Event& event) {
    const auto reason = close_sent_ ? CloseReason::we_closed : CloseReason::peer_closed;
    end_handler(reason);
    send_close(event.close_code == kCloseNoStatus ? kNormalClosure : event.close_code, {});
    peer_.close_after_flush(reason);
}

// Before our close frame: nothing that the handler shares in may be sent behind it.
void WebSocketProtocol::end_handler(CloseReason reason) {
    hub_closed_ = true;
    if (!std::exchange(handler_told_, true)) {
        if (!token_.empty()) {
            peer_.server().remove(token_);
        }
        handler_->on_close(reason);
    }
}

void WebSocketProtocol::on_end() {
    // Without a close frame the peer did not say goodbye.
    peer_.abort(close_sent_ ? CloseReason::we_closed : CloseReason::lost);
}

void WebSocketProtocol::on_tick(std::int64_t now_ns) {
    send_pong();
    if (close_deadline_ns_ != 0 && now_ns >= close_deadline_ns_) {
        peer_.abort(CloseReason::we_closed);
        return;
    }
    if (message_begun_ns_ != 0 && now_ns - message_begun_ns_ >= kMessageDeadlineNs &&
        !peer_.reading_paused()) {
        end_handler(CloseReason::protocol_error);
        send_close(kClosePolicy, "the message was not completed in time");
        peer_.close_after_flush(CloseReason::protocol_error);
        return;
    }
    if (!hub_closed_) {
        handler_->on_tick(now_ns);
    }
}

void WebSocketProtocol::on_congested() {
    if (!handler_told_) {
        handler_->on_congested();
    }
}

void WebSocketProtocol::on_drained() {
    send_pong();
    if (!handler_told_) {
        handler_->on_drained();
    }
}

void WebSocketProtocol::on_shutdown() {
    if (!hub_closed_) {
        handler_->on_shutdown();
    }
}

void WebSocketProtocol::on_gone(CloseReason reason) {
    auto& server = peer_.server();
    if (!token_.empty()) {
        server.tokens().forget(token_);
    }
    if (opened_ns_ != 0) {
        server.count_end(TransportKind::web_sockets, reason, opened_ns_);
    }
    end_handler(reason);
}

void WebSocketProtocol::send(std::string_view records, std::uint32_t counted) {
    if (!close_sent_) {
        send_framed(peer_.outbox(), framing_, records, counted);
    }
}

void WebSocketProtocol::set_transfer_format(TransferFormat format) {
    framing_ = format == TransferFormat::text ? Framing::websocket_text : Framing::websocket_binary;
}

Outbox& WebSocketProtocol::outbox() {
    return peer_.outbox();
}
Loop& WebSocketProtocol::loop() {
    return peer_.server().loop();
}
void WebSocketProtocol::pause_reading() {
    peer_.pause_reading();
}

void WebSocketProtocol::resume_reading() {
    // What the peer could not send while we did not read is not held against it.
    if (message_begun_ns_ != 0 && peer_.reading_paused()) {
        message_begun_ns_ = loop().now_ns();
    }
    peer_.resume_reading();
    if (waiting_ && !waiting_->bytes.empty()) {
        const auto bytes = std::exchange(waiting_->bytes, {});
        if (!waiting_->ping) {
            waiting_.reset();
        }
        decode(bytes);
    }
}

void WebSocketProtocol::close() {
    if (close_sent_) {
        return;
    }
    hub_closed_ = true;
    send_close(peer_.server().draining() ? kGoingAway : kNormalClosure, {});
    close_deadline_ns_ = loop().now_ns() + options_.close_timeout_ns;
    resume_reading();
}

void WebSocketProtocol::abort(CloseReason reason) {
    peer_.abort(reason);
}

void WebSocketProtocol::send_close(std::uint16_t code, std::string_view reason) {
    if (close_sent_) {
        return;
    }
    close_sent_ = true;
    std::string frame;
    append_close_frame(frame, code, reason);
    peer_.outbox().send(frame);
}

// At once, so that pongs, echoes and a close frame leave in the order of what they answer. A peer
// that does not read gets none until it does, and then that of its newest ping (RFC 6455 5.5.3), so
// that pings cannot fill memory.
void WebSocketProtocol::send_pong() {
    if (!waiting_ || !waiting_->ping || close_sent_ || peer_.outbox().unsent() > kUnsentLowWater) {
        return;
    }
    const auto payload = *std::exchange(waiting_->ping, std::nullopt);
    if (waiting_->bytes.empty()) {
        waiting_.reset();
    }
    std::array<char, kFrameHeaderBytesMax> header;
    const auto size = write_frame_header(header.data(), FrameOpcode::pong, payload.size());
    peer_.outbox().send({header.data(), size}, payload);
}

}  // namespace hubtrail::transport
