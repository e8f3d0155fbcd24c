#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hubtrail::protocol {

/// An event before it has a position: validated, its body written once (docs/api.md 1).
/// `body` is a JSON object text without `pos`, `cursor` and `recorded_at`; it starts with
/// `{"tenant_id":` and is never empty. The other fields are copies for indexes and filters.
struct NewEvent {
    std::string id;
    std::string stream;
    std::string type;
    std::string site_id;
    std::string user_id;
    std::string body;
    std::string path = {};
    std::string old_path = {};
    std::string actor_client_id = {};
    std::string actor_device_id = {};
    /// Where in the body a time stands that the sender did not give (occurred_at); 0: nowhere.
    std::size_t default_time_at = 0;

    bool operator==(const NewEvent&) const = default;
};

/// Whether the event says what a body says that was written before: byte for byte, but for the time
/// that stands where the sender gave none. Thread: any.
bool same_content(const NewEvent& event, std::string_view body);

/// One event of the log. Immutable once committed.
struct LogEvent {
    std::int64_t pos = 0;           ///< dense per tenant, from 1
    std::uint32_t fingerprint = 0;  ///< random, 31 bits; tells a re-used position
    std::int64_t recorded_us = 0;   ///< UTC microseconds, never decreasing within a tenant
    std::string stream;
    std::string type;
    std::string site_id;
    std::string user_id;
    std::string id;
    std::string body;  ///< as in NewEvent
    std::string path = {};
    std::string old_path = {};
    std::string actor_client_id = {};
    std::string actor_device_id = {};

    bool operator==(const LogEvent&) const = default;
};

/// What every event body that is written gets from the request and the token.
struct EventContext {
    std::string_view tenant;
    std::string_view service_account;  ///< empty: null
    std::int64_t now_us = 0;           ///< default of occurred_at
};

/// Why an event of a request was refused; complete enough to mend the sender.
struct EventError {
    std::size_t index = 0;  ///< in the array; 0 for a single event
    std::string field;      ///< path such as `data` or `occurred_at`; empty: the event itself
    std::string expected;   ///< "a string of 1 to 64 characters of a-z 0-9 _ . -"
    std::string found;      ///< short and safe to show: "number", "string of 70 characters"
    bool not_json = false;  ///< the text is not JSON (or breaks a limit of the JSON guard);
                            ///< `expected` says where
};

inline constexpr std::size_t kEventsPerRequestMax = 1000;
inline constexpr std::size_t kEventDataBytesMax = std::size_t{64} * 1024;
inline constexpr std::size_t kEventDataDepthMax = 32;

/// Makes ids for events that came without one.
/// Thread: any. An implementation synchronises itself or serves one caller.
class IdMaker {
public:
    virtual ~IdMaker() = default;
    virtual std::string make_id() = 0;
};

/// Parses one event or an array of events (the body of `POST /api/v1/events`), validates each
/// field, and writes each body. One pass: the first mistake in the text is the one that is told.
/// Thread: any.
Result<std::vector<NewEvent>, EventError> parse_events(std::string_view json,
                                                       const EventContext& context, IdMaker& ids);

/// Appends the event as every channel shows it: the body with pos, cursor and recorded_at in front.
void append_event_json(std::string& out, const LogEvent& event, std::string_view cursor);

/// The same, already escaped as the inside of a JSON string (for ReceiveMessage's one argument),
/// without the enclosing quotes.
void append_event_json_escaped(std::string& out, const LogEvent& event, std::string_view cursor);

/// `2026-05-04T08:00:01.000000Z`. Times outside the years 1 to 9999 become the nearest inside.
void append_time(std::string& out, std::int64_t wall_us);
std::string time_text(std::int64_t wall_us);

/// RFC 3339 with `Z` or an offset, any number of fraction digits (cut to microseconds); instants of
/// the years 1970 to 9999. A leap second is the first second of the next day. The error says what
/// was expected.
Result<std::int64_t, std::string> parse_time(std::string_view text);

}  // namespace hubtrail::protocol
