#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/text_scan.h"

namespace hubtrail::protocol {

inline bool is_utf8_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Length of the well-formed UTF-8 sequence at p (The Unicode Standard, table 3-7) if its first
/// byte is not ASCII, or 0. `p` is before `end`.
inline std::size_t utf8_length(const char* p, const char* end) {
    const auto left = static_cast<std::size_t>(end - p);
    const auto lead = static_cast<unsigned char>(p[0]);
    if (lead < 0xC2U || lead > 0xF4U || left < 2) {
        return 0;
    }
    const auto second = static_cast<unsigned char>(p[1]);
    if (lead < 0xE0U) {
        return is_utf8_continuation(p[1]) ? 2 : 0;
    }
    // Overlong forms, surrogates and what lies above U+10FFFF show in the second byte.
    const unsigned low = lead == 0xE0U ? 0xA0U : lead == 0xF0U ? 0x90U : 0x80U;
    const unsigned high = lead == 0xEDU ? 0x9FU : lead == 0xF4U ? 0x8FU : 0xBFU;
    if (second < low || second > high) {
        return 0;
    }
    const std::size_t length = lead < 0xF0U ? 3 : 4;
    for (std::size_t i = 2; i < length; ++i) {
        if (i >= left || !is_utf8_continuation(p[i])) {
            return 0;
        }
    }
    return length;
}

/// Whether all of the text is well-formed UTF-8.
inline bool is_utf8(std::string_view text) {
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        if (end - p >= 8 && non_ascii_bits(load_word(p)) == 0) {
            p += 8;
        } else if (static_cast<unsigned char>(*p) < 0x80U) {
            ++p;
        } else {
            const auto length = utf8_length(p, end);
            if (length == 0) {
                return false;
            }
            p += length;
        }
    }
    return true;
}

/// Code points of a UTF-8 text.
inline std::size_t count_characters(std::string_view text) {
    return text.size() -
           static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_utf8_continuation));
}

/// The code points of a text that can be shown on one line: well-formed, no control character.
inline std::optional<std::size_t> count_printable(std::string_view text) {
    const bool printable = std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20U || c == 0x7F;
    });
    return printable && is_utf8(text) ? std::optional(count_characters(text)) : std::nullopt;
}

/// The text with U+FFFD in place of each byte that belongs to no well-formed sequence.
inline std::string replace_bad_utf8(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const char* const end = text.data() + text.size();
        const bool is_ascii = static_cast<unsigned char>(text.front()) < 0x80U;
        const auto length = is_ascii ? 1 : utf8_length(text.data(), end);
        out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

/// "string of 1 character", for error messages that do not quote.
inline std::string describe_text(std::string_view text) {
    const auto count = count_characters(text);
    return "string of " + std::to_string(count) + (count == 1 ? " character" : " characters");
}

/// The text, or its beginning and "...", cut between two characters.
inline std::string cut_text(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) {
        return std::string(text);
    }
    while (bytes_max > 0 && is_utf8_continuation(text[bytes_max])) {
        --bytes_max;
    }
    return std::string(text.substr(0, bytes_max)) + "...";
}

}  // namespace hubtrail::protocol
