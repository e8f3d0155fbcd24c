#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "transport/outbox.h"

namespace hubtrail::transport {

/// How records are wrapped for the peer; frames of one shape can be shared by connections of one framing.
enum class Framing : std::uint8_t { websocket_text };

/// Appends one record as the framing wants it.
void append_framed(SharedStream& stream, Framing framing, std::string_view record);

/// Why a connection ended, as its handler is told.
enum class CloseReason {
    peer_closed,    ///< the peer said goodbye or ended its side
    we_closed,      ///< close() or abort() was called
    lost,           ///< the network failed, or the peer vanished
    protocol_error, ///< the peer broke the transport's protocol
    stalled,        ///< the peer read nothing for kWriteStallMaxNs
};

inline constexpr std::int64_t kWriteStallMaxNs = 60'000'000'000;  ///< no byte taken for this long: cut off

/// One peer as a hub sees it: records go out, bytes come in through the handler. Which transport carries
/// them is not visible. Thread: strand.
class Connection {
public:
    virtual ~Connection() = default;

    /// Sends one or more whole records as one transport message. Copies.
    virtual void send(std::string_view records) = 0;
    virtual Framing framing() const = 0;
    /// For joining shared streams and seeing what waits.
    virtual Outbox& outbox() = 0;
    virtual Loop& loop() = 0;

    /// While paused no bytes are handed over; what the peer sends waits in the kernel.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;

    /// Sends what is queued, says goodbye the transport's way, then ends. on_close() follows.
    virtual void close() = 0;
    /// Ends at once. on_close() follows.
    virtual void abort(CloseReason reason) = 0;
};

/// What a hub does with one connection. Calls come on the connection's loop. Two calls of the handler's own to
/// Connection come back at once: resume_reading() may call on_bytes(), abort() calls on_close().
/// Thread: strand.
class ConnectionHandler {
public:
    virtual ~ConnectionHandler() = default;

    /// `connection` lives until on_close() returns.
    virtual void on_open(Connection& connection) = 0;
    /// Payload bytes, cut anywhere.
    virtual void on_bytes(std::string_view bytes) = 0;
    /// About once a second, for timeouts and pings.
    virtual void on_tick(std::int64_t now_ns) = 0;
    virtual void on_congested() = 0;
    virtual void on_drained() = 0;
    /// The server goes down: tell the peer to come back, and close.
    virtual void on_shutdown() = 0;
    /// Last call.
    virtual void on_close(CloseReason reason) = 0;
};

}  // namespace hubtrail::transport
