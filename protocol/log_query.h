#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hubtrail::protocol {

// Limits of a question, the same on every channel (docs/limits.md).
inline constexpr std::size_t kFilterSitesMax = 100;
inline constexpr std::size_t kFilterStreamsMax = 100;
inline constexpr std::size_t kFilterTypesMax = 100;
inline constexpr std::size_t kFilterOriginsMax = 100;
// Of a value, which are those of the event's field.
inline constexpr std::size_t kSiteCharsMax = 128;
inline constexpr std::size_t kStreamCharsMax = 64;
inline constexpr std::size_t kTypeCharsMax = 128;  ///< without the star
inline constexpr std::size_t kUserCharsMax = 128;
inline constexpr std::size_t kPathCharsMax = 4096;
inline constexpr std::size_t kOriginCharsMax = 256;

/// Where a reader starts. A cursor is not yet proven: that takes the log (storage/position.h).
struct LogStart {
    enum class Kind {
        latest,
        earliest,
        time,      ///< with what was recorded at `number` or later
        cursor,    ///< behind the event that it names
        position,  ///< behind `number`; no text says so: positions do not survive a restore
    };
    Kind kind = Kind::latest;
    std::int64_t number = 0;  ///< UTC microseconds, or a position
    std::string cursor;

    bool operator==(const LogStart&) const = default;
};

/// What a reader asks of the log, whatever the channel (docs/api.md 2). An empty member asks for
/// any. Each value is valid by itself; what the token allows is auth/visibility.h's to say.
struct LogQuery {
    std::vector<std::string> sites;  ///< each list without duplicates
    std::vector<std::string> streams;
    std::vector<std::string> types;  ///< `file.*` matches a prefix
    std::string user_id;
    std::string path_prefix;                   ///< of `path` or `old_path`
    std::vector<std::string> exclude_origins;  ///< clients and devices whose events are left out
    std::optional<LogStart> start;             ///< nothing: it was not said, which means latest

    bool operator==(const LogQuery&) const = default;
};

enum class QueryErrc {
    bad_value,  ///< a value out of its grammar or limit, or given too often
    bad_start,  ///< `since` is none of its forms
};

/// Why a question was refused, complete enough to mend it. Each channel says it in its own way; it
/// quotes nothing of the peer: both texts are constants of ours.
struct QueryError {
    QueryErrc code = QueryErrc::bad_value;
    std::string_view field;     ///< the parameter, `site_id`
    std::string_view expected;  ///< "at most 100 sites"; reads well after "expected" and "must be"

    bool operator==(const QueryError&) const = default;
};

/// A name of the grammar.
struct QueryName {
    std::string_view name;
    bool repeatable;  ///< a list: each further value adds to it
};

/// Every name that parse_log_query() takes.
std::span<const QueryName> log_query_names();
/// Ignores case; null for other names. Lives for ever.
const QueryName* find_log_query_name(std::string_view name);

/// Names and values, decoded, in the order of the text.
using QueryItems = std::vector<std::pair<std::string, std::string>>;

/// The one grammar of REST, hub URLs and Subscribe. Names ignore case; other names than
/// log_query_names() are passed over. The first mistake is the one that is told. Thread: any.
Result<LogQuery, QueryError> parse_log_query(const QueryItems& items);

/// What is left of a question where part of the answer is fixed: by a hub, by the URL of its
/// connection. It never shows more than either, and what either leaves out is left out. An asked
/// value that lies outside is an error and not silence: nothing would ever match it. The start is
/// the asked one. Thread: any.
Result<LogQuery, QueryError> narrow(const LogQuery& fixed, const LogQuery& asked);

}  // namespace hubtrail::protocol
