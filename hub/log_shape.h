#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/cursor.h"
#include "protocol/event.h"

namespace hubtrail::hub {

/// How a hub wraps log events for its clients. Connections with the same shape and filter share frames.
struct LogShape {
    enum class Kind : std::uint8_t {
        message,  ///< one invocation of `name` per event, one string argument: the event's JSON
        batch,    ///< stream items of the stream id `name`, each with a contiguous range (docs/api.md 3)
    };
    Kind kind = Kind::message;
    std::string name;

    bool operator==(const LogShape&) const = default;
};

/// The JSON of one event, made at most once per loop whatever the number of shapes and readers.
/// Thread: strand. Lives for one event.
class EncodedEvent {
public:
    EncodedEvent(const protocol::CursorCodec& codec, std::uint32_t tenant_hash, std::uint32_t epoch)
        : codec_(codec), tenant_hash_(tenant_hash), epoch_(epoch) {}

    void set_epoch(std::uint32_t epoch) { epoch_ = epoch; }
    /// Turns to the next event; `event` must live until the one after.
    void reset(const protocol::LogEvent& event);
    /// The event as every channel shows it.
    std::string_view json();
    /// A whole invocation record of the message shape.
    std::string_view message(std::string_view method);

private:
    std::string_view cursor();

    const protocol::CursorCodec& codec_;
    std::uint32_t tenant_hash_;
    std::uint32_t epoch_;
    const protocol::LogEvent* event_ = nullptr;
    std::string cursor_;
    std::string json_;
    std::string message_;
    std::string message_method_;
};

// Stream items of the batch shape; each appends one whole record.
void append_batch_begin(std::string& out, std::string_view stream_id, std::uint32_t epoch,
                        std::int64_t from, std::int64_t to, std::string_view cursor);
void append_batch_end(std::string& out);
void append_live(std::string& out, std::string_view stream_id, std::string_view cursor);
void append_heartbeat(std::string& out, std::string_view stream_id, std::string_view cursor);
/// `details_json` as storage::PositionError has it (oldest_cursor, latest_cursor, lost_at_least).
void append_reset(std::string& out, std::string_view stream_id, std::string_view reason,
                  std::string_view oldest, std::string_view latest, std::int64_t lost_at_least);

}  // namespace hubtrail::hub
