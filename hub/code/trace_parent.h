#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hubtrail::hub {

/// Where a call comes from in a distributed trace.
struct TraceParent {
    std::string trace_id;  ///< 32 hexadecimal digits in lower case
    std::string span_id;   ///< 16 of them: the span that is to be the parent
    bool sampled = false;

    bool operator==(const TraceParent&) const = default;
};

/// Reads a `traceparent` (W3C Trace Context, version 00 and what later ones have in common with
/// it) as strictly as the reference; nothing: there is none, or it is not one.
std::optional<TraceParent> parse_trace_parent(std::string_view text);

}  // namespace hubtrail::hub
