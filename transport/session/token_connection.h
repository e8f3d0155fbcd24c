#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "transport/http_message.h"
#include "transport/session/owned_list.h"

namespace hubtrail::transport {

class ConnectionHandler;
class HttpProtocol;

/// The reference's answer (404) to whoever names a connection that is not there.
inline constexpr std::string_view kUnknownId = "No Connection with that ID";

/// A hub connection that requests of other TCP connections name by its token. Its server ticks it
/// and tells it of a drain. Which of the requests can come is decided by its TransportKind: the
/// others are never called. Thread: strand.
class TokenConnection {
public:
    virtual ~TokenConnection() = default;

    virtual ConnectionHandler& handler() = 0;

    /// A POST: bytes for the handler.
    // NOLINTNEXTLINE(performance-unnecessary-value-param): who overrides it keeps them
    virtual void post(std::string, const HttpReply&) {}
    /// A GET of long polling, to be answered through `http`.
    virtual void poll(HttpProtocol&) {}
    /// A DELETE of long polling.
    virtual void terminate() {}
    /// A WebSocket comes for a connection that was negotiated as resumable. False: it cannot be
    /// resumed any more.
    virtual bool resume(HttpProtocol&, const std::string&) { return false; }

    // For connections that have no peer of their own to be told these by, or not always.

    virtual bool has_peer() const { return true; }
    virtual void on_second(std::int64_t) {}
    /// The server goes down. Called again, it does nothing. True: it was told now.
    virtual bool on_drain() { return false; }
    /// The server ends: on_close() of the handler follows within the call.
    virtual void close_now() {}
};

/// One that is no peer's protocol: its server owns it, from SessionServer::own() to the end of the
/// turn in which it is buried. Thread: strand.
class StandingConnection : public OwnedListNode<StandingConnection>, public TokenConnection {
public:
    /// After SessionServer::at_turn_end().
    virtual void on_turn_end() = 0;
};

}  // namespace hubtrail::transport
