#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "transport/outbox.h"

namespace hubtrail::auth {
struct Principal;
}

namespace hubtrail::transport {

struct HttpRequest;

/// How the records of a connection are wrapped for its peer. Only transports know which there are
/// (transport/framing.h); for everybody else it is a value to compare: connections of one framing
/// can share frames.
enum class Framing : std::uint8_t;

/// Appends one record as the framing wants it.
void append_framed(SharedStream& stream, Framing framing, std::string_view record);
/// Lays out the same once for several connections of a loop.
FrameRef lay_out_framed(OutputScheduler& scheduler, Framing framing, std::string_view record);
/// The same for one connection.
void send_framed(Outbox& outbox, Framing framing, std::string_view records, std::uint32_t counted);
/// Outbox::resend() for a peer that came back: `first` is one record, what follows it is kept as it
/// was sent.
void resend_framed(Outbox& outbox, Framing framing, std::string_view first);

/// TransportProtocols.md; the order is that of negotiate.
enum class TransportKind : std::uint8_t { web_sockets, server_sent_events, long_polling };
/// Names as clients know them: `WebSockets`, `ServerSentEvents`, `LongPolling`.
std::string_view transport_name(TransportKind kind);

enum class TransferFormat : std::uint8_t { text, binary };

/// Why a connection ended, as its handler is told.
enum class CloseReason {
    peer_closed,     ///< the peer said goodbye or ended its side
    we_closed,       ///< close() or abort() was called
    lost,            ///< the network failed, or the peer vanished
    protocol_error,  ///< the peer broke the transport's protocol
    stalled,         ///< the peer read nothing for the send timeout
};

inline constexpr std::int64_t kWriteStallMaxNs =
    60'000'000'000;  ///< no byte taken for this long: cut off

/// One peer as a hub sees it: records go out, bytes come in through the handler. Which transport
/// carries them is not visible, except in what it can do. Thread: strand.
class Connection {
public:
    virtual ~Connection() = default;

    /// Sends one or more whole records as one transport message. Copies. `counted`: how many of
    /// them stateful reconnect counts (types 1 to 5); 0 for pings, acks, Close and the handshake.
    virtual void send(std::string_view records, std::uint32_t counted) = 0;
    virtual Framing framing() const = 0;
    /// For joining shared streams and seeing what waits.
    virtual Outbox& outbox() = 0;
    virtual Loop& loop() = 0;

    virtual TransportKind transport() const = 0;
    virtual bool supports(TransferFormat format) const = 0;
    /// From the next send() on. Text until then. Only a format that is supported, before any shared
    /// stream is joined.
    virtual void set_transfer_format(TransferFormat format) = 0;
    /// The transport notices by itself that the peer is gone: no pings are wanted (long polling).
    virtual bool has_inherent_keep_alive() const = 0;

    /// While paused no bytes are handed over; what the peer sends waits in the kernel.
    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;

    /// Sends what is queued, says goodbye the transport's way, then ends. on_close() follows.
    virtual void close() = 0;
    /// Ends at once. on_close() follows.
    virtual void abort(CloseReason reason) = 0;

    // Stateful reconnect (HubProtocol.md; docs/protocol/transports.md). The outbox keeps what was
    // sent.

    /// Negotiated, and neither refused nor used up: the connection may outlive its socket.
    virtual bool resumable() const = 0;
    /// No resuming from here on: a handshake of version 1, Close, abort.
    virtual void refuse_resume() = 0;
};

/// A further HTTP request of a connection that is open, and whose it is. Dies with the call.
struct LaterRequest {
    enum class Kind : std::uint8_t {
        poll,     ///< of long polling
        resume,   ///< of stateful reconnect
        refresh,  ///< asks for nothing but that its user be taken
    };
    Kind kind;
    const HttpRequest& request;
    std::shared_ptr<const auth::Principal> user;  ///< owned with the token cache; null: nobody
};
enum class UserOutcome : std::uint8_t {
    accepted,
    refused,  ///< this user may not have the connection; nothing has changed
    gone,     ///< the connection ends already
};

/// What a hub does with one connection. Calls come on the connection's loop. Two calls of the
/// handler's own to Connection come back at once: resume_reading() may call on_bytes(), abort()
/// calls on_close(). Thread: strand.
class ConnectionHandler {
public:
    virtual ~ConnectionHandler() = default;

    /// `connection` lives until on_close() returns.
    virtual void on_open(Connection& connection) = 0;
    /// Payload bytes, cut anywhere.
    virtual void on_bytes(std::string_view bytes) = 0;
    /// A whole message of a transport that knows messages and their format; hubs do not care.
    virtual void on_message(std::string_view payload, TransferFormat) { on_bytes(payload); }
    /// About once a second, for timeouts and pings.
    virtual void on_tick(std::int64_t now_ns) = 0;
    virtual void on_congested() = 0;
    virtual void on_drained() = 0;
    /// The peer came back on a new socket. The handler answers with resend_framed(), first of all.
    virtual void on_resumed() {}
    /// Before a further request is served. Who does not look at it keeps the first one's user.
    virtual UserOutcome on_user(const LaterRequest& later) {
        return later.kind == LaterRequest::Kind::refresh ? UserOutcome::refused
                                                         : UserOutcome::accepted;
    }
    /// The server goes down: tell the peer to come back, and close.
    virtual void on_shutdown() = 0;
    /// Last call.
    virtual void on_close(CloseReason reason) = 0;
};

}  // namespace hubtrail::transport
