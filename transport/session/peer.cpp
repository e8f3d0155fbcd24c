#include "transport/session/peer.h"

#include <utility>

#include "transport/session/session_server.h"

namespace hubtrail::transport {
namespace {
// Reads of one peer before the others get their turn: a level-triggered loop comes back for the
// rest.
constexpr int kReadsPerTurn = 4;
}  // namespace

Peer::Peer(SessionServer& server, std::unique_ptr<Socket> socket)
    : server_(server),
      socket_(std::move(socket)),
      outbox_(server.scheduler(), *socket_, *this),
      progress_ns_(server.loop().now_ns()) {}

Peer::~Peer() = default;

void Peer::start(std::unique_ptr<PeerProtocol> protocol) {
    protocol_ = std::move(protocol);
    if (!socket_->start(*this)) {
        abort(CloseReason::lost);
    }
}

void Peer::switch_protocol(std::unique_ptr<PeerProtocol> protocol) {
    retired_ = std::exchange(protocol_, std::move(protocol));
}

void Peer::pause_reading() {
    if (!paused_ && state_ == State::open) {
        paused_ = true;
        socket_->want(false, output_->blocked());
    }
}

void Peer::resume_reading() {
    if (paused_ && state_ == State::open) {
        paused_ = false;
        socket_->want(wants_read(), output_->blocked());
    }
}

void Peer::close_after_flush(CloseReason reason) {
    if (state_ != State::open) {
        return;
    }
    state_ = State::flushing;
    reason_ = reason;
    deadline_ns_ = server_.loop().now_ns() + kWriteStallMaxNs;
    // What still comes is read and dropped: unread bytes would turn our goodbye into a reset.
    paused_ = false;
    socket_->want(wants_read(), output_->blocked());
    output_->tell_when_flushed();
}

void Peer::abort(CloseReason reason) {
    if (state_ == State::closed) {
        return;
    }
    state_ = State::closed;
    socket_->want(false, false);
    if (protocol_) {
        protocol_->on_gone(reason);
    }
    server_.bury(*this);
}

void Peer::tick(std::int64_t now_ns) {
    if (state_ == State::open) {
        check_stall(now_ns);
        if (state_ == State::open) {
            protocol_->on_tick(now_ns);
        }
    } else if (state_ != State::closed && now_ns >= deadline_ns_) {
        abort(reason_);
    }
}

std::unique_ptr<Socket> Peer::release_socket() {
    state_ = State::closed;
    socket_->detach();
    server_.bury(*this);
    return std::move(socket_);
}

void Peer::shut_down() {
    if (state_ == State::open && !std::exchange(shutdown_told_, true)) {
        protocol_->on_shutdown();
    }
}

void Peer::check_stall(std::int64_t now_ns) {
    if (output_->unsent() == 0 || output_->taken() != progress_taken_) {
        progress_taken_ = output_->taken();
        progress_ns_ = now_ns;
    } else if (now_ns - progress_ns_ >= send_timeout_ns_) {
        abort(CloseReason::stalled);
    }
}

void Peer::on_readable() {
    for (int i = 0; i < kReadsPerTurn && state_ != State::closed; ++i) {
        auto& buffer = server_.read_buffer();
        const auto result = socket_->read(buffer.data(), buffer.size());
        if (result.kind == IoResult::Kind::would_block) {
            return;
        }
        if (result.kind == IoResult::Kind::closed) {
            on_input_end();
            return;
        }
        if (state_ == State::open) {
            protocol_->on_bytes({buffer.data(), result.bytes});
            retired_.reset();
        }
        if (result.bytes < buffer.size() || paused_) {
            return;
        }
    }
}

// A peer may end its side and wait for the answer, so what is queued still goes out. Reading is no
// longer asked for: a second notice is the socket's own, and means that the connection is broken.
void Peer::on_input_end() {
    if (input_ended_ || state_ == State::lingering) {
        abort(state_ == State::open ? CloseReason::lost : reason_);
        return;
    }
    input_ended_ = true;
    socket_->want(false, output_->blocked());
    if (state_ == State::open) {
        protocol_->on_end();
    }
}

void Peer::on_writable() {
    if (state_ != State::closed) {
        output_->on_writable(wants_read());
    }
}

void Peer::on_blocked() {
    socket_->want(wants_read(), true);
}

void Peer::on_congested() {
    if (state_ == State::open) {
        protocol_->on_congested();
    }
}

void Peer::on_drained() {
    if (state_ == State::open) {
        protocol_->on_drained();
    }
}

void Peer::on_flushed() {
    if (state_ == State::open) {
        protocol_->on_flushed();
    } else if (state_ == State::flushing) {
        if (input_ended_) {
            abort(reason_);  // both sides have said all
            return;
        }
        state_ = State::lingering;
        deadline_ns_ = server_.loop().now_ns() + kLingerNs;
        socket_->shutdown_send();
    }
}

void Peer::on_write_failed() {
    abort(state_ == State::open ? CloseReason::lost : reason_);
}

}  // namespace hubtrail::transport
