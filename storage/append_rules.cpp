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

std::optional<AppendedEvent> Numbering::earlier(std::string_view id) const {
    const auto found = places_.find(id);
    if (found == places_.end()) {
        return std::nullopt;
    }
    return make_answer(id, head_.epoch, found->second, true);
}

EventPlace Numbering::next(std::uint32_t fingerprint) const {
    return {head_.last_pos + 1, fingerprint, at_us_};
}

AppendedEvent Numbering::take(std::string_view id, const EventPlace& place) {
    head_.last_pos = place.pos;
    last_us_ = place.recorded_us;
    changed_ = true;
    places_.emplace(id, place);
    return make_answer(id, head_.epoch, place, false);
}

AppendedEvent Numbering::know(std::string_view id, const EventPlace& stored) {
    places_.emplace(id, stored);
    return make_answer(id, head_.epoch, stored, true);
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
