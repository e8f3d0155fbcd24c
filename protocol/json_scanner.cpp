#include "protocol/json_scanner.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/ascii.h"
#include "protocol/json_walk.h"
#include "protocol/text_scan.h"
#include "protocol/utf8.h"

namespace hubtrail::protocol {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// The first byte at which a string's scan must stop: quote, backslash, control, or not ASCII.
const char* find_stop(const char* p, const char* end) {
    for (; end - p >= 8; p += 8) {
        const auto word = load_word(p);
        const auto bits = json_special_bits(word) | non_ascii_bits(word);
        if (bits != 0) {
            return p + first_byte(bits);
        }
    }
    while (p != end && static_cast<unsigned char>(*p) >= 0x20U &&
           static_cast<unsigned char>(*p) < 0x80U && *p != '"' && *p != '\\') {
        ++p;
    }
    return p;
}

// Four hex digits, or a value over 0xFFFF.
std::uint32_t read_hex4(const char* p, const char* end) {
    constexpr std::uint32_t kBad = 0x10000;
    if (end - p < 4) {
        return kBad;
    }
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        const int digit = hex_value(p[i]);
        if (digit < 0) {
            return kBad;
        }
        value = (value << 4U) | static_cast<std::uint32_t>(digit);
    }
    return value;
}

bool is_high_surrogate(std::uint32_t code) {
    return code >= 0xD800U && code <= 0xDBFFU;
}
bool is_low_surrogate(std::uint32_t code) {
    return code >= 0xDC00U && code <= 0xDFFFU;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80U) {
        put(code);
    } else if (code < 0x800U) {
        put(0xC0U | (code >> 6U));
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000U) {
        put(0xE0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | (code >> 18U));
        put(0x80U | ((code >> 12U) & 0x3FU));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

// A \u escape at p (after the u) of a string that the scanner passed; moves p behind it.
std::uint32_t decode_unicode_escape(const char*& p, const char* end) {
    const auto code = read_hex4(p, end);
    p += 4;
    if (is_high_surrogate(code) && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        const auto low = read_hex4(p + 2, end);
        if (is_low_surrogate(low)) {
            p += 6;
            return 0x10000U + ((code - 0xD800U) << 10U) + (low - 0xDC00U);
        }
    }
    return is_high_surrogate(code) || is_low_surrogate(code) ? kReplacement : code;
}

char decode_short_escape(char c) {
    switch (c) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return c;
    }
}

}  // namespace

void append_decoded(std::string& out, const JsonString& string) {
    const char* p = string.raw.data();
    const char* const end = p + string.raw.size();
    while (p != end) {
        const auto* backslash =
            static_cast<const char*>(std::memchr(p, '\\', static_cast<std::size_t>(end - p)));
        const char* const run_end = backslash == nullptr ? end : backslash;
        out.append(p, run_end);
        if (backslash == nullptr) {
            return;
        }
        p = backslash + 2;
        if (backslash[1] == 'u') {
            append_utf8(out, decode_unicode_escape(p, end));
        } else {
            out.push_back(decode_short_escape(backslash[1]));
        }
    }
}

namespace {

template <typename Integer>
bool to_whole(const JsonNumber& number, Integer& value) {
    if (!number.integer) {
        return false;
    }
    const char* const end = number.raw.data() + number.raw.size();
    const auto parsed = std::from_chars(number.raw.data(), end, value);
    return parsed.ec == std::errc{} && parsed.ptr == end;
}

}  // namespace

bool to_int64(const JsonNumber& number, std::int64_t& value) {
    return to_whole(number, value);
}
bool to_uint64(const JsonNumber& number, std::uint64_t& value) {
    return to_whole(number, value);
}

bool fits_double(const JsonNumber& number) {
    constexpr std::size_t kDigitsAlwaysFit = 308;
    if (!number.has_exponent && number.raw.size() <= kDigitsAlwaysFit) {
        return true;
    }
    const auto raw = number.raw;
    double value = 0;
    const auto parsed = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (parsed.ec != std::errc::result_out_of_range) {
        return true;
    }
    // Out of range is either end of the scale; only the large one is refused. What decides is where
    // the first digit that is not 0 stands, counted from the point, plus the exponent.
    const auto exponent_at = raw.find_first_of("eE");
    const auto mantissa = raw.substr(0, exponent_at);
    const auto first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) {
        return true;
    }
    const auto point = std::min(mantissa.find('.'), mantissa.size());
    auto magnitude = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
    if (exponent_at != std::string_view::npos) {
        auto digits = raw.substr(exponent_at + 1);
        if (digits.front() == '+') {
            digits.remove_prefix(1);
        }
        std::int64_t exponent = 0;
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
        if (read.ec == std::errc::result_out_of_range) {
            return digits.front() == '-';
        }
        constexpr std::int64_t kFar = std::int64_t{1} << 60U;  // keeps the sum from overflowing
        magnitude += std::max(-kFar, std::min(kFar, exponent));
    }
    return magnitude <= 0;
}

void append_compact(std::string& out, std::string_view json) {
    const char* p = json.data();
    const char* const end = p + json.size();
    const char* run = p;
    while (p != end) {
        if (*p == '"') {
            ++p;
            while (*p != '"') {
                p += *p == '\\' ? 2 : 1;
            }
            ++p;
        } else if (is_space(*p)) {
            out.append(run, p);
            while (p != end && is_space(*p)) {
                ++p;
            }
            run = p;
        } else {
            ++p;
        }
    }
    out.append(run, end);
}

char JsonScanner::peek_after_space() {
    const char* const from = at_;
    while (at_ != end_ && is_space(*at_)) {
        ++at_;
    }
    space_bytes_ += static_cast<std::size_t>(at_ - from);
    return at_ == end_ ? '\0' : *at_;
}

bool JsonScanner::fail(const char* problem) {
    if (problem_ == nullptr) {
        peek();
        problem_ = at_ == end_ ? "unexpected end" : problem;
        end_ = at_;
    }
    return false;
}

bool JsonScanner::fail_depth() {
    too_deep_ = problem_ == nullptr;
    return fail("nested too deep");
}

bool JsonScanner::fail_at(const char* where, const char* problem) {
    if (problem_ == nullptr) {
        at_ = where;
        problem_ = problem;
        end_ = at_;
    }
    return false;
}

bool JsonScanner::read_string(JsonString& string) {
    if (!take('"')) {
        return fail("expected a string");
    }
    string = JsonString{};
    const char* const begin = at_;
    const char* p = begin;
    while (true) {
        p = find_stop(p, end_);
        if (p == end_) {
            return fail_at(end_, "unexpected end");
        }
        if (*p == '"') {
            string.raw = {begin, static_cast<std::size_t>(p - begin)};
            at_ = p + 1;
            return true;
        }
        if (*p == '\\') {
            if (!read_escape(p, string)) {
                return false;
            }
        } else if (static_cast<unsigned char>(*p) < 0x20U) {
            return fail_at(p, "control character in a string");
        } else {
            const auto length = utf8_length(p, end_);
            if (length == 0) {
                return fail_at(p, "not UTF-8");
            }
            p += length;
        }
    }
}

bool JsonScanner::read_escape(const char*& p, JsonString& string) {
    string.escaped = true;
    if (end_ - p < 2) {
        return fail_at(end_, "unexpected end");
    }
    if (p[1] != 'u') {
        if (p[1] == '\0' || std::strchr("\"\\/bfnrt", p[1]) == nullptr) {
            return fail_at(p, "unknown escape");
        }
        p += 2;
        return true;
    }
    const auto code = read_hex4(p + 2, end_);
    if (code > 0xFFFFU) {
        return fail_at(p, "bad \\u escape");
    }
    const char* const start = p;
    p += 6;
    if (code == 0) {
        string.has_nul = true;
    } else if (is_low_surrogate(code)) {
        string.lone_surrogate = true;
    } else if (is_high_surrogate(code)) {
        if (end_ - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
            is_low_surrogate(read_hex4(p + 2, end_))) {
            p = start + 12;
        } else {
            string.lone_surrogate = true;
        }
    }
    return true;
}

bool JsonScanner::read_number(JsonNumber& number) {
    const char first = peek();
    if (first != '-' && !is_digit(first)) {
        return fail("expected a value");
    }
    const char* p = at_;
    const auto skip_digits = [this, &p] {
        const char* const from = p;
        while (p != end_ && is_digit(*p)) {
            ++p;
        }
        return p != from;
    };
    const auto is_at = [this, &p](char c) { return p != end_ && *p == c; };
    number = JsonNumber{};
    number.integer = true;
    p += first == '-' ? 1 : 0;
    if (is_at('0')) {
        ++p;
    } else if (!skip_digits()) {
        return fail_at(p, "expected a digit");
    }
    if (is_at('.')) {
        ++p;
        number.integer = false;
        if (!skip_digits()) {
            return fail_at(p, "expected a digit");
        }
    }
    if (is_at('e') || is_at('E')) {
        ++p;
        number.integer = false;
        number.has_exponent = true;
        p += is_at('+') || is_at('-') ? 1 : 0;
        if (!skip_digits()) {
            return fail_at(p, "expected a digit");
        }
    }
    number.raw = {at_, static_cast<std::size_t>(p - at_)};
    at_ = p;
    return true;
}

bool JsonScanner::read_literal() {
    const char first = peek();
    const std::string_view literal = first == 't' ? "true" : first == 'f' ? "false" : "null";
    if (static_cast<std::size_t>(end_ - at_) < literal.size() ||
        std::memcmp(at_, literal.data(), literal.size()) != 0) {
        return fail("expected a value");
    }
    at_ += literal.size();
    return true;
}

bool JsonScanner::skip_value(std::size_t depth_max) {
    NoVisitor visitor;
    return walk_json(*this, depth_max, visitor);
}

bool JsonScanner::skip_value(std::size_t depth_max, std::string_view& raw) {
    peek();
    const char* const from = at_;
    if (!skip_value(depth_max)) {
        return false;
    }
    raw = {from, static_cast<std::size_t>(at_ - from)};
    return true;
}

JsonScanner::Step JsonScanner::member(JsonString& name, Place place) {
    if (take('}')) {
        return Step::end;
    }
    if (place == Place::later && !take(',')) {
        fail("expected ',' or '}'");
        return Step::error;
    }
    if (!read_string(name)) {
        return Step::error;
    }
    if (!take(':')) {
        fail("expected ':'");
        return Step::error;
    }
    return Step::item;
}

JsonScanner::Step JsonScanner::element(Place place) {
    if (take(']')) {
        return Step::end;
    }
    if (place == Place::later && !take(',')) {
        fail("expected ',' or ']'");
        return Step::error;
    }
    return Step::item;
}

bool JsonScanner::finish() {
    if (failed()) {
        return false;
    }
    peek();
    return at_ == end_ || fail("text after the value");
}

}  // namespace hubtrail::protocol
