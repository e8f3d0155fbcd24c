#include "storage/idempotent_result.h"

#include <charconv>

namespace hubtrail::storage {
namespace {

template <typename Number>
void put(std::string& out, Number number) {
    out += std::to_string(number);
    out += ' ';
}

// Takes "123 " off the front.
template <typename Number>
bool take(std::string_view& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto used = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || used == text.size() || text[used] != ' ') {
        return false;
    }
    text.remove_prefix(used + 1);
    return true;
}

bool take_event(std::string_view& text, AppendedEvent& event) {
    int duplicate = 0;
    std::size_t id_bytes = 0;
    if (!take(text, event.pos) || !take(text, event.epoch) || !take(text, event.fingerprint) ||
        !take(text, event.recorded_us) || !take(text, duplicate) || !take(text, id_bytes) ||
        id_bytes >= text.size() || text[id_bytes] != '\n') {
        return false;
    }
    event.duplicate = duplicate != 0;
    event.id = text.substr(0, id_bytes);
    text.remove_prefix(id_bytes + 1);
    return true;
}

}  // namespace

std::string encode_results(const std::vector<AppendedEvent>& events) {
    std::string text;
    for (const auto& event : events) {
        put(text, event.pos);
        put(text, event.epoch);
        put(text, event.fingerprint);
        put(text, event.recorded_us);
        put(text, event.duplicate ? 1 : 0);
        put(text, event.id.size());  // the id may hold any character, so its length goes first
        text += event.id;
        text += '\n';
    }
    return text;
}

std::optional<std::vector<AppendedEvent>> decode_results(std::string_view text) {
    std::vector<AppendedEvent> events;
    while (!text.empty()) {
        AppendedEvent event;
        if (!take_event(text, event)) {
            return std::nullopt;
        }
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace hubtrail::storage
