#include "protocol/time_span_text.h"

#include <limits>

#include "protocol/calendar.h"

namespace hubtrail::protocol {
namespace {

constexpr std::size_t kFractionDigits = 7;
constexpr std::size_t kDaysDigitsMax = 8;  // of 64 bits of ticks: 10,675,199 days

constexpr std::uint64_t kTicks = kTicksPerSecond;

void append_digits(std::string& out, std::uint64_t value, std::size_t count) {
    out.append(count, '0');
    put_digits(out.data() + out.size() - count, static_cast<std::uint32_t>(value), count);
}

}  // namespace

void append_time_span(std::string& out, std::int64_t ticks) {
    // As unsigned: the least value has no positive counterpart.
    const auto all = ticks < 0 ? ~static_cast<std::uint64_t>(ticks) + 1 : std::uint64_t(ticks);
    const auto seconds = all / kTicks;
    const auto days = seconds / static_cast<std::uint64_t>(kSecondsPerDay);
    out += ticks < 0 ? "-" : "";
    if (days != 0) {
        out += std::to_string(days) + ".";
    }
    append_digits(out, seconds / 3600 % 24, 2);
    out.push_back(':');
    append_digits(out, seconds / 60 % 60, 2);
    out.push_back(':');
    append_digits(out, seconds % 60, 2);
    if (all % kTicks != 0) {
        out.push_back('.');
        append_digits(out, all % kTicks, kFractionDigits);
    }
}

bool parse_time_span(std::string_view text, std::int64_t& ticks) {
    TimeScanner in{text};
    const bool negative = in.take('-');
    std::int64_t days = 0;
    const auto point = in.text.find('.');
    if (point < in.text.find(':')) {
        if (point > kDaysDigitsMax || point == 0) {
            return false;
        }
        days = in.digits(point);
        in.expect('.');
    }
    const auto hours = in.digits(2);
    in.expect(':');
    const auto minutes = in.digits(2);
    in.expect(':');
    const auto seconds = in.digits(2);
    const auto fraction = in.take('.') ? in.fraction(kTicksPerSecond) : 0;
    if (!in.good || !in.text.empty() || hours > 23 || minutes > 59 || seconds > 59) {
        return false;
    }
    const auto whole =
        static_cast<std::uint64_t>(days * kSecondsPerDay + hours * 3600 + minutes * 60 + seconds);
    const auto all = whole * kTicks + static_cast<std::uint64_t>(fraction);
    const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (all > most + (negative ? 1 : 0)) {
        return false;
    }
    ticks = static_cast<std::int64_t>(negative ? ~all + 1 : all);
    return true;
}

}  // namespace hubtrail::protocol
