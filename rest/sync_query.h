#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

// Limits of GET /api/v1/sync/changes (docs/limits.md).
inline constexpr std::size_t kPageEventsMax = 5000;
inline constexpr std::size_t kPageEventsDefault = 1000;
inline constexpr std::int64_t kWaitMaxS = 60;
inline constexpr std::size_t kFilterSitesMax = 100;
inline constexpr std::size_t kFilterStreamsMax = 100;
inline constexpr std::size_t kFilterTypesMax = 100;
inline constexpr std::size_t kSiteCharsMax = 128;
inline constexpr std::size_t kStreamCharsMax = 64;
inline constexpr std::size_t kTypeCharsMax = 128;

/// The parameters of GET /api/v1/sync/changes, each valid by itself. Cursor and since are the log's
/// to judge.
struct SyncQuery {
    std::string cursor;  ///< at most one of the two is not empty
    std::string since;
    std::size_t limit = kPageEventsDefault;
    std::int64_t wait_s = 0;
    bool wait_preferred = false;     ///< `wait_s` came from `Prefer: wait=N`
    std::vector<std::string> sites;  ///< share_id and site_id, each once
    std::vector<std::string> streams;
    std::vector<std::string> types;

    bool operator==(const SyncQuery&) const = default;
};

/// Parameters with other names are ignored: clients add cache busters. A wrong one is refused with
/// 400 `bad-parameter`. `Prefer` is a wish (RFC 7240): more than kWaitMaxS is cut, nonsense is
/// ignored, and the parameter `wait` wins. Thread: any.
Result<SyncQuery, transport::HttpResponse> parse_sync_query(const transport::HttpRequest& request);

}  // namespace hubtrail::rest
