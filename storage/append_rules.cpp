#include "storage/append_rules.h"

#include <algorithm>
#include <utility>

namespace hubtrail::storage {
namespace {

AppendedEvent make_answer(std::string_view id, std::uint32_t epoch, const EventPlace& place,
                          bool duplicate) {
    return {std::string(id), place.pos, epoch, place.fingerprint, place.recorded_us, duplicate};
}

}  // namespace

std::uint32_t make_fingerprint(std::uint32_t random_bits) {
    const std::uint32_t bits = random_bits & 0x7FFF'FFFFU;
    return bits == 0 ? 1 : bits;
}

Numbering::Numbering(const LogHead& head, std::int64_t last_us, std::int64_t now_us)
    : head_(head), last_us_(last_us), at_us_(std::max(last_us, now_us)) {}

const Numbering::Taken* Numbering::earlier(const protocol::NewEvent& event) const {
    const auto [begin, end] = taken_.equal_range(event.id);
    const auto found = std::find_if(begin, end, [&](const auto& entry) {
        const auto& before = *entry.second.event;
        return before.site_id == event.site_id && before.user_id == event.user_id;
    });
    return found == end ? nullptr : &found->second;
}

EventPlace Numbering::next(std::uint32_t fingerprint) const {
    return {head_.last_pos + 1, fingerprint, at_us_};
}

AppendedEvent Numbering::take(const protocol::NewEvent& event, const EventPlace& place) {
    head_.last_pos = place.pos;
    last_us_ = place.recorded_us;
    changed_ = true;
    taken_.emplace(event.id, Taken{&event, place});
    return make_answer(event.id, head_.epoch, place, false);
}

std::optional<AppendedEvent> Numbering::know(const protocol::NewEvent& event,
                                             const EventPlace& place, std::string_view body) const {
    if (!protocol::same_content(event, body)) {
        return std::nullopt;
    }
    return make_answer(event.id, head_.epoch, place, true);
}

void Numbering::rewind(const Mark& mark) {
    head_.last_pos = mark.last_pos;
    last_us_ = mark.last_us;
    changed_ = mark.changed;
    std::erase_if(taken_,
                  [&](const auto& entry) { return entry.second.place.pos > mark.last_pos; });
}

std::optional<AppendResult> answer_again(const AppendRequest& request,
                                         const StoredRequest& stored) {
    AppendResult result;
    if (stored.fingerprint != request.request_fingerprint) {
        result.key_reused = true;
        return result;
    }
    auto events = decode_results(stored.results);
    if (!events) {
        return std::nullopt;
    }
    result.replayed = true;
    result.events = std::move(*events);
    return result;
}

}  // namespace hubtrail::storage
