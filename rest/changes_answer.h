#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "follow/sink.h"
#include "protocol/cursor.h"
#include "protocol/event.h"

namespace hubtrail::rest {

/// The body of GET /api/v1/sync/changes: a range of the log and those of its events that the reader
/// sees. `share_id` is shown unless it is empty. Thread: any.
std::string make_changes_body(const protocol::CursorCodec& codec, std::string_view tenant,
                              const follow::Range& range,
                              const std::vector<protocol::LogEvent>& events,
                              std::string_view share_id);

}  // namespace hubtrail::rest
