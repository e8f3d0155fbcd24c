#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hubtrail::protocol {

/// Of .NET's TimeSpan, in which both encodings carry a duration: 100 ns.
inline constexpr std::int64_t kTicksPerSecond = 10'000'000;

/// Appends `-1.02:03:04.5000000`: .NET's constant format, without days or a fraction that are 0.
void append_time_span(std::string& out, std::int64_t ticks);

/// Reads the same. False when it is not one or beyond 64 bits of ticks.
bool parse_time_span(std::string_view text, std::int64_t& ticks);

}  // namespace hubtrail::protocol
