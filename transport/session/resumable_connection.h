#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "transport/connection.h"
#include "transport/endpoint_options.h"
#include "transport/framing.h"
#include "transport/outbox.h"
#include "transport/session/peer.h"
#include "transport/session/token_connection.h"

namespace hubtrail::transport {

/// The socket of the day, for an outbox that outlives it. Without one nothing is taken and nothing
/// is lost. That the peer is gone shows itself in reading, so a write never says so. Thread:
/// strand.
class ReplaceableSocket final : public Socket {
public:
    /// `socket` is sent `first` before anything else.
    void connect(Socket& socket, std::string first);
    void disconnect() { socket_ = nullptr; }

    [[nodiscard]] bool start(SocketEvents&) override { return true; }
    IoResult read(char*, std::size_t) override { return {IoResult::Kind::would_block, 0}; }
    IoResult write(const std::string_view* slices, std::size_t count) override;
    void want(bool read, bool write) override;
    void shutdown_send() override {}
    std::string peer_address() const override {
        return socket_ != nullptr ? socket_->peer_address() : "";
    }
    std::string local_address() const override {
        return socket_ != nullptr ? socket_->local_address() : "";
    }
    void detach() override {}
    void attach(Loop&) override {}

private:
    Socket* socket_ = nullptr;
    std::string first_;
};

/// A WebSocket connection that outlives its socket (stateful reconnect, HubProtocol.md). To the hub
/// it is the connection; to the WebSocketProtocol of the socket of the day, its carrier, it is the
/// handler. Its outbox is the carrier's too. Thread: strand.
class ResumableConnection final : public StandingConnection, public Connection, public OutboxOwner {
public:
    ResumableConnection(SessionServer& server, const EndpointOptions& options, std::string token,
                        std::unique_ptr<ConnectionHandler> handler);

    /// Opens a connection of the request's server, with the request's peer as its first carrier.
    static void open(HttpProtocol& http, const EndpointOptions& options, const std::string& token,
                     std::unique_ptr<ConnectionHandler> handler, const std::string& accept);

    ConnectionHandler& handler() override { return *handler_; }
    bool resume(HttpProtocol& http, const std::string& accept) override;
    bool has_peer() const override { return peer_ != nullptr; }
    void on_second(std::int64_t now_ns) override;
    void on_turn_end() override;
    bool on_drain() override;
    void close_now() override { abort(CloseReason::we_closed); }

    void send(std::string_view records, std::uint32_t counted) override;
    Framing framing() const override { return framing_; }
    Outbox& outbox() override { return outbox_; }
    Loop& loop() override;
    TransportKind transport() const override { return TransportKind::web_sockets; }
    bool supports(TransferFormat) const override { return true; }
    void set_transfer_format(TransferFormat format) override;
    bool has_inherent_keep_alive() const override { return false; }
    void pause_reading() override;
    void resume_reading() override;
    void close() override;
    void abort(CloseReason reason) override;
    bool resumable() const override { return resumable_; }
    void refuse_resume() override { resumable_ = false; }

    void on_blocked() override;
    void on_congested() override;
    void on_drained() override;
    void on_flushed() override;
    void on_write_failed() override {}

private:
    class Link;

    /// Makes the request's connection our carrier, and speaks through it. `resumed`: not the first
    /// one.
    void connect(HttpProtocol& http, const std::string& accept, bool resumed);
    void replace_carrier();
    void on_carrier_closed(CloseReason reason);
    void on_carrier_deleted();
    void end(CloseReason reason, CloseReason counted_as);

    SessionServer& server_;
    const EndpointOptions& options_;
    std::unique_ptr<ConnectionHandler> handler_;
    const std::string token_;
    ReplaceableSocket socket_;
    Outbox outbox_;
    Peer* peer_ = nullptr;  ///< of the carrier; null: detached
    Connection* carrier_ = nullptr;
    Link* link_ = nullptr;  ///< the carrier's handler; outlives peer_'s end until the turn's
    const std::int64_t opened_ns_;
    std::int64_t lost_ns_ = 0;  ///< when the last carrier was
    Framing framing_ = Framing::websocket_text;
    bool resumable_ = true;
    bool paused_ = false;
    bool told_of_drain_ = false;
    bool closing_ = false;  ///< by close(), or refused to come back
    bool ended_ = false;
};

}  // namespace hubtrail::transport
