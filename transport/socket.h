#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hubtrail::transport {

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

/// One connected, non-blocking byte stream. The seam at which a simulated network takes the kernel's place.
/// Level-triggered: on_readable() comes again while there is something to read.
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
    virtual std::string peer_address() const = 0;
};

}  // namespace hubtrail::transport
