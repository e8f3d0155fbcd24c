#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "transport/connection.h"
#include "transport/endpoint_options.h"
#include "transport/framing.h"
#include "transport/session/peer.h"
#include "transport/session/post_queue.h"
#include "transport/session/token_connection.h"

namespace hubtrail::transport {

/// What follows HttpProtocol::begin_head(): the rest of the head and the first bytes of the body, a
/// comment that tells the client at once that the stream is open. The connection ends with the
/// stream, which the client has to know: it would send the next request on it else.
inline constexpr std::string_view kEventStreamHead =
    "Content-Type: text/event-stream\r\nCache-Control: no-cache,no-store\r\nPragma: no-cache\r\n"
    "Content-Encoding: identity\r\nX-Content-Type-Options: nosniff\r\nTransfer-Encoding: "
    "chunked\r\n"
    "Connection: close\r\n\r\n"
    "3\r\n:\r\n\r\n";

/// Server-Sent Events on the connection of the GET, as a hub's Connection (TransportProtocols.md);
/// what the client sends comes by POST on others. The end of the TCP connection is the end of it
/// all. Thread: strand.
class EventStreamProtocol final : public PeerProtocol, public TokenConnection, public Connection {
public:
    EventStreamProtocol(Peer& peer, const EndpointOptions& options,
                        std::unique_ptr<ConnectionHandler> handler, std::string token);

    void open();

    void on_bytes(std::string_view) override {}  // nothing is pipelined behind an endless answer
    void on_end() override;
    void on_tick(std::int64_t now_ns) override;
    void on_congested() override;
    void on_drained() override;
    void on_shutdown() override;
    void on_gone(CloseReason reason) override;

    ConnectionHandler& handler() override { return *handler_; }
    void post(std::string body, const HttpReply& reply) override;

    void send(std::string_view records, std::uint32_t counted) override;
    Framing framing() const override { return Framing::server_sent_events; }
    Outbox& outbox() override { return peer_.outbox(); }
    Loop& loop() override;
    TransportKind transport() const override { return TransportKind::server_sent_events; }
    bool supports(TransferFormat format) const override { return format == TransferFormat::text; }
    void set_transfer_format(TransferFormat) override {}
    bool has_inherent_keep_alive() const override { return false; }
    void pause_reading() override { paused_ = true; }
    void resume_reading() override;
    void close() override;
    void abort(CloseReason reason) override { peer_.abort(reason); }
    bool resumable() const override { return false; }
    void refuse_resume() override {}

private:
    void hand_over();

    Peer& peer_;
    std::unique_ptr<ConnectionHandler> handler_;
    std::string token_;
    PostQueue posts_;
    const std::int64_t opened_ns_;
    bool paused_ = false;
    bool handing_over_ = false;
    bool hub_closed_ = false;    ///< no more bytes for the handler
    bool handler_told_ = false;  ///< of the end; it is not called any more
};

}  // namespace hubtrail::transport
