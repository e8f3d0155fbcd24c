#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "transport/connection.h"
#include "transport/outbox.h"
#include "transport/session/owned_list.h"
#include "transport/socket.h"

namespace hubtrail::transport {

class SessionServer;

inline constexpr std::int64_t kLingerNs =
    2'000'000'000;  ///< for the peer to see our last bytes before we hang up

/// What is spoken on a connection at the moment: HTTP, or WebSocket after an upgrade. Owned by its
/// Peer. Thread: strand.
class PeerProtocol {
public:
    virtual ~PeerProtocol() = default;
    virtual void on_bytes(std::string_view bytes) = 0;
    /// The peer ended its side.
    virtual void on_end() = 0;
    virtual void on_tick(std::int64_t now_ns) = 0;
    virtual void on_congested() {}
    virtual void on_drained() {}
    virtual void on_flushed() {}
    /// The server goes down.
    virtual void on_shutdown() = 0;
    /// Last call: the connection is over.
    virtual void on_gone(CloseReason reason) = 0;
};

/// One accepted connection: its socket, what it still has to send, and the protocol spoken on it.
/// Its server owns it, from accept() to the end of the turn in which it was closed, so that nobody
/// holds a dead one within a turn. Thread: strand. `server` and its scheduler outlive it.
class Peer final : public OwnedListNode<Peer>, public SocketEvents, public OutboxOwner {
public:
    Peer(SessionServer& server, std::unique_ptr<Socket> socket);
    ~Peer() override;

    void start(std::unique_ptr<PeerProtocol> protocol);
    /// Takes effect at once; the old protocol lives until the current call into it has returned.
    void switch_protocol(std::unique_ptr<PeerProtocol> protocol);

    Outbox& outbox() { return *output_; }
    SessionServer& server() { return server_; }
    Socket& socket() { return *socket_; }

    /// From now on output goes through an outbox that outlives this peer and writes to socket().
    /// Its owner passes on what it is told. Null: back to our own. Only with nothing unsent in our
    /// own.
    void use_outbox(Outbox* other) { output_ = other != nullptr ? other : &outbox_; }
    /// A peer that takes no byte for this long while some wait is cut off. kWriteStallMaxNs until
    /// told.
    void set_send_timeout(std::int64_t ns) { send_timeout_ns_ = ns; }
    /// For another loop: this peer is closed, its protocol not told. Only with nothing unsent.
    std::unique_ptr<Socket> release_socket();

    void pause_reading();
    void resume_reading();
    bool reading_paused() const { return paused_; }

    /// Sends what is queued, ends our side, waits shortly for the peer to end its own, then goes.
    void close_after_flush(CloseReason reason);
    /// Goes now; what is queued is lost.
    void abort(CloseReason reason);
    bool closed() const { return state_ == State::closed; }

    void tick(std::int64_t now_ns);
    void shut_down();

    void on_readable() override;
    void on_writable() override;
    void on_blocked() override;
    void on_congested() override;
    void on_drained() override;
    void on_flushed() override;
    void on_write_failed() override;

private:
    friend class SessionServer;
    enum class State : std::uint8_t { open, flushing, lingering, closed };

    void check_stall(std::int64_t now_ns);
    void on_input_end();
    bool wants_read() const { return !paused_ && !input_ended_; }

    SessionServer& server_;
    std::unique_ptr<Socket> socket_;
    Outbox outbox_;
    Outbox* output_ = &outbox_;
    std::unique_ptr<PeerProtocol> protocol_;
    std::unique_ptr<PeerProtocol> retired_;
    std::int64_t deadline_ns_ = 0;  ///< of flushing and lingering
    std::int64_t progress_ns_ = 0;  ///< when the peer last took waiting bytes
    std::uint64_t progress_taken_ = 0;
    std::int64_t send_timeout_ns_ = kWriteStallMaxNs;
    State state_ = State::open;
    CloseReason reason_ = CloseReason::we_closed;
    bool paused_ = false;
    bool input_ended_ = false;    ///< the peer has ended its side and may still be reading
    bool slow_ = false;           ///< in the server's list of slow ticks
    bool shutdown_told_ = false;  ///< by drain()
};

}  // namespace hubtrail::transport
