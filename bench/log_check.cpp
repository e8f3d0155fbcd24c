#include "bench/log_check.h"

#include <charconv>
#include <ctime>
#include <utility>

#include <unistd.h>

#include "bench/json_scan.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kSlots = 1024;
constexpr std::size_t kQuotedBytesMax = 200;

}  // namespace

std::string run_name() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return "r" + std::to_string(now.tv_sec) + "." + std::to_string(now.tv_nsec) + "." +
           std::to_string(getpid()) + "-";
}

std::string log_event(std::string_view run, std::uint64_t number, std::uint32_t bytes) {
    std::string body = R"({"id":")";
    body.append(run).append(std::to_string(number));
    body.append(R"(","stream":"entries","type":"entry.granted","site_id":"bench","data":{"x":")");
    body.append(bytes, 'x').append("\"}}");
    return body;
}

LogCheck::LogCheck(std::size_t connections, std::string run, std::uint64_t last_pos,
                   std::uint64_t events)
    : run_(std::move(run)), next_(connections, last_pos + 1), pos_of_(events, 0), slots_(kSlots) {}

LogCheck::Verdict LogCheck::accept(std::size_t connection, std::string_view record) {
    auto& next = next_[connection];
    auto& slot = slots_[next % kSlots];
    if (slot.from != next || record != slot.record) {
        const auto verdict = read_in_full(record, slot, next);
        if (verdict != Verdict::events) {
            return verdict;
        }
    }
    next = slot.to + 1;
    numbers_ = slot.numbers;
    delivered_ += numbers_.size();
    return Verdict::events;
}

LogCheck::Verdict LogCheck::read_in_full(std::string_view record, Slot& slot,
                                         std::uint64_t expected) {
    const auto item = json_member(record, "item").value_or("");
    if (json_member(record, "type") != "2" || item.empty()) {
        return wrong("not an item of the stream", record);
    }
    const auto kind = json_plain_string(json_member(item, "k").value_or(""));
    if (kind == "live") {
        ++live_;
        return Verdict::live;
    }
    if (kind == "hb") {
        return Verdict::quiet;
    }
    const auto from = json_unsigned(json_member(item, "from").value_or(""));
    const auto to = json_unsigned(json_member(item, "to").value_or(""));
    if (kind != "batch" || from != expected || !to || *to < *from) {
        return wrong("not a batch that begins with position " + std::to_string(expected), record);
    }
    slot.numbers.clear();
    auto pos = *from;
    JsonElements events(json_member(item, "items").value_or("[]"));
    for (auto event = events.next(); event; event = events.next(), ++pos) {
        const auto id = json_plain_string(json_member(*event, "id").value_or("")).value_or("");
        if (json_unsigned(json_member(*event, "pos").value_or("")) != pos ||
            id.substr(0, run_.size()) != run_) {
            return wrong("not an event of this run at " + std::to_string(pos), record);
        }
        std::uint64_t number = 0;
        const auto* end = id.data() + id.size();
        const auto parsed = std::from_chars(id.data() + run_.size(), end, number);
        if (parsed.ptr != end || number >= pos_of_.size() ||
            (pos_of_[number] != 0 && pos_of_[number] != pos)) {
            return wrong("an event that was not sent, or at a second position", record);
        }
        pos_of_[number] = pos;
        slot.numbers.push_back(number);
    }
    if (pos != *to + 1) {
        return wrong("a batch without the events up to its 'to'", record);
    }
    slot.from = *from;
    slot.to = *to;
    slot.record = record;
    return Verdict::events;
}

LogCheck::Verdict LogCheck::wrong(std::string_view why, std::string_view record) {
    failure_ = std::string(why) + ": " + std::string(record.substr(0, kQuotedBytesMax));
    return Verdict::wrong;
}

}  // namespace hubtrail::bench
