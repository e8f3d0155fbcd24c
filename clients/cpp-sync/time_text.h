#pragma once

#include <cstdint>
#include <string>

namespace hubtrail::sync {

/// `2026-05-04T08:00:01.000000Z`.
std::string utc_time_text(std::int64_t wall_us);

/// `2026-05-04T10:00:01`: the clock on the wall of a place so many minutes ahead of UTC.
std::string local_time_text(std::int64_t wall_us, int utc_offset_minutes);

}  // namespace hubtrail::sync
