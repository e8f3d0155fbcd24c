#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hubtrail::protocol {

/// Message types of the SignalR hub protocol (HubProtocol.md, "Overview").
enum class MessageType : std::uint8_t {
    unknown = 0,  ///< a type we do not know: to be skipped
    invocation = 1,
    stream_item = 2,
    completion = 3,
    stream_invocation = 4,
    cancel_invocation = 5,
    ping = 6,
    close = 7,
    ack = 8,
    sequence = 9,
};

/// One message as read. Raw values are the peer's own text of one argument, item or result (JSON
/// text, or MessagePack bytes), already checked for syntax; they are views into the record that was
/// parsed. Reuse one object for many messages: clear() keeps its capacity.
struct HubMessage {
    MessageType type = MessageType::unknown;
    std::string invocation_id;  ///< empty: absent
    std::string target;
    std::vector<std::string_view> arguments;  ///< raw
    std::vector<std::string> stream_ids;
    std::string_view
        headers;  ///< raw object of texts, of an invocation; empty: absent, or none in it
    std::string_view value;  ///< raw item or result; empty: absent
    std::string error;
    bool has_error = false;
    bool allow_reconnect = false;
    std::int64_t sequence_id = 0;

    void clear();
};

}  // namespace hubtrail::protocol
