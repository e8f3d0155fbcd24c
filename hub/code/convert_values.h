#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

/// A character: .NET's char. JSON as a text of one, MessagePack as its number.
template <>
struct Convert<char16_t> {
    static void write(ValueWriter& writer, char16_t value) {
        if (value >= 0xD800 && value <= 0xDFFF) {
            return writer.fail("Half a surrogate pair cannot be sent.");
        }
        if (writer.encoding() == protocol::Encoding::messagepack) {
            return writer.unsigned_integer(value);
        }
        std::string text;
        if (value < 0x80) {
            text = {static_cast<char>(value)};
        } else if (value < 0x800) {
            text = {static_cast<char>(0xC0 | value >> 6), tail(value)};
        } else {
            text = {static_cast<char>(0xE0 | value >> 12), tail(value >> 6), tail(value)};
        }
        writer.string(text);
    }
    static bool read(ValueReader& reader, char16_t& value) {
        std::uint64_t code = 0;
        if (reader.encoding() == protocol::Encoding::messagepack) {
            if (!reader.read_unsigned(code)) {
                return false;
            }
        } else {
            std::string text;
            if (!reader.read_string(text)) {
                return false;
            }
            code = decode(text);
        }
        if (code > 0xFFFF) {
            return reader.fail("expected one character of 16 bits");
        }
        value = static_cast<char16_t>(code);
        return true;
    }

private:
    static char tail(unsigned bits) { return static_cast<char>(0x80U | (bits & 0x3FU)); }
    // Over 0xFFFF when it is not exactly one. The text is UTF-8.
    static std::uint64_t decode(std::string_view text) {
        constexpr std::uint64_t kNone = 0x10000;
        if (text.empty() || text.size() > 3) {
            return kNone;
        }
        const auto lead = static_cast<unsigned char>(text.front());
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : 3;
        std::uint64_t code = size == 1 ? lead : lead & (size == 2 ? 0x1FU : 0x0FU);
        for (const char byte : text.substr(1)) {
            code = code << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
        }
        return size == text.size() ? code : kNone;
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

}  // namespace hubtrail
