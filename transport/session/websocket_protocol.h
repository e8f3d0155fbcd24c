#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "transport/connection.h"
#include "transport/endpoint_options.h"
#include "transport/frame_decoder.h"
#include "transport/framing.h"
#include "transport/session/peer.h"
#include "transport/session/token_connection.h"

namespace hubtrail::transport {

inline constexpr std::int64_t kMessageDeadlineNs =
    10'000'000'000;  ///< a begun message must be complete

/// The 101 that ends the handshake.
std::string make_upgrade_head(std::string_view accept);

/// WebSocket on one connection (RFC 6455), as a hub's Connection. Incoming frames are decoded by a
/// decoder that is borrowed from the server while a message is incomplete, so an idle connection
/// holds none. Thread: strand.
class WebSocketProtocol final : public PeerProtocol, public TokenConnection, public Connection {
public:
    /// `counted`: a connection of its own for the counters, not the carrier of one. `token`: to be
    /// forgotten at the end; empty: none.
    WebSocketProtocol(Peer& peer, const EndpointOptions& options,
                      std::unique_ptr<ConnectionHandler> handler, std::string token, bool counted);
    ~WebSocketProtocol() override;

    void open();

    ConnectionHandler& handler() override { return *handler_; }

    void on_bytes(std::string_view bytes) override;
    void on_end() override;
    void on_tick(std::int64_t now_ns) override;
    void on_congested() override;
    void on_drained() override;
    void on_shutdown() override;
    void on_gone(CloseReason reason) override;

    void send(std::string_view records, std::uint32_t counted) override;
    Framing framing() const override { return framing_; }
    Outbox& outbox() override;
    Loop& loop() override;
    TransportKind transport() const override { return TransportKind::web_sockets; }
    bool supports(TransferFormat) const override { return true; }
    void set_transfer_format(TransferFormat format) override;
    bool has_inherent_keep_alive() const override { return false; }
    bool resumable() const override { return false; }
    void refuse_resume() override {}
    void pause_reading() override;
    void resume_reading() override;
    void close() override;
    void abort(CloseReason reason) override;

private:
    /// What most connections have none of most of the time.
    struct Waiting {
        std::string bytes;                ///< came while the handler had paused reading
        std::optional<std::string> ping;  ///< payload of the newest that is not answered yet
    };
    Waiting& waiting();

    void decode(std::string_view bytes);
    void on_close_frame(const FrameDecoder::Event& event);
    void end_handler(CloseReason reason);
    void send_close(std::uint16_t code, std::string_view reason);
    void send_pong();

    Peer& peer_;
    const EndpointOptions& options_;
    std::unique_ptr<ConnectionHandler> handler_;
    std::unique_ptr<FrameDecoder> decoder_;  ///< only while a message is incomplete
    std::unique_ptr<Waiting> waiting_;       ///< null: nothing waits
    std::string token_;
    std::int64_t message_begun_ns_ = 0;
    std::int64_t close_deadline_ns_ = 0;
    std::int64_t opened_ns_ = 0;  ///< 0: not counted
    Framing framing_ = Framing::websocket_text;
    bool close_sent_ = false;
    bool hub_closed_ = false;    ///< no more bytes for the handler
    bool handler_told_ = false;  ///< of the end; it is not called any more
};

}  // namespace hubtrail::transport
