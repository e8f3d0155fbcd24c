#pragma once

#include <string>

namespace hubtrail::protocol {

enum class ProtocolErrc {
    too_large,     ///< a record over the limit, or no record end within it
    bad_json,      ///< not JSON, or over a limit of the JSON guard
    bad_message,   ///< JSON, but not a message of this protocol
    bad_handshake  ///< the handshake request is not one
};

/// Why a peer's bytes were refused. `detail` is the reference's text where it has one; it is shown
/// to the peer only with detailed errors on.
struct ProtocolError {
    ProtocolErrc code;
    std::string detail;
};

}  // namespace hubtrail::protocol
