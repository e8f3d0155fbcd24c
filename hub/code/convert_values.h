#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <string>
#include <type_traits>
#include <utility>

#include "hub/code/convert_trait.h"

namespace hubtrail {

template <>
struct Convert<bool> {
    static void write(ValueWriter& writer, bool value) { writer.boolean(value); }
    static bool read(ValueReader& reader, bool& value) { return reader.read_boolean(value); }
};

template <std::integral T>
struct Convert<T> {
    static void write(ValueWriter& writer, T value) {
        if constexpr (std::is_signed_v<T>) {
            writer.integer(value);
        } else {
            writer.unsigned_integer(value);
        }
    }
    static bool read(ValueReader& reader, T& value) {
        std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t> wide = 0;
        if constexpr (std::is_signed_v<T>) {
            if (!reader.read_integer(wide)) {
                return false;
            }
        } else if (!reader.read_unsigned(wide)) {
            return false;
        }
        if (!std::in_range<T>(wide)) {
            return reader.fail("the integer is out of range");
        }
        value = static_cast<T>(wide);
        return true;
    }
};

template <std::floating_point T>
struct Convert<T> {
    static void write(ValueWriter& writer, T value) { writer.number(static_cast<double>(value)); }
    static bool read(ValueReader& reader, T& value) {
        double wide = 0;
        if (!reader.read_number(wide)) {
            return false;
        }
        value = static_cast<T>(wide);
        return true;
    }
};

template <>
struct Convert<std::string> {
    static bool read(ValueReader& reader, std::string& value) { return reader.read_string(value); }
};

template <>
struct Convert<std::nullptr_t> {
    static void write(ValueWriter& writer, std::nullptr_t) { writer.null(); }
};

template <typename T>
struct Convert<std::optional<T>> {
    static void write(ValueWriter& writer, const std::optional<T>& value) {
        if (value) {
            write_value(writer, *value);
        } else {
            writer.null();
        }
    }
    static bool read(ValueReader& reader, std::optional<T>& value) {
        if (reader.take_null()) {
            value.reset();
            return true;
        }
        return read_value(reader, value.emplace());
    }
};

/// An instant: JSON as ISO 8601 in UTC, MessagePack as its timestamp.
template <typename Duration>
struct Convert<std::chrono::time_point<std::chrono::system_clock, Duration>> {
    using Instant = std::chrono::time_point<std::chrono::system_clock, Duration>;
    static constexpr std::int64_t kTicksPerSecond =
        std::max<std::int64_t>(1, std::ratio_divide<std::ratio<1>, typename Duration::period>::num);
    static void write(ValueWriter& writer, const Instant& value) {
        const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
        const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(value - seconds);
        writer.timestamp(
            {seconds.time_since_epoch().count(), static_cast<std::uint32_t>(rest.count())});
    }
    static bool read(ValueReader& reader, Instant& value) {
        protocol::Timestamp timestamp;
        if (!reader.read_timestamp(timestamp)) {
            return false;
        }
        constexpr bool kFine = std::ratio_less_equal_v<typename Duration::period, std::ratio<1>>;
        constexpr std::int64_t kYear10000 = 253'402'300'800;
        constexpr std::int64_t kMax =
            kFine
                ? std::min<std::int64_t>(kYear10000, Duration::max().count() / kTicksPerSecond - 1)
                : kYear10000;
        if (timestamp.seconds > kMax || timestamp.seconds < -kMax) {
            return reader.fail("the time is out of range");
        }
        value = Instant(
            std::chrono::duration_cast<Duration>(std::chrono::seconds(timestamp.seconds)) +
            std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(timestamp.nanoseconds)));
        return true;
    }
};

}  // namespace hubtrail
