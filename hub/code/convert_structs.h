#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>

#include "base/ascii.h"
#include "hub/code/convert_trait.h"
#include "hub/code/convert_values.h"

namespace hubtrail {

/// JSON carries the number; MessagePack the name if HUBTRAIL_ENUM declared names, and for a value
/// without one the number as text, as .NET's formatter does.
template <typename T>
requires std::is_enum_v<T>
struct Convert<T> {
    using Number = std::underlying_type_t<T>;
    static void write(ValueWriter& writer, T value) {
        if constexpr (detail::HasNames<T>) {
            std::string_view name;
            std::apply(
                [&](const auto&... list) {
                    ((list.pointer == value ? void(name = list.name) : void()), ...);
                },
                hubtrail_members(static_cast<const T*>(nullptr)));
            if (writer.encoding() == protocol::Encoding::messagepack) {
                writer.string(name.empty()
                                  ? std::string_view(std::to_string(+static_cast<Number>(value)))
                                  : name);
                return;
            }
        }
        Convert<Number>::write(writer, static_cast<Number>(value));
    }
    static bool read(ValueReader& reader, T& value) {
        if constexpr (detail::HasNames<T>) {
            if (reader.peek() == ValueReader::Kind::string) {
                return read_name(reader, value);
            }
        }
        Number number{};
        if (!Convert<Number>::read(reader, number)) {
            return false;
        }
        value = static_cast<T>(number);
        return true;
    }

private:
    static bool is_number(std::string_view text, Number& number) {
        const auto* end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        return read.ec == std::errc() && read.ptr == end;
    }
    static bool read_name(ValueReader& reader, T& value) {
        std::string text;
        if (!reader.read_string(text)) {
            return false;
        }
        bool found = false;
        const auto look = [&](const auto& entry) {
            if (!found && equal_ignoring_case(entry.name, text)) {
                value = entry.pointer;
                found = true;
            }
        };
        std::apply([&](const auto&... list) { (look(list), ...); },
                   hubtrail_members(static_cast<const T*>(nullptr)));
        if (Number number{}; !found && is_number(text, number)) {
            value = static_cast<T>(number);
            found = true;
        }
        return found || reader.fail("the enumeration has no value of this name");
    }
};

/// A struct: an object (map) of the members that hubtrail_members() lists. A member that is not
/// sent keeps its value, one that is not listed is skipped.
template <detail::HasMembers T>
struct Convert<T> {
    static constexpr auto kList = hubtrail_members(static_cast<const T*>(nullptr));

    static void write(ValueWriter& writer, const T& value) {
        writer.begin_object(std::tuple_size_v<decltype(kList)>);
        const auto put = [&](const auto& entry) {
            writer.name(entry.name);
            write_value(writer, value.*entry.pointer);
        };
        std::apply([&](const auto&... list) { (put(list), ...); }, kList);
        writer.end_object();
    }
    static bool read(ValueReader& reader, T& value) {
        if (!reader.begin_object()) {
            return false;
        }
        std::string name;
        auto step = reader.next_member(name);
        for (; step == ValueReader::Step::item; step = reader.next_member(name)) {
            if (!read_member(reader, value, name)) {
                return false;
            }
        }
        return step == ValueReader::Step::end;
    }

private:
    static bool read_member(ValueReader& reader, T& value, const std::string& name) {
        const bool any_case = reader.encoding() == protocol::Encoding::json;
        bool found = false;
        bool good = true;
        const auto look = [&](const auto& entry) {
            if (!found && (any_case ? equal_ignoring_case(entry.name, name) : entry.name == name)) {
                found = true;
                good = read_value(reader, value.*entry.pointer);
            }
        };
        std::apply([&](const auto&... list) { (look(list), ...); }, kList);
        if (!good) {
            reader.failed_in(name);
        }
        return found ? good : reader.skip();
    }
};

}  // namespace hubtrail
