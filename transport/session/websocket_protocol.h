#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "transport/connection.h"
#include "transport/frame_decoder.h"
#include "transport/session/peer.h"

namespace hubtrail::transport {

inline constexpr std::int64_t kCloseTimeoutNs = 5'000'000'000;    ///< for the peer's close frame after ours
inline constexpr std::int64_t kMessageDeadlineNs = 10'000'000'000; ///< a begun message must be complete

/// WebSocket on one connection (RFC 6455), as a hub's Connection. Incoming frames are decoded by a decoder
/// that is borrowed from the server while a message is incomplete, so an idle connection holds none.
/// Thread: strand.
class WebSocketProtocol final : public PeerProtocol, public Connection {
public:
    /// `token`: the connection token to forget at the end; empty when negotiation was skipped.
    WebSocketProtocol(Peer& peer, std::unique_ptr<ConnectionHandler> handler, std::string token);
    ~WebSocketProtocol() override;

    void open();

    void on_bytes(std::string_view bytes) override;
    void on_end() override;
    void on_tick(std::int64_t now_ns) override;
    void on_congested() override;
    void on_drained() override;
    void on_shutdown() override;
    void on_gone(CloseReason reason) override;

    void send(std::string_view records) override;
    Framing framing() const override { return Framing::websocket_text; }
    Outbox& outbox() override;
    Loop& loop() override;
    void pause_reading() override;
    void resume_reading() override;
    void close() override;
    void abort(CloseReason reason) override;

private:
    void decode(std::string_view bytes);
    void on_close_frame(const FrameDecoder::Event& event);
    void end_handler(CloseReason reason);
    void send_close(std::uint16_t code, std::string_view reason);
    void send_pong();

    Peer& peer_;
    std::unique_ptr<ConnectionHandler> handler_;
    std::unique_ptr<FrameDecoder> decoder_;  ///< only while a message is incomplete
    std::string held_;      ///< bytes that came while the handler had paused reading
    std::string token_;
    std::string pong_;      ///< payload of the newest ping that is not answered yet
    std::int64_t message_begun_ns_ = 0;
    std::int64_t close_deadline_ns_ = 0;
    bool pong_due_ = false;
    bool close_sent_ = false;
    bool hub_closed_ = false;  ///< no more bytes for the handler
    bool handler_told_ = false;  ///< of the end; it is not called any more
};

}  // namespace hubtrail::transport
