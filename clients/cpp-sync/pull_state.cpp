#include "clients/cpp-sync/pull_state.h"

#include <algorithm>

#include "base/ascii.h"

namespace hubtrail::sync {
namespace {

constexpr std::string_view kSince = "since ";

std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

bool is_plain_word(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

void append_number(std::string& out, const char* name, const std::optional<std::int64_t>& value) {
    if (value) {
        out += name + (" " + std::to_string(*value)) + "\n";
    }
}

}  // namespace

std::string format_pull_state(const PullState& state) {
    std::string out = state.cursor.empty() ? std::string(kSince) + state.since : state.cursor;
    out += "\n";
    append_number(out, "position", state.position);
    append_number(out, "epoch", state.epoch);
    append_number(out, "out_bytes", state.out_bytes);
    return out;
}

std::optional<PullState> parse_pull_state(std::string_view text) {
    PullState state;
    const auto first = take_line(text);
    if (first.substr(0, kSince.size()) == kSince && is_plain_word(first.substr(kSince.size()))) {
        state.since = first.substr(kSince.size());
    } else if (is_plain_word(first)) {
        state.cursor = first;
    } else {
        return std::nullopt;
    }
    while (!text.empty()) {
        const auto line = take_line(text);
        const auto space = line.find(' ');
        const auto name = line.substr(0, space);
        const auto number = space == std::string_view::npos
                                ? std::nullopt
                                : to_integer<std::int64_t>(line.substr(space + 1));
        auto* field = name == "position"    ? &state.position
                      : name == "epoch"     ? &state.epoch
                      : name == "out_bytes" ? &state.out_bytes
                                            : nullptr;
        if (field == nullptr || !number || *number < 0) {
            return std::nullopt;
        }
        *field = number;
    }
    return state;
}

}  // namespace hubtrail::sync
