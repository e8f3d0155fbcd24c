#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hubtrail::transport {

class Loop;

/// What one read or write did.
struct IoResult {
    enum class Kind {
        done,         ///< `bytes` moved; a write may be short
        would_block,  ///< try again after the next event
        closed,       ///< the peer ended its side (read) or is gone
    };
    Kind kind;
    std::size_t bytes;
};

/// Told when a socket can be used again. Thread: strand.
class SocketEvents {
public:
    virtual ~SocketEvents() = default;
    virtual void on_readable() = 0;
    virtual void on_writable() = 0;
};

/// One connected, non-blocking byte stream. The seam at which a simulated network takes the
/// kernel's place. Level-triggered: on_readable() comes again while there is something to read.
/// Thread: strand. Destruction closes.
class Socket {
public:
    virtual ~Socket() = default;

    /// `events` must outlive the socket. Nothing is told before this.
    /// False when the system cannot watch one more: the socket is of no use then.
    [[nodiscard]] virtual bool start(SocketEvents& events) = 0;
    virtual IoResult read(char* into, std::size_t bytes_max) = 0;
    virtual IoResult write(const std::string_view* slices, std::size_t count) = 0;
    /// Both start as: read wanted, write not.
    virtual void want(bool read, bool write) = 0;
    /// Ends our side; what was written is still delivered.
    virtual void shutdown_send() = 0;
    /// `127.0.0.1:50312` or `[::1]:50312`; `unknown` when the peer is gone.
    virtual std::string peer_address() const = 0;
    /// Ours, likewise.
    virtual std::string local_address() const = 0;

    // Changing loops: detach() on the old loop's thread, attach() and start() on the new one's.
    // What was not read yet stays in the stream.

    /// Nothing more is told, and the old loop knows the socket no longer.
    virtual void detach() = 0;
    /// `loop` is of the kind that accepted the socket.
    virtual void attach(Loop& loop) = 0;
};

}  // namespace hubtrail::transport
