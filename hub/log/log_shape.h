#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/cursor.h"
#include "protocol/event.h"
#include "protocol/hub_protocol.h"
#include "transport/connection.h"

namespace hubtrail::hub {

/// How a hub wraps log events for its clients. Connections with the same shape and filter share
/// frames.
struct LogShape {
    enum class Kind : std::uint8_t {
        message,  ///< one invocation of `name` per event, one string argument: the event's JSON
        batch,  ///< stream items of the stream id `name`, each with a contiguous range (docs/api.md
                ///< 3)
    };
    Kind kind = Kind::message;
    std::string name;
    const protocol::HubProtocol* protocol = &protocol::json_hub_protocol();
    transport::Framing framing{};

    bool operator==(const LogShape&) const = default;
};

/// Writes what the log hubs of a loop send. An event is encoded at most once per protocol, whatever
/// the number of shapes and readers; memory is kept from one to the next. Thread: strand.
class LogEncoder {
public:
    explicit LogEncoder(const protocol::CursorCodec& codec) : codec_(codec) {}

    /// Turns to an event, which must live until the next turn. With a `serial` (follow::LiveEvent)
    /// other than 0 that is the last call's, the event is the last call's too: what was made of it
    /// is used again.
    void turn_to(const protocol::LogEvent& event, std::uint32_t tenant_hash, std::uint32_t epoch,
                 std::uint64_t serial = 0);
    /// Appends the event as every channel shows it to the items of a batch, in the shape's
    /// protocol.
    void append_item(std::string& items, const protocol::HubProtocol& protocol);
    /// A whole invocation record of the message shape; dies at the next call.
    std::string_view message(const LogShape& shape);

    // Stream items of the batch shape; each appends one whole record.

    /// `items`: `count` events from append_item().
    void append_batch(std::string& out, const LogShape& shape, std::uint32_t tenant_hash,
                      std::int64_t from, const protocol::Cursor& to, std::string_view items,
                      std::size_t count);
    void append_live(std::string& out, const LogShape& shape, std::uint32_t tenant_hash,
                     const protocol::Cursor& head);
    void append_heartbeat(std::string& out, const LogShape& shape, std::uint32_t tenant_hash,
                          const protocol::Cursor& head);

private:
    /// What is kept per protocol. Thread: strand.
    struct Encoding {
        explicit Encoding(const protocol::HubProtocol& of)
            : protocol(of), writer(of.make_writer(raw)) {}

        const protocol::HubProtocol& protocol;
        std::string raw;
        std::unique_ptr<protocol::ValueWriter> writer;  ///< to raw
        std::string item;     ///< the event as a value; empty: not made yet
        std::string message;  ///< the same for message()
        std::string message_method;
    };

    std::string_view cursor();
    std::string_view head_text(std::uint32_t tenant_hash, const protocol::Cursor& head);
    std::string_view json();
    Encoding& encoding(const protocol::HubProtocol& protocol);
    protocol::ValueWriter& begin(Encoding& encoding);
    void append_cursor_item(std::string& out, const LogShape& shape, std::string_view kind,
                            std::string_view cursor);

    const protocol::CursorCodec& codec_;
    std::uint32_t tenant_hash_ = 0;
    std::uint32_t epoch_ = 1;
    std::uint64_t serial_ = 0;
    const protocol::LogEvent* event_ = nullptr;
    std::string cursor_;
    protocol::Cursor head_;        ///< of head_text_: the channels of a tenant ask for the same one
    std::uint32_t head_hash_ = 0;  ///< its tenant
    std::string head_text_;
    std::string json_;
    std::vector<std::unique_ptr<Encoding>>
        encodings_;  ///< their writers point into them: they never move
};

/// The item that says that the log can no longer be followed (docs/api.md 3); one whole record.
void append_reset(std::string& out, const protocol::HubProtocol& protocol,
                  std::string_view stream_id, std::string_view reason, std::string_view oldest,
                  std::string_view latest, std::int64_t lost_at_least);

}  // namespace hubtrail::hub
