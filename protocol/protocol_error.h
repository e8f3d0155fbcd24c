#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hubtrail::protocol {

enum class ProtocolErrc {
    too_large,        ///< a record over the limit, or no record end within it
    bad_json,         ///< not JSON, or over a limit of the JSON guard
    bad_messagepack,  ///< not MessagePack, or nested too deep
    bad_message,      ///< well encoded, but not a message of this protocol
    bad_handshake     ///< the handshake request is not one
};

/// Why a peer's bytes were refused. `detail` is the reference's text where it has one; it is shown
/// to the peer only with detailed errors on.
struct ProtocolError {
    ProtocolErrc code;
    std::string detail;
    std::string_view exception = "InvalidDataException";  ///< the reference's type for it
};

/// The reference's text with detailed errors on, `ExceptionType: detail`.
std::string to_text(const ProtocolError& error);

/// A record over the limit, in the reference's words.
ProtocolError record_too_large(std::size_t record_bytes_max);

}  // namespace hubtrail::protocol
