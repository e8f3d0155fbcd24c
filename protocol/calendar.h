#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.h"

namespace hubtrail::protocol {

inline constexpr std::int64_t kSecondsPerDay = 86'400;

// A calendar of years that begin on March 1st puts the leap day last, so that months need no table.
// Eras of 400 years all have the same number of days.
inline constexpr std::int64_t kDaysPerEra = 146'097;
inline constexpr std::int64_t kDaysToEpoch = 719'468;  // from 0000-03-01 to 1970-01-01
inline constexpr std::int64_t kDaysPerYear = 365;

/// Days from 1970-01-01 to a date of the years 1 to 10,000 (proleptic Gregorian).
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

/// The inverse of days_from_date().
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

constexpr bool is_leap_year(std::int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr std::int64_t days_of_month(std::int64_t year, std::int64_t month) {
    constexpr std::array<std::int8_t, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

inline void put_digits(char* to, std::uint32_t value, std::size_t count) {
    for (auto i = count; i-- > 0;) {
        to[i] = static_cast<char>('0' + value % 10U);
        value /= 10U;
    }
}

/// Reads fixed-width digits and single characters of a time's text; `good` turns false at the first
/// that does not fit.
struct TimeScanner {
    std::string_view text;
    bool good = true;

    bool at_digit() const { return !text.empty() && is_digit(text.front()); }
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

    /// Everything behind the point in units of `unit_max`-ths of a second; later digits are only
    /// checked.
    std::int64_t fraction(std::int64_t unit_max) {
        good = good && at_digit();
        std::int64_t value = 0;
        for (std::int64_t unit = unit_max / 10; at_digit(); unit /= 10) {
            value += digits(1) * unit;
        }
        return value;
    }
    /// `+01:00`: seconds east of UTC; a value out of bounds makes the text bad.
    std::int64_t offset_s() {
        const bool west = take('-');
        if (!west) {
            expect('+');
        }
        const auto hours = digits(2);
        expect(':');
        const auto minutes = digits(2);
        good = good && hours <= 23 && minutes <= 59;
        const auto seconds = hours * 3600 + minutes * 60;
        return west ? -seconds : seconds;
    }
};

}  // namespace hubtrail::protocol
