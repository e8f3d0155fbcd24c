#include <array>
#include <cstring>

#include "protocol/json.h"
#include "protocol/text_scan.h"

namespace hubtrail::protocol {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";
constexpr std::size_t kEscapeBytesMax = 6;  // \u001F

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

constexpr std::size_t kAstralBytes = 4;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Where the next character stands that is written in another way than it is: one outside of the
// basic plane, or a byte of no character; or npos.
std::size_t find_odd(std::string_view text, std::size_t at) {
    const char* p = text.data() + at;
    const char* const end = text.data() + text.size();
    while (p != end) {
        while (end - p >= 8 && non_ascii_bits(load_word(p)) == 0) {
            p += 8;
        }
        while (p != end && static_cast<unsigned char>(*p) < 0x80U) {
            ++p;
        }
        while (p != end && static_cast<unsigned char>(*p) >= 0x80U) {
            const auto length = utf8_length(p, end);
            if (length == 0 || length == kAstralBytes) {
                return static_cast<std::size_t>(p - text.data());
            }
            p += length;
        }
    }
    return text.npos;
}

void append_unit(std::string& out, unsigned unit) {
    out += "\\u";
    for (unsigned shift = 16; shift != 0; shift -= 4) {
        out.push_back(kHex[(unit >> (shift - 4)) & 0x0FU]);
    }
}

// Four bytes of valid UTF-8 as two UTF-16 units.
void append_surrogates(std::string& out, const char* from) {
    unsigned code = static_cast<unsigned char>(*from) & 0x07U;
    for (std::size_t i = 1; i < kAstralBytes; ++i) {
        code = (code << 6U) | (static_cast<unsigned char>(from[i]) & 0x3FU);
    }
    code -= 0x10000U;
    append_unit(out, 0xD800U + ((code >> 10U) & 0x3FFU));
    append_unit(out, 0xDC00U + (code & 0x3FFU));
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
    std::size_t done = 0;
    for (auto at = find_odd(text, 0); at != text.npos; at = find_odd(text, done)) {
        append_json_escaped(out, text.substr(done, at - done));
        const bool is_astral = utf8_length(text.data() + at, text.data() + text.size()) != 0;
        if (is_astral) {
            append_surrogates(out, text.data() + at);
        } else {
            out += kReplacement;
        }
        done = at + (is_astral ? kAstralBytes : 1);
    }
    append_json_escaped(out, text.substr(done));
    out.push_back('"');
}

}  // namespace hubtrail::protocol
