#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hubtrail::sync {

/// What `pull` keeps in its cursor file. Text, so that a shell can use it: the first line is the
/// cursor (or `since WHAT` before the first page), then `name value` lines. A file that holds only
/// a cursor is fine too. Thread: any; a value.
struct PullState {
    std::string cursor;                     ///< empty before the first page
    std::string since;                      ///< where to begin while there is no cursor
    std::optional<std::int64_t> position;   ///< everything up to here was printed
    std::optional<std::int64_t> epoch;      ///< of the log that `position` counts in
    std::optional<std::int64_t> out_bytes;  ///< length of `--out` that belongs to the cursor

    bool operator==(const PullState&) const = default;
};

inline constexpr std::size_t kPullStateBytesMax = 64UL * 1024;

std::string format_pull_state(const PullState& state);
/// Nothing when the text is no cursor file.
std::optional<PullState> parse_pull_state(std::string_view text);

}  // namespace hubtrail::sync
