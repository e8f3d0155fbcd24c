#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace hubtrail::protocol {

inline bool is_utf8_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Code points of a UTF-8 text.
inline std::size_t count_characters(std::string_view text) {
    return text.size() -
           static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_utf8_continuation));
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
