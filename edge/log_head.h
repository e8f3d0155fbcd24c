#pragma once

#include <string>
#include <string_view>

#include "protocol/cursor.h"
#include "storage/position.h"

namespace hubtrail::edge {

/// `{"oldest_cursor":...,"latest_cursor":...,"first_pos":...,"last_pos":...,"epoch":...}`: the
/// answer of GET /api/v1/sync/cursor and GetCursor(). `latest`: the head, as resolve_start() found
/// it. Thread: any.
std::string describe_head(const protocol::CursorCodec& codec, std::string_view tenant,
                          const storage::StartPosition& latest);

}  // namespace hubtrail::edge
