#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/protocol_error.h"

namespace hubtrail::protocol {

/// The first record of a connection, always JSON (HubProtocol.md "Overview", handshake).
struct HandshakeRequest {
    std::string protocol;
    std::int64_t version = 0;
};

inline constexpr std::int64_t kHubProtocolVersionMax = 2;

/// Parses the record without its separator. The error's detail is the reference's text with
/// detailed errors on.
Result<HandshakeRequest, ProtocolError> parse_handshake(std::string_view record);

/// `{}` and separator, or `{"error":...}` and separator.
inline constexpr std::string_view kHandshakeAccepted = "{}\x1e";
void append_handshake_error(std::string& out, std::string_view error);

}  // namespace hubtrail::protocol
