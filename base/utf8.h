#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// What is UTF-8 (The Unicode Standard, table 3-7) and what is not. Thread: any.
namespace hubtrail {

/// Eight bytes at once: the top bit of each that is not ASCII.
inline std::uint64_t non_ascii_bits(std::uint64_t word) {
    return word & 0x8080808080808080ULL;
}

/// The eight bytes at `from`.
inline std::uint64_t load_word(const char* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

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

/// The text if it is UTF-8; else `buffer`, which then has it with U+FFFD as above.
inline std::string_view valid_utf8(std::string_view text, std::string& buffer) {
    if (is_utf8(text)) {
        return text;
    }
    buffer = replace_bad_utf8(text);
    return buffer;
}

}  // namespace hubtrail
