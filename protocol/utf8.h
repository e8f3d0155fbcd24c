#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace hubtrail::protocol {

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
