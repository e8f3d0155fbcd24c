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

// Where the next character outside of the basic plane begins, or npos.
std::size_t find_astral(std::string_view text, std::size_t at) {
    for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
        if (const auto bits = four_byte_lead_bits(load_word(text.data() + at)); bits != 0) {
            at += first_byte(bits);
            return at + kAstralBytes <= text.size() ? at : text.npos;
        }
    }
    for (; at + kAstralBytes <= text.size(); ++at) {
        if (static_cast<unsigned char>(text[at]) >= 0xF0U) {
            return at;
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
    for (auto at = find_astral(text, 0); at != text.npos; at = find_astral(text, done)) {
        append_json_escaped(out, text.substr(done, at - done));
        append_surrogates(out, text.data() + at);
        done = at + kAstralBytes;
    }
    append_json_escaped(out, text.substr(done));
    out.push_back('"');
}

}  // namespace hubtrail::protocol
