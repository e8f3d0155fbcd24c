#include "transport/session/resumable_connection.h"

#include <utility>

#include "transport/session/http_protocol.h"
#include "transport/session/session_server.h"
#include "transport/session/websocket_protocol.h"

namespace hubtrail::transport {

void ReplaceableSocket::connect(Socket& socket, std::string first) {
    socket_ = &socket;
    first_ = std::move(first);
}

IoResult ReplaceableSocket::write(const std::string_view* slices, std::size_t count) {
    if (socket_ == nullptr) {
        return {IoResult::Kind::would_block, 0};
    }
    if (!first_.empty()) {
        const std::string_view first = first_;
        const auto result = socket_->write(&first, 1);
        first_.erase(0, result.kind == IoResult::Kind::done ? result.bytes : 0);
        if (!first_.empty()) {
            return {IoResult::Kind::would_block, 0};
        }
    }
    const auto result = socket_->write(slices, count);
    return result.kind == IoResult::Kind::closed ? IoResult{IoResult::Kind::would_block, 0}
                                                 : result;
}

void ReplaceableSocket::want(bool read, bool write) {
    if (socket_ != nullptr) {
        socket_->want(read, write);
    }
}

/// What the carrier has for a handler; its connection may have left it for another carrier. Thread:
/// strand.
class ResumableConnection::Link final : public ConnectionHandler {
public:
    explicit Link(ResumableConnection& connection) : connection_(&connection) {}
    ~Link() override {
        if (connection_ != nullptr) {
            connection_->on_carrier_deleted();
        }
    }
    void cut() { connection_ = nullptr; }

    void on_open(Connection&) override {}
    void on_bytes(std::string_view) override {}
    void on_message(std::string_view payload, TransferFormat format) override {
        if (open()) {
            connection_->handler_->on_message(payload, format);
        }
    }
    void on_tick(std::int64_t) override {}
    void on_congested() override {
        if (open()) {
            connection_->handler_->on_congested();
        }
    }
    void on_drained() override {
        if (open()) {
            connection_->handler_->on_drained();
        }
    }
    void on_shutdown() override {
        if (open()) {
            connection_->on_drain();
        }
    }
    void on_close(CloseReason reason) override {
        if (open()) {
            connection_->on_carrier_closed(reason);
        }
    }

private:
    bool open() const { return connection_ != nullptr && !connection_->ended_; }

    ResumableConnection* connection_;
};

ResumableConnection::ResumableConnection(SessionServer& server, const EndpointOptions& options,
                                         std::string token,
                                         std::unique_ptr<ConnectionHandler> handler)
    : server_(server),
      options_(options),
      handler_(std::move(handler)),
      token_(std::move(token)),
      outbox_(server.scheduler(), socket_, *this),
      opened_ns_(server.loop().now_ns()) {}

void ResumableConnection::open(HttpProtocol& http, const EndpointOptions& options,
                               const std::string& token, std::unique_ptr<ConnectionHandler> handler,
                               const std::string& accept) {
    auto& server = http.peer().server();
    auto made = std::make_unique<ResumableConnection>(server, options, token, std::move(handler));
    auto* const connection = made.get();
    server.own(std::move(made));
    server.add(token, *connection);
    server.counters().started(TransportKind::web_sockets);
    connection->connect(http, accept, false);
}

bool ResumableConnection::resume(HttpProtocol& http, const std::string& accept) {
    if (!resumable_ || ended_ || !outbox_.has_history()) {
        return false;
    }
    replace_carrier();
    connect(http, accept, true);
    return true;
}

void ResumableConnection::connect(HttpProtocol& http, const std::string& accept, bool resumed) {
    auto& peer = http.peer();
    auto link = std::make_unique<Link>(*this);
    link_ = link.get();
    auto protocol =
        std::make_unique<WebSocketProtocol>(peer, options_, std::move(link), std::string(), false);
    auto& websocket = *protocol;
    const auto rest = http.turn_over(std::move(protocol));
    carrier_ = &websocket;
    peer_ = &peer;
    peer.use_outbox(&outbox_);
    // What the last socket did not take is dropped by the handler's resending; the 101 goes before
    // that.
    socket_.connect(peer.socket(), resumed ? make_upgrade_head(accept) : std::string());
    if (paused_) {
        peer.pause_reading();
    }
    if (resumed) {
        handler_->on_resumed();
    } else {
        outbox_.send(make_upgrade_head(accept));
        handler_->on_open(*this);
    }
    // Frames may have come in the same segment as the request.
    if (!rest.empty() && !peer.closed()) {
        websocket.on_bytes(rest);
    }
}

// The old socket may still look alive, only the client knows better. What it had sent in part is
// dropped with it.
void ResumableConnection::replace_carrier() {
    if (link_ != nullptr) {
        std::exchange(link_, nullptr)->cut();
    }
    carrier_ = nullptr;
    socket_.disconnect();
    if (auto* const peer = std::exchange(peer_, nullptr)) {
        peer->use_outbox(nullptr);
        peer->abort(CloseReason::we_closed);
    }
}

void ResumableConnection::on_carrier_closed(CloseReason reason) {
    const bool may_come_back = reason == CloseReason::lost && resumable_ && outbox_.has_history();
    if (!may_come_back) {
        end(closing_ ? CloseReason::we_closed : reason, reason);
        return;
    }
    lost_ns_ = server_.loop().now_ns();
    std::exchange(link_, nullptr)->cut();
    carrier_ = nullptr;
    socket_.disconnect();
    std::exchange(peer_, nullptr)->use_outbox(nullptr);
}

void ResumableConnection::on_carrier_deleted() {
    // It was ours to the last: goodbyes went through our outbox.
    link_ = nullptr;
    carrier_ = nullptr;
    peer_ = nullptr;
    socket_.disconnect();
    server_.bury(*this);
}

void ResumableConnection::end(CloseReason reason, CloseReason counted_as) {
    if (std::exchange(ended_, true)) {
        return;
    }
    resumable_ = false;
    server_.remove(token_);
    server_.tokens().forget(token_);
    server_.count_end(TransportKind::web_sockets, counted_as, opened_ns_);
    handler_->on_close(reason);
    if (link_ == nullptr) {
        server_.bury(*this);
    }
}

void ResumableConnection::on_second(std::int64_t now_ns) {
    if (ended_) {
        return;
    }
    outbox_.on_second();
    if (peer_ == nullptr && now_ns - lost_ns_ >= options_.disconnect_timeout_ns) {
        end(CloseReason::lost, CloseReason::stalled);
    } else if (!closing_) {
        handler_->on_tick(now_ns);
    }
}

void ResumableConnection::on_turn_end() {
    end(CloseReason::we_closed, CloseReason::we_closed);
}

bool ResumableConnection::on_drain() {
    if (ended_ || closing_ || std::exchange(told_of_drain_, true)) {
        return false;
    }
    handler_->on_shutdown();
    return true;
}

// While nobody is there, what is not kept would not be sent later either.
void ResumableConnection::send(std::string_view records, std::uint32_t counted) {
    if (!closing_ && (peer_ != nullptr || counted > 0)) {
        send_framed(outbox_, framing_, records, counted);
    }
}

Loop& ResumableConnection::loop() {
    return server_.loop();
}

void ResumableConnection::set_transfer_format(TransferFormat format) {
    framing_ = format == TransferFormat::text ? Framing::websocket_text : Framing::websocket_binary;
}

void ResumableConnection::pause_reading() {
    paused_ = true;
    if (carrier_ != nullptr) {
        carrier_->pause_reading();
    }
}

void ResumableConnection::resume_reading() {
    paused_ = false;
    if (carrier_ != nullptr) {
        carrier_->resume_reading();
    }
}

void ResumableConnection::close() {
    if (std::exchange(closing_, true) || ended_) {
        return;
    }
    resumable_ = false;
    if (carrier_ != nullptr) {
        carrier_->close();
    } else {
        server_.at_turn_end(*this);
    }
}

void ResumableConnection::abort(CloseReason reason) {
    if (ended_) {
        return;
    }
    resumable_ = false;
    if (peer_ != nullptr) {
        peer_->abort(reason);
    }
    end(reason, reason);
}

void ResumableConnection::on_blocked() {
    if (peer_ != nullptr) {
        peer_->on_blocked();
    }
}

void ResumableConnection::on_congested() {
    if (peer_ != nullptr) {
        peer_->on_congested();
    } else if (!ended_) {
        handler_->on_congested();
    }
}

void ResumableConnection::on_drained() {
    if (peer_ != nullptr) {
        peer_->on_drained();
    } else if (!ended_) {
        handler_->on_drained();
    }
}

void ResumableConnection::on_flushed() {
    if (peer_ != nullptr) {
        peer_->on_flushed();
    }
}

}  // namespace hubtrail::transport
