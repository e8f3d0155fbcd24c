#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// Texts of ASCII, as protocols are made of: whatever the locale says, a byte above 0x7F is no
/// letter, no digit and equal to itself only. Thread: any.
namespace hubtrail {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
constexpr bool is_letter(char c) {
    return is_upper(c) || is_lower(c);
}
constexpr bool is_letter_or_digit(char c) {
    return is_letter(c) || is_digit(c);
}

constexpr char to_lower(char c) {
    return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr char to_upper(char c) {
    return is_lower(c) ? static_cast<char>(c - ('a' - 'A')) : c;
}

/// What a hexadecimal digit is worth in either case; -1 for any other character.
constexpr int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
}

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) {
            return false;
        }
    }
    return true;
}

/// Without the spaces and tabs at both ends: the optional white space of HTTP (RFC 9110 5.6.3).
constexpr std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t";
    const auto from = text.find_first_not_of(kSpace);
    return from == std::string_view::npos
               ? std::string_view()
               : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

/// The number that the whole text is; nothing when it is anything else, a plus sign and white space
/// included, or when Integer cannot hold it. A minus sign is for signed ones only.
template <typename Integer>
std::optional<Integer> to_integer(std::string_view text, int base = 10) {
    Integer number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number, base);
    return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

/// Takes what is before the first separator out of `rest`, and the separator; without one, all of
/// it. Empty parts are parts, so `while (!rest.empty())` sees no last empty one.
constexpr std::string_view take_until(std::string_view& rest, char separator) {
    const auto at = std::min(rest.find(separator), rest.size());
    const auto part = rest.substr(0, at);
    rest.remove_prefix(std::min(at + 1, rest.size()));
    return part;
}

/// The parts between separators, empty ones too: one more than there are separators.
inline std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (bool more = true; more;) {
        more = text.find(separator) != std::string_view::npos;
        parts.push_back(take_until(text, separator));
    }
    return parts;
}

}  // namespace hubtrail
