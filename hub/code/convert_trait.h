#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include "hub/code/members.h"
#include "protocol/value_reader.h"
#include "protocol/value_writer.h"

namespace hubtrail {

using protocol::ValueReader;
using protocol::ValueWriter;

/// How a type looks in JSON and MessagePack: the one place to extend for types of your own. A
/// specialization has one or both of
///     static void write(ValueWriter& writer, const T& value);
///     static bool read(ValueReader& reader, T& value);  // false: the reader knows why
/// Structs need none: HUBTRAIL_MEMBERS names their members. See docs/hubs.md for what is built in.
template <typename T>
struct Convert;

namespace detail {

template <typename T>
concept HasMembers = std::is_class_v<T> && requires(const T* type) {
    hubtrail_members(type);
};
template <typename T>
concept HasNames = std::is_enum_v<T> && requires(const T* type) {
    hubtrail_members(type);
};
template <typename T>
concept TextLike =
    std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t>;
template <typename T>
concept Writable = TextLike<T> || requires(ValueWriter& writer, const T& value) {
    Convert<T>::write(writer, value);
};
template <typename T>
concept Readable = requires(ValueReader& reader, T& value) {
    Convert<T>::read(reader, value);
};

}  // namespace detail

template <typename T>
void write_value(ValueWriter& writer, const T& value) {
    static_assert(detail::Writable<T>,
                  "hubtrail: this type cannot be sent. Name its members with "
                  "HUBTRAIL_MEMBERS(Type, a, b), or "
                  "specialize hubtrail::Convert<Type> with write(ValueWriter&, const Type&)");
    if constexpr (detail::TextLike<T>) {
        writer.string(std::string_view(value));
    } else if constexpr (detail::Writable<T>) {
        Convert<T>::write(writer, value);
    }
}

template <typename T>
bool read_value(ValueReader& reader, T& value) {
    static_assert(detail::Readable<T>,
                  "hubtrail: this type cannot be received. Name its members with "
                  "HUBTRAIL_MEMBERS(Type, a, b), or "
                  "specialize hubtrail::Convert<Type> with read(ValueReader&, Type&)");
    if constexpr (detail::Readable<T>) {
        return Convert<T>::read(reader, value);
    } else {
        return false;
    }
}

}  // namespace hubtrail
