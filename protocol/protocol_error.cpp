#include "protocol/protocol_error.h"

namespace hubtrail::protocol {

std::string to_text(const ProtocolError& error) {
    std::string text(error.exception);
    text.append(": ").append(error.detail);
    return text;
}

ProtocolError record_too_large(std::size_t record_bytes_max) {
    return {ProtocolErrc::too_large,
            "The maximum message size of " + std::to_string(record_bytes_max) +
                "B was exceeded. The message size can be configured in AddHubOptions."};
}

}  // namespace hubtrail::protocol
