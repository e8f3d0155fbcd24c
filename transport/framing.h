#pragma once

#include <cstdint>

#include "transport/connection.h"

namespace hubtrail::transport {

/// The framings that there are. For transports, and for tests of theirs: `tools/check_layers.py`
/// keeps this header out of hubs.
enum class Framing : std::uint8_t {
    websocket_text,  ///< RFC 6455 5.6, one message a frame
    websocket_binary,
    server_sent_events,  ///< one event in one HTTP chunk
    bare,                ///< long polling: the records as they are
};

}  // namespace hubtrail::transport
