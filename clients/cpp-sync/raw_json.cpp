#include "clients/cpp-sync/raw_json.h"

#include <charconv>

namespace hubtrail::sync {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Walks one JSON text. It finds where values end; it is no validator of numbers and literals.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    void skip_space() {
        while (at_ < text_.size() && is_space(text_[at_])) {
            ++at_;
        }
    }
    bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }
    bool at_end() {
        skip_space();
        return at_ == text_.size();
    }

    /// The string's inside, still escaped.
    std::optional<std::string_view> take_string() {
        if (!take('"')) {
            return std::nullopt;
        }
        const auto begin = at_;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\\') {
                ++at_;
            } else if (text_[at_] == '"') {
                return text_.substr(begin, at_++ - begin);
            }
        }
        return std::nullopt;
    }

    std::optional<std::string_view> take_value() {
        skip_space();
        const auto begin = at_;
        if (at_ >= text_.size()) {
            return std::nullopt;
        }
        const char first = text_[at_];
        if (first == '"') {
            if (!take_string()) {
                return std::nullopt;
            }
        } else if (first == '{' || first == '[') {
            if (!skip_nested()) {
                return std::nullopt;
            }
        } else {
            while (at_ < text_.size() && !is_space(text_[at_]) &&
                   std::string_view(",:]}[{\"").find(text_[at_]) == std::string_view::npos) {
                ++at_;
            }
        }
        if (at_ == begin) {
            return std::nullopt;
        }
        return text_.substr(begin, at_ - begin);
    }

private:
    bool skip_nested() {
        std::string closers;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                if (!take_string()) {
                    return false;
                }
                continue;
            }
            ++at_;
            if (c == '{' || c == '[') {
                closers.push_back(c == '{' ? '}' : ']');
                if (closers.size() > kRawJsonDepthMax) {
                    return false;
                }
            } else if (c == '}' || c == ']') {
                if (closers.back() != c) {
                    return false;
                }
                closers.pop_back();
                if (closers.empty()) {
                    return true;
                }
            }
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xC0U | (code >> 6U)));
        out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
    } else if (code < 0x10000) {
        out.push_back(static_cast<char>(0xE0U | (code >> 12U)));
        out.push_back(static_cast<char>(0x80U | ((code >> 6U) & 0x3FU)));
        out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
    } else {
        out.push_back(static_cast<char>(0xF0U | (code >> 18U)));
        out.push_back(static_cast<char>(0x80U | ((code >> 12U) & 0x3FU)));
        out.push_back(static_cast<char>(0x80U | ((code >> 6U) & 0x3FU)));
        out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
    }
}

std::optional<std::uint32_t> hex4(std::string_view text) {
    std::uint32_t code = 0;
    if (text.size() < 4) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + 4, code, 16);
    if (error != std::errc{} || end != text.data() + 4) {
        return std::nullopt;
    }
    return code;
}

/// Reads the four digits after `\u` at `rest`, and a second escape when they are a high surrogate.
/// Answers how many bytes of `rest` were used; 0 when it is no code point.
std::size_t append_unicode_escape(std::string& out, std::string_view rest) {
    const auto high = hex4(rest);
    if (!high || (*high >= 0xDC00 && *high <= 0xDFFF)) {
        return 0;
    }
    if (*high < 0xD800 || *high > 0xDBFF) {
        append_utf8(out, *high);
        return 4;
    }
    const auto low =
        rest.size() >= 10 && rest.substr(4, 2) == "\\u" ? hex4(rest.substr(6)) : std::nullopt;
    if (!low || *low < 0xDC00 || *low > 0xDFFF) {
        return 0;
    }
    append_utf8(out, 0x10000 + ((*high - 0xD800) << 10U) + (*low - 0xDC00));
    return 10;
}

/// Length of the UTF-8 sequence at the front of `bytes`; 0 when there is none (RFC 3629).
std::size_t utf8_length(std::string_view bytes) {
    const auto byte = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const auto first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                               : first >= 0xE0 && first <= 0xEF ? 3
                               : first >= 0xF0 && first <= 0xF4 ? 4
                                                                : 0;
    if (length == 0 || bytes.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) {
            return 0;
        }
    }
    const bool refused = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                         (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
    return refused ? 0 : length;
}

void append_escaped_ascii(std::string& out, char c) {
    static constexpr char kHex[] = "0123456789abcdef";
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
        out += "\\u00";
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 0x0FU]);
    } else {
        out.push_back(c);
    }
}

}  // namespace

std::optional<std::vector<std::pair<std::string_view, std::string_view>>> object_members(
    std::string_view text) {
    Cursor cursor(text);
    std::vector<std::pair<std::string_view, std::string_view>> members;
    if (!cursor.take('{')) {
        return std::nullopt;
    }
    if (cursor.take('}')) {
        return cursor.at_end() ? std::optional(members) : std::nullopt;
    }
    while (true) {
        const auto name = cursor.take_string();
        if (!name || !cursor.take(':')) {
            return std::nullopt;
        }
        const auto value = cursor.take_value();
        if (!value) {
            return std::nullopt;
        }
        members.emplace_back(*name, *value);
        if (cursor.take('}')) {
            return cursor.at_end() ? std::optional(std::move(members)) : std::nullopt;
        }
        if (!cursor.take(',')) {
            return std::nullopt;
        }
    }
}

std::optional<std::vector<std::string_view>> array_elements(std::string_view text) {
    Cursor cursor(text);
    std::vector<std::string_view> elements;
    if (!cursor.take('[')) {
        return std::nullopt;
    }
    if (cursor.take(']')) {
        return cursor.at_end() ? std::optional(elements) : std::nullopt;
    }
    while (true) {
        const auto value = cursor.take_value();
        if (!value) {
            return std::nullopt;
        }
        elements.push_back(*value);
        if (cursor.take(']')) {
            return cursor.at_end() ? std::optional(std::move(elements)) : std::nullopt;
        }
        if (!cursor.take(',')) {
            return std::nullopt;
        }
    }
}

std::optional<std::string_view> find_member(std::string_view object, std::string_view name) {
    const auto members = object_members(object);
    if (!members) {
        return std::nullopt;
    }
    for (const auto& [found, value] : *members) {
        if (found == name) {
            return value;
        }
    }
    return std::nullopt;
}

std::optional<std::string> string_value(std::string_view slice) {
    if (slice.size() < 2 || slice.front() != '"' || slice.back() != '"') {
        return std::nullopt;
    }
    const auto inside = slice.substr(1, slice.size() - 2);
    std::string out;
    out.reserve(inside.size());
    for (std::size_t i = 0; i < inside.size(); ++i) {
        if (inside[i] != '\\') {
            out.push_back(inside[i]);
            continue;
        }
        if (++i == inside.size()) {
            return std::nullopt;
        }
        static constexpr std::string_view kEscapes = "\"\\/bfnrt";
        static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        if (const auto which = kEscapes.find(inside[i]); which != std::string_view::npos) {
            out.push_back(kMeanings[which]);
            continue;
        }
        const auto used = inside[i] == 'u' ? append_unicode_escape(out, inside.substr(i + 1)) : 0;
        if (used == 0) {
            return std::nullopt;
        }
        i += used;
    }
    return out;
}

std::optional<std::int64_t> integer_value(std::string_view slice) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(slice.data(), slice.data() + slice.size(), value);
    if (error != std::errc{} || end != slice.data() + slice.size() || slice.empty()) {
        return std::nullopt;
    }
    return value;
}

std::optional<bool> boolean_value(std::string_view slice) {
    if (slice == "true") {
        return true;
    }
    return slice == "false" ? std::optional(false) : std::nullopt;
}

std::optional<std::string> find_string(std::string_view object, std::string_view name) {
    const auto slice = find_member(object, name);
    return slice ? string_value(*slice) : std::nullopt;
}

std::optional<std::int64_t> find_integer(std::string_view object, std::string_view name) {
    const auto slice = find_member(object, name);
    return slice ? integer_value(*slice) : std::nullopt;
}

void append_json_text(std::string& out, std::string_view bytes) {
    out.push_back('"');
    while (!bytes.empty()) {
        const auto length = utf8_length(bytes);
        if (length == 1) {
            append_escaped_ascii(out, bytes.front());
        } else if (length == 0) {
            out += "\xEF\xBF\xBD";
        } else {
            out += bytes.substr(0, length);
        }
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    out.push_back('"');
}

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto length = utf8_length(bytes);
        if (length == 0) {
            return false;
        }
        bytes.remove_prefix(length);
    }
    return true;
}

void JsonObjectWriter::begin_member(std::string_view name) {
    if (out_.size() > 1) {
        out_.push_back(',');
    }
    append_json_text(out_, name);
    out_.push_back(':');
}

JsonObjectWriter& JsonObjectWriter::text(std::string_view name, std::string_view value) {
    begin_member(name);
    append_json_text(out_, value);
    return *this;
}

JsonObjectWriter& JsonObjectWriter::text_if_any(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
}

JsonObjectWriter& JsonObjectWriter::number(std::string_view name, std::int64_t value) {
    begin_member(name);
    out_ += std::to_string(value);
    return *this;
}

JsonObjectWriter& JsonObjectWriter::raw(std::string_view name, std::string_view json) {
    begin_member(name);
    out_ += json;
    return *this;
}

std::string JsonObjectWriter::finish() {
    out_.push_back('}');
    return std::move(out_);
}

}  // namespace hubtrail::sync
