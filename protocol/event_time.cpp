#include <algorithm>
#include <array>
#include <cstring>

#include "protocol/event.h"

namespace hubtrail::protocol {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

// A calendar of years that begin on March 1st puts the leap day last, so that months need no table.
// Eras of 400 years all have the same number of days.
constexpr std::int64_t kDaysPerEra = 146'097;
constexpr std::int64_t kDaysToEpoch = 719'468;  // from 0000-03-01 to 1970-01-01
constexpr std::int64_t kDaysPerYear = 365;

constexpr std::int64_t days_from_date(std::int64_t year, std::int64_t month, std::int64_t day) {
    const auto shifted_year = month <= 2 ? year - 1 : year;
    const auto shifted_month = month <= 2 ? month + 9 : month - 3;
    const auto era = shifted_year / 400;
    const auto year_of_era = shifted_year % 400;
    const auto day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    return era * kDaysPerEra + year_of_era * kDaysPerYear + year_of_era / 4 - year_of_era / 100 +
           day_of_year - kDaysToEpoch;
}

struct Date {
    std::uint32_t year;
    std::uint32_t month;
    std::uint32_t day;
};

constexpr Date date_from_days(std::int64_t days_since_epoch) {
    const auto days = static_cast<std::uint32_t>(days_since_epoch + kDaysToEpoch);
    const std::uint32_t era = days / 146'097U;
    const std::uint32_t day_of_era = days % 146'097U;
    // Take out the leap days of 4, 100 and 400 years, then years are 365 days.
    const std::uint32_t year_of_era =
        (day_of_era - day_of_era / 1460U + day_of_era / 36'524U - day_of_era / 146'096U) / 365U;
    const std::uint32_t day_of_year =
        day_of_era - (365U * year_of_era + year_of_era / 4U - year_of_era / 100U);
    const std::uint32_t shifted_month = (5U * day_of_year + 2U) / 153U;
    const std::uint32_t month = shifted_month < 10U ? shifted_month + 3U : shifted_month - 9U;
    return {era * 400U + year_of_era + (month <= 2U ? 1U : 0U), month,
            day_of_year - (153U * shifted_month + 2U) / 5U + 1U};
}

constexpr std::int64_t kTimeMaxUs =
    days_from_date(10'000, 1, 1) * kSecondsPerDay * kMicrosPerSecond - 1;

constexpr bool is_leap_year(std::int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr std::int64_t days_of_month(std::int64_t year, std::int64_t month) {
    constexpr std::array<std::int8_t, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

void put_digits(char* to, std::uint32_t value, std::size_t count) {
    for (auto i = count; i-- > 0;) {
        to[i] = static_cast<char>('0' + value % 10U);
        value /= 10U;
    }
}

/// Reads fixed-width digits and single characters; `good` turns false at the first that does not
/// fit.
struct TimeReader {
    std::string_view text;
    bool good = true;

    bool at_digit() const { return !text.empty() && text.front() >= '0' && text.front() <= '9'; }
    std::int64_t digits(std::size_t count) {
        std::int64_t value = 0;
        for (; count > 0; --count) {
            if (!at_digit()) {
                good = false;
                return 0;
            }
            value = value * 10 + (text.front() - '0');
            text.remove_prefix(1);
        }
        return value;
    }
    bool take(char c) {
        if (text.empty() || text.front() != c) {
            return false;
        }
        text.remove_prefix(1);
        return true;
    }
    void expect(char c) { good = take(c) && good; }
};

// Everything behind the point; digits beyond the sixth are only checked.
std::int64_t read_fraction_us(TimeReader& in) {
    in.good = in.good && in.at_digit();
    std::int64_t micros = 0;
    for (std::int64_t unit = kMicrosPerSecond / 10; in.at_digit(); unit /= 10) {
        micros += in.digits(1) * unit;
    }
    return micros;
}

// Seconds to add to UTC; a value out of bounds makes the text bad.
std::int64_t read_offset_s(TimeReader& in) {
    if (in.take('Z') || in.take('z')) {
        return 0;
    }
    const bool west = in.take('-');
    if (!west) {
        in.expect('+');
    }
    const auto hours = in.digits(2);
    in.expect(':');
    const auto minutes = in.digits(2);
    in.good = in.good && hours <= 23 && minutes <= 59;
    const auto seconds = hours * 3600 + minutes * 60;
    return west ? -seconds : seconds;
}

}  // namespace

void append_time(std::string& out, std::int64_t wall_us) {
    const auto us = std::clamp<std::int64_t>(wall_us, 0, kTimeMaxUs);
    const auto seconds = us / kMicrosPerSecond;
    const auto date = date_from_days(seconds / kSecondsPerDay);
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

Result<std::int64_t, std::string> parse_time(std::string_view text) {
    TimeReader in{text};
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
    const std::int64_t fraction_us = in.take('.') ? read_fraction_us(in) : 0;
    const auto offset_s = read_offset_s(in);
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
