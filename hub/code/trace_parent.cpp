#include "hub/code/trace_parent.h"

#include <algorithm>

#include "base/ascii.h"

namespace hubtrail::hub {
namespace {

// 00-TRACE-SPAN-FLAGS
constexpr std::size_t kVersionSize = 2;
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kTraceSize = 32;
constexpr std::size_t kSpanAt = 36;
constexpr std::size_t kSpanSize = 16;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kFlagsSize = 2;
constexpr std::size_t kSize = kFlagsAt + kFlagsSize;

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return hex_value(c) >= 0 && !is_upper(c); });
}

bool is_id(std::string_view text) {
    return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

bool is_odd(char digit) {
    return hex_value(digit) % 2 != 0;
}

}  // namespace

std::optional<TraceParent> parse_trace_parent(std::string_view text) {
    if (text.size() != kSize || text[kTraceAt - 1] != '-' || text[kSpanAt - 1] != '-' ||
        text[kFlagsAt - 1] != '-') {
        return std::nullopt;
    }
    const auto version = text.substr(0, kVersionSize);
    const auto trace = text.substr(kTraceAt, kTraceSize);
    const auto span = text.substr(kSpanAt, kSpanSize);
    const auto flags = text.substr(kFlagsAt, kFlagsSize);
    if (!is_hex(version) || version == "ff" || !is_id(trace) || !is_id(span) || !is_hex(flags)) {
        return std::nullopt;
    }
    return TraceParent{std::string(trace), std::string(span), is_odd(flags.back())};
}

}  // namespace hubtrail::hub
