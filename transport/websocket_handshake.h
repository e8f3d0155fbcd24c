#pragma once

#include <string>

#include "transport/http_message.h"

namespace hubtrail::transport {

/// What a request wants of the WebSocket protocol (RFC 6455 4.2.1).
struct WebSocketHandshake {
    enum class Outcome {
        not_upgrade,  ///< an ordinary request
        refused,      ///< asked for, and wrong: send `response`
        accepted,     ///< answer 101 with `accept_value` as Sec-WebSocket-Accept
    };
    Outcome outcome = Outcome::not_upgrade;
    HttpResponse response;
    std::string accept_value;
};

/// Strict: every header that takes part appears once, and none is nearly right. Extensions and
/// subprotocols are not looked at: answer without them. Authentication is the caller's, before the
/// 101.
WebSocketHandshake check_websocket_handshake(const HttpRequest& request);

}  // namespace hubtrail::transport
