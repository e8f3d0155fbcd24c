#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "protocol/log_query.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

// Limits of GET /api/v1/sync/changes (docs/limits.md); those of its question are the log's own.
inline constexpr std::size_t kPageEventsMax = 5000;
inline constexpr std::size_t kPageEventsDefault = 1000;
inline constexpr std::int64_t kWaitMaxS = 60;

/// The parameters of GET /api/v1/sync/changes, each valid by itself.
struct SyncQuery {
    protocol::LogQuery log;
    std::size_t limit = kPageEventsDefault;
    std::int64_t wait_s = 0;
    bool wait_preferred = false;  ///< `wait_s` came from `Prefer: wait=N`

    bool operator==(const SyncQuery&) const = default;
};

/// Parameters with other names are ignored: clients add cache busters. The first
/// wrong one is told. `Prefer` is a wish (RFC 7240): more than kWaitMaxS is cut, nonsense is
/// ignored, and the parameter `wait` wins. Thread: any.
Result<SyncQuery, protocol::QueryError> parse_sync_query(const transport::HttpRequest& request);

}  // namespace hubtrail::rest
