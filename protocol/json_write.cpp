#include <array>
#include <cstring>

#include "protocol/json.h"
#include "protocol/text_scan.h"

namespace hubtrail::protocol {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kEscapeBytesMax = 6;  // \u001f

bool is_special(char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == '"' || c == '\\';
}

char* write_escape(char* to, char c) {
    *to++ = '\\';
    switch (c) {
        case '\b':
            *to++ = 'b';
            return to;
        case '\f':
            *to++ = 'f';
            return to;
        case '\n':
            *to++ = 'n';
            return to;
        case '\r':
            *to++ = 'r';
            return to;
        case '\t':
            *to++ = 't';
            return to;
        case '"':
        case '\\':
            *to++ = c;
            return to;
        default:
            *to++ = 'u';
            *to++ = '0';
            *to++ = '0';
            *to++ = kHex[static_cast<unsigned char>(c) >> 4U];
            *to++ = kHex[static_cast<unsigned char>(c) & 0x0FU];
            return to;
    }
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
    // Written through a small buffer: JSON inside JSON has a quote every few bytes, and growing
    // `out` by runs that short costs more than the copy.
    std::array<char, 1024> buffer;
    constexpr std::size_t kStepBytesMax = sizeof(std::uint64_t) + kEscapeBytesMax;
    char* const full = buffer.data() + buffer.size() - kStepBytesMax;
    char* to = buffer.data();
    const char* from = text.data();
    const char* const end = from + text.size();
    while (from != end) {
        if (to > full) {
            out.append(buffer.data(), to);
            to = buffer.data();
        }
        if (end - from >= 8) {
            const auto word = load_word(from);
            std::memcpy(to, &word, sizeof word);
            const auto bits = json_special_bits(word);
            const std::size_t clean = bits == 0 ? sizeof word : first_byte(bits);
            from += clean;
            to += clean;
            if (bits == 0) {
                continue;
            }
        } else if (!is_special(*from)) {
            *to++ = *from++;
            continue;
        }
        to = write_escape(to, *from++);
    }
    out.append(buffer.data(), to);
}

void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    append_json_escaped(out, text);
    out.push_back('"');
}

}  // namespace hubtrail::protocol
