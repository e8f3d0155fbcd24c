#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hub/code/convert_trait.h"

namespace hubtrail {

namespace detail {

template <typename Range>
void write_array(ValueWriter& writer, const Range& range) {
    writer.begin_array(range.size());
    for (const auto& element : range) {
        write_value(writer, static_cast<const typename Range::value_type&>(element));
    }
    writer.end_array();
}

/// `keep` is given each element as it was read.
template <typename Element, typename Keep>
bool read_array(ValueReader& reader, const Keep& keep) {
    if (!reader.begin_array()) {
        return false;
    }
    auto step = reader.next_element();
    for (; step == ValueReader::Step::item; step = reader.next_element()) {
        Element element{};
        if (!read_value(reader, element)) {
            return false;
        }
        keep(std::move(element));
    }
    return step == ValueReader::Step::end;
}

template <typename Map>
void write_map(ValueWriter& writer, const Map& map) {
    writer.begin_object(map.size());
    for (const auto& [name, value] : map) {
        writer.key(name);
        write_value(writer, value);
    }
    writer.end_object();
}

template <typename Map>
bool read_map(ValueReader& reader, Map& map) {
    if (!reader.begin_object()) {
        return false;
    }
    map.clear();
    std::string name;
    auto step = reader.next_member(name);
    for (; step == ValueReader::Step::item; step = reader.next_member(name)) {
        if (!read_value(reader, map[name])) {
            reader.failed_in(name);
            return false;
        }
    }
    return step == ValueReader::Step::end;
}

template <typename T>
concept ByteLike = std::is_same_v<T, std::byte> || std::is_same_v<T, std::uint8_t>;

}  // namespace detail

template <typename T, typename Allocator>
struct Convert<std::vector<T, Allocator>> {
    static void write(ValueWriter& writer, const std::vector<T, Allocator>& value) {
        detail::write_array(writer, value);
    }
    static bool read(ValueReader& reader, std::vector<T, Allocator>& value) {
        value.clear();
        return detail::read_array<T>(reader,
                                     [&](T element) { value.push_back(std::move(element)); });
    }
};

/// Bytes: MessagePack as binary, JSON as Base64.
template <detail::ByteLike T, typename Allocator>
struct Convert<std::vector<T, Allocator>> {
    static void write(ValueWriter& writer, const std::vector<T, Allocator>& value) {
        writer.binary({reinterpret_cast<const char*>(value.data()), value.size()});
    }
    static bool read(ValueReader& reader, std::vector<T, Allocator>& value) {
        std::string bytes;
        if (!reader.read_binary(bytes)) {
            return false;
        }
        const auto* begin = reinterpret_cast<const T*>(bytes.data());
        value.assign(begin, begin + bytes.size());
        return true;
    }
};

template <typename T, std::size_t N>
struct Convert<std::array<T, N>> {
    static void write(ValueWriter& writer, const std::array<T, N>& value) {
        detail::write_array(writer, value);
    }
    static bool read(ValueReader& reader, std::array<T, N>& value) {
        std::size_t count = 0;
        const bool good = detail::read_array<T>(reader, [&](T element) {
            if (count < N) {
                value[count] = std::move(element);
            }
            ++count;
        });
        return good && (count == N || reader.fail("the array has another number of elements"));
    }
};

template <typename T, typename Compare, typename Allocator>
struct Convert<std::set<T, Compare, Allocator>> {
    static void write(ValueWriter& writer, const std::set<T, Compare, Allocator>& value) {
        detail::write_array(writer, value);
    }
    static bool read(ValueReader& reader, std::set<T, Compare, Allocator>& value) {
        value.clear();
        return detail::read_array<T>(reader, [&](T element) { value.insert(std::move(element)); });
    }
};

template <typename T, typename Compare, typename Allocator>
struct Convert<std::map<std::string, T, Compare, Allocator>> {
    using Map = std::map<std::string, T, Compare, Allocator>;
    static void write(ValueWriter& writer, const Map& value) { detail::write_map(writer, value); }
    static bool read(ValueReader& reader, Map& value) { return detail::read_map(reader, value); }
};

template <typename T, typename Hash, typename Equal, typename Allocator>
struct Convert<std::unordered_map<std::string, T, Hash, Equal, Allocator>> {
    using Map = std::unordered_map<std::string, T, Hash, Equal, Allocator>;
    static void write(ValueWriter& writer, const Map& value) { detail::write_map(writer, value); }
    static bool read(ValueReader& reader, Map& value) { return detail::read_map(reader, value); }
};

/// An array of exactly these.
template <typename... T>
struct Convert<std::tuple<T...>> {
    static void write(ValueWriter& writer, const std::tuple<T...>& value) {
        writer.begin_array(sizeof...(T));
        std::apply([&](const auto&... elements) { (write_value(writer, elements), ...); }, value);
        writer.end_array();
    }
    static bool read(ValueReader& reader, std::tuple<T...>& value) {
        const auto element = [&](auto& into) {
            const auto step = reader.next_element();
            return step == ValueReader::Step::item ? read_value(reader, into)
                                                   : reader.fail("the array has too few elements");
        };
        if (!reader.begin_array() ||
            !std::apply([&](auto&... elements) { return (element(elements) && ...); }, value)) {
            return false;
        }
        return reader.next_element() == ValueReader::Step::end ||
               reader.fail("the array has too many elements");
    }
};

}  // namespace hubtrail
