#include <algorithm>

#include "protocol/calendar.h"
#include "protocol/event.h"

namespace hubtrail::protocol {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kTimeMinUs = days_from_date(1, 1, 1) * kSecondsPerDay * kMicrosPerSecond;
constexpr std::int64_t kTimeMaxUs =
    days_from_date(10'000, 1, 1) * kSecondsPerDay * kMicrosPerSecond - 1;

}  // namespace

void append_time(std::string& out, std::int64_t wall_us) {
    // Counted from the first of them, nothing is negative and division rounds down.
    const auto us = std::clamp(wall_us, kTimeMinUs, kTimeMaxUs) - kTimeMinUs;
    const auto seconds = us / kMicrosPerSecond;
    const auto date = date_from_days(seconds / kSecondsPerDay + days_from_date(1, 1, 1));
    const auto second_of_day = static_cast<std::uint32_t>(seconds % kSecondsPerDay);
    const auto start = out.size();
    out += "0000-00-00T00:00:00.000000Z";
    char* const text = out.data() + start;
    put_digits(text, date.year, 4);
    put_digits(text + 5, date.month, 2);
    put_digits(text + 8, date.day, 2);
    put_digits(text + 11, second_of_day / 3600U, 2);
    put_digits(text + 14, second_of_day / 60U % 60U, 2);
    put_digits(text + 17, second_of_day % 60U, 2);
    put_digits(text + 20, static_cast<std::uint32_t>(us % kMicrosPerSecond), 6);
}

std::string time_text(std::int64_t wall_us) {
    std::string out;
    append_time(out, wall_us);
    return out;
}

Result<std::int64_t, std::string> parse_time(std::string_view text) {
    TimeScanner in{text};
    const auto year = in.digits(4);
    in.expect('-');
    const auto month = in.digits(2);
    in.expect('-');
    const auto day = in.digits(2);
    if (!in.take('t')) {
        in.expect('T');
    }
    const auto hour = in.digits(2);
    in.expect(':');
    const auto minute = in.digits(2);
    in.expect(':');
    const auto second = in.digits(2);
    const std::int64_t fraction_us = in.take('.') ? in.fraction(kMicrosPerSecond) : 0;
    const auto offset_s = in.take('Z') || in.take('z') ? 0 : in.offset_s();
    if (!in.good || !in.text.empty()) {
        return Failure{std::string("a time of RFC 3339 such as 2026-05-04T08:00:01.5Z")};
    }
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) || hour > 23 ||
        minute > 59 || second > 60) {
        return Failure{std::string("a time that exists")};
    }
    const auto utc_s = days_from_date(year, month, day) * kSecondsPerDay + hour * 3600 +
                       minute * 60 + second - offset_s;
    // Leap seconds are only ever the last second of a day in UTC.
    if (second == 60 && utc_s % kSecondsPerDay != 0) {
        return Failure{std::string("a time that exists")};
    }
    const auto us = utc_s * kMicrosPerSecond + fraction_us;
    if (us < 0 || us > kTimeMaxUs) {
        return Failure{std::string("a time of the years 1970 to 9999")};
    }
    return us;
}

}  // namespace hubtrail::protocol
