#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "protocol/cursor.h"
#include "protocol/log_query.h"
#include "storage/log_service.h"

namespace hubtrail::storage {

/// Where a reader starts, proven against the log.
struct StartPosition {
    LogHead head;
    std::int64_t after_pos = 0;
    protocol::Cursor cursor;  ///< of after_pos
};

enum class PositionErrc {
    cursor_invalid,  ///< damaged, or made by nobody who has our key
    cursor_foreign,  ///< a good cursor of another tenant
    ahead,           ///< beyond the newest event
    expired,         ///< what comes after it is no longer kept
    reset,           ///< of an earlier epoch
    restored,        ///< another event has its position now: the log came out of a backup
    unavailable,     ///< the store could not be asked; passes
    failed,          ///< the store cannot be asked; does not pass (see storage::passes)
};

/// Why a reader cannot start where it asked to.
struct PositionError {
    PositionErrc code = PositionErrc::unavailable;
    // Of expired, reset and restored: where to go on, and what is missing then.
    protocol::Cursor oldest;
    protocol::Cursor latest;
    std::int64_t lost_at_least = 0;
    std::string detail;  ///< of unavailable and failed: the store's words, for our log only

    /// The history after the place is gone: the way out is `oldest` or `latest`.
    bool is_loss() const {
        return code == PositionErrc::expired || code == PositionErrc::reset ||
               code == PositionErrc::restored;
    }
    bool passes() const { return code == PositionErrc::unavailable; }
};

using StartDone = std::function<void(Result<StartPosition, PositionError>)>;

/// Turns a start into a position. A cursor is checked against the log: MAC, tenant, epoch, bounds,
/// and the fingerprint of the event that it names, so a position that was used again after a
/// restore is told from the one that was seen. `service` and `codec` must live until `done`, which
/// is called once, on a store thread or on the caller's. Thread: any.
void resolve_start(LogService& service, const protocol::CursorCodec& codec, std::string tenant,
                   const protocol::LogStart& start, StartDone done);

/// The cursor of the last event at or before `to` of a page.
protocol::Cursor page_cursor(const Page& page);
/// The cursor of an event.
protocol::Cursor event_cursor(std::uint32_t epoch, const protocol::LogEvent& event);
/// The cursor behind which everything that is kept follows.
protocol::Cursor oldest_cursor(const LogHead& head);

}  // namespace hubtrail::storage
