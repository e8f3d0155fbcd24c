#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "hub/code/convert_trait.h"
#include "protocol/calendar.h"
#include "protocol/time_span_text.h"
#include "protocol/timestamp_text.h"

namespace hubtrail {

namespace detail {

inline constexpr const char* kTimeOutOfRange = "the time is out of range";

/// Whether a duration is no longer than so many seconds, whatever its type: also where a cast would
/// overflow.
template <typename Rep, typename Period>
constexpr bool is_within(const std::chrono::duration<Rep, Period>& duration, double seconds) {
    const auto length = static_cast<long double>(duration.count()) * Period::num / Period::den;
    return length >= -seconds && length <= seconds;  // NaN is not
}

}  // namespace detail

/// An instant: JSON as ISO 8601 in UTC, MessagePack as its timestamp, or as .NET's DateTimeOffset.
/// What .NET calls DateTime.MinValue and MaxValue are min() and max() of a type that does not reach
/// so far.
template <typename Duration>
struct Convert<std::chrono::time_point<std::chrono::system_clock, Duration>> {
    using Instant = std::chrono::time_point<std::chrono::system_clock, Duration>;

    static void write(ValueWriter& writer, const Instant& value) {
        const auto since = value.time_since_epoch();
        if (!detail::is_within(since, kReachS)) {
            return writer.fail(protocol::kNotAYear);
        }
        // Rounded towards 0, then down: floor() would overflow at min().
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
        auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds);
        if (rest.count() < 0) {
            seconds -= std::chrono::seconds(1);
            rest += std::chrono::seconds(1);
        }
        writer.timestamp({seconds.count(), static_cast<std::uint32_t>(rest.count())});
    }
    static bool read(ValueReader& reader, Instant& value) {
        protocol::Timestamp timestamp;
        if (!reader.read_timestamp(timestamp)) {
            return false;
        }
        if (timestamp.seconds >= kLeast && timestamp.seconds <= kMost) {
            value = Instant(
                std::chrono::duration_cast<Duration>(std::chrono::seconds(timestamp.seconds)) +
                std::chrono::duration_cast<Duration>(
                    std::chrono::nanoseconds(timestamp.nanoseconds)));
            return true;
        }
        if (timestamp.seconds == kFirstSecond || timestamp.seconds == kLastSecond) {
            value = timestamp.seconds < 0 ? Instant::min() : Instant::max();
            return true;
        }
        return reader.fail(detail::kTimeOutOfRange);
    }

private:
    static constexpr double kReachS = 1e12;  // beyond every year that can be said
    static constexpr auto kFirstSecond =
        protocol::days_from_date(1, 1, 1) * protocol::kSecondsPerDay;
    static constexpr auto kLastSecond =
        protocol::days_from_date(10'000, 1, 1) * protocol::kSecondsPerDay - 1;
    // Whole seconds that Duration holds with a fraction.
    static constexpr std::int64_t kLeast =
        detail::is_within(Duration::min(), -static_cast<double>(kFirstSecond))
            ? std::chrono::duration_cast<std::chrono::seconds>(Duration::min()).count()
            : kFirstSecond;
    static constexpr std::int64_t kMost =
        detail::is_within(Duration::max(), static_cast<double>(kLastSecond))
            ? std::chrono::duration_cast<std::chrono::seconds>(Duration::max()).count() - 1
            : kLastSecond;
};

/// .NET's TimeSpan: JSON as text such as `1.02:03:04.5000000`, MessagePack as ticks of 100 ns.
template <typename Rep, typename Period>
struct Convert<std::chrono::duration<Rep, Period>> {
    using Duration = std::chrono::duration<Rep, Period>;
    using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, protocol::kTicksPerSecond>>;

    static void write(ValueWriter& writer, const Duration& value) {
        if (!detail::is_within(value, kReachS)) {
            return writer.fail("A duration beyond 29,000 years cannot be sent.");
        }
        const auto ticks = std::chrono::duration_cast<Ticks>(value).count();
        if (writer.encoding() == protocol::Encoding::messagepack) {
            return writer.integer(ticks);
        }
        std::string text;
        protocol::append_time_span(text, ticks);
        writer.string(text);
    }
    static bool read(ValueReader& reader, Duration& value) {
        std::int64_t ticks = 0;
        if (reader.encoding() == protocol::Encoding::messagepack) {
            if (!reader.read_integer(ticks)) {
                return false;
            }
        } else if (std::string text; !reader.read_string(text)) {
            return false;
        } else if (!protocol::parse_time_span(text, ticks)) {
            return reader.fail("expected a duration such as 1.02:03:04.5");
        }
        const std::chrono::duration<long double, Period> exact = Ticks(ticks);
        if (exact.count() < static_cast<long double>(Duration::min().count()) ||
            exact.count() > static_cast<long double>(Duration::max().count())) {
            return reader.fail("the duration is out of range");
        }
        value = std::chrono::duration_cast<Duration>(Ticks(ticks));
        return true;
    }

private:
    static constexpr double kReachS = 9.2e11;  // 64 bits of ticks
};

/// .NET's DateOnly: JSON as `2024-02-29`, MessagePack as days since 0001-01-01.
template <>
struct Convert<std::chrono::year_month_day> {
    static void write(ValueWriter& writer, const std::chrono::year_month_day& value) {
        const auto year = static_cast<int>(value.year());
        if (!value.ok() || year < 1 || year > 9999) {
            return writer.fail("A date outside the years 1 to 9999 cannot be sent.");
        }
        const auto days = days_of(value);
        if (writer.encoding() == protocol::Encoding::messagepack) {
            return writer.integer(days - kFirstDay);
        }
        std::string text;
        protocol::append_timestamp(text, {days * protocol::kSecondsPerDay, 0});
        writer.string(std::string_view(text).substr(0, kTextSize));
    }
    static bool read(ValueReader& reader, std::chrono::year_month_day& value) {
        std::int64_t days = 0;
        if (reader.encoding() == protocol::Encoding::messagepack) {
            if (!reader.read_integer(days)) {
                return false;
            }
            if (days < 0 || days > kLastDay - kFirstDay) {
                return reader.fail("the date is out of range");
            }
            days += kFirstDay;
        } else {
            std::string text;
            protocol::Timestamp midnight;
            if (!reader.read_string(text)) {
                return false;
            }
            if (text.size() != kTextSize || !protocol::parse_timestamp(text, midnight)) {
                return reader.fail("expected a date such as 2024-02-29");
            }
            days = (midnight.seconds - kFirstDay * protocol::kSecondsPerDay) /
                       protocol::kSecondsPerDay +
                   kFirstDay;
        }
        const auto date = protocol::date_from_days(days);
        value = std::chrono::year(static_cast<int>(date.year)) / static_cast<int>(date.month) /
                static_cast<int>(date.day);
        return true;
    }

private:
    static constexpr std::size_t kTextSize = 10;
    static constexpr auto kFirstDay = protocol::days_from_date(1, 1, 1);
    static constexpr auto kLastDay = protocol::days_from_date(9999, 12, 31);
    static std::int64_t days_of(const std::chrono::year_month_day& date) {
        return protocol::days_from_date(static_cast<int>(date.year()),
                                        static_cast<unsigned>(date.month()),
                                        static_cast<unsigned>(date.day()));
    }
};

}  // namespace hubtrail
