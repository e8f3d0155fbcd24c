#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/cursor.h"
#include "storage/log_store.h"

namespace hubtrail::rest {

/// The body of GET /api/v1/sync/changes: what a page holds of the positions from .. page.to.
/// `share_id` is shown unless it is empty. Thread: any.
std::string make_changes_body(const protocol::CursorCodec& codec, std::string_view tenant,
                              std::int64_t from, const storage::Page& page,
                              std::string_view share_id);

}  // namespace hubtrail::rest
