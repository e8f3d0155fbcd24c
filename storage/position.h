#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/cursor.h"
#include "storage/log_service.h"

namespace hubtrail::storage {

/// Where a reader starts, proven against the log.
struct StartPosition {
    LogHead head;
    std::int64_t after_pos = 0;
    protocol::Cursor cursor;  ///< of after_pos
};

/// Why a reader cannot start there, ready to be answered (docs/api.md 2).
struct PositionError {
    int status;        ///< 400, 410 or 503
    std::string code;  ///< cursor-invalid, cursor-ahead, cursor-expired, log-reset, since-invalid,
                       ///< unavailable
    std::string text;
    std::string details_json;  ///< 410: oldest_cursor, latest_cursor, lost_at_least; else empty
};

using StartDone = std::function<void(Result<StartPosition, PositionError>)>;

/// Turns a cursor, or else a `since` (`earliest`, `latest`, RFC 3339; empty: latest), into a
/// position. A cursor is checked against the log: MAC, tenant, epoch, bounds, and the fingerprint
/// of the event that it names, so a position that was used again after a restore is told from the
/// one that was seen. `service` and `codec` must live until `done`, which is called once, on a
/// store thread or on the caller's. Thread: any.
void resolve_start(LogService& service, const protocol::CursorCodec& codec, std::string tenant,
                   std::string_view cursor, std::string_view since, StartDone done);

/// The cursor of the last event at or before `to` of a page.
protocol::Cursor page_cursor(const Page& page);
/// The cursor of an event.
protocol::Cursor event_cursor(std::uint32_t epoch, const protocol::LogEvent& event);

/// `{"oldest_cursor":...,"latest_cursor":...,"first_pos":...,"last_pos":...,"epoch":...}`; the
/// answer of GET /api/v1/sync/cursor and GetCursor().
std::string describe_head(const protocol::CursorCodec& codec, std::string_view tenant,
                          const StartPosition& latest);

}  // namespace hubtrail::storage
