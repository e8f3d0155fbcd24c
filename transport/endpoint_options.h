#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "transport/frame_decoder.h"
#include "transport/http_message.h"

namespace hubtrail::transport {

/// A connection is about to get another principal. Dies with the decision.
struct AuthenticationRefresh {
    const HttpRequest& request;
    std::string_view connection_id;
    const auth::Principal& previous;
    const auth::Principal& next;
};

/// How one hub's connections are carried: the reference's HttpConnectionDispatcherOptions, with its
/// defaults, and the origins that browsers may come from. Values are not checked here
/// (server/config does).
struct EndpointOptions {
    bool web_sockets = true;
    bool server_sent_events = true;
    bool long_polling = true;
    std::int64_t poll_timeout_ns = 90'000'000'000;  ///< LongPolling.PollTimeout
    std::int64_t close_timeout_ns = 5'000'000'000;  ///< WebSockets.CloseTimeout
    std::int64_t send_timeout_ns =
        10'000'000'000;  ///< TransportSendTimeout: no byte taken for this long
    std::int64_t disconnect_timeout_ns =
        15'000'000'000;  ///< unused negotiation, between polls, stateful gap
    std::size_t application_buffer_bytes = 64 * 1024;  ///< ApplicationMaxBufferSize; 0: no limit
    std::size_t transport_buffer_bytes = 64 * 1024;  ///< TransportMaxBufferSize: of a poll's answer
    std::size_t message_bytes_max = 128 * 1024;      ///< one WebSocket message; over it: 1009
    std::size_t fragments_max =
        kFragmentsPerMessageMax;       ///< frames of one WebSocket message; over it: 1008
    int minimum_protocol_version = 0;  ///< of negotiate
    bool allow_stateful_reconnects = false;
    bool close_on_authentication_expiration = false;
    /// Serves `{hub}/refresh`, where a client exchanges its token; polls and reconnects with
    /// another token do so too.
    bool enable_authentication_refresh = false;
    /// Asked before a connection gets the principal of another token of the same user; false: it is
    /// refused. Null: it is taken. Called on all loops; must not block.
    std::function<bool(const AuthenticationRefresh&)> on_authentication_refresh;
    /// Exact origins (`https://app.example`) whose pages may use this hub from a browser; the
    /// server's own may always. See docs/protocol/transports.md.
    std::vector<std::string> allowed_origins;
    /// Asked about an origin that is not listed; null: it is refused. Called on all loops.
    std::function<bool(std::string_view origin)> allow_origin;
    /// May add headers, such as a load balancer's cookie, to what negotiate answers; null: nothing.
    /// Called on all loops.
    std::function<void(const HttpRequest& request, HttpResponse& response)> on_negotiate;
};

}  // namespace hubtrail::transport
