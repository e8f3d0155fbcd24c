#include "protocol/json_fields.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace hubtrail::protocol {
namespace {

constexpr std::string_view kErrorReadingJson = "Error reading JSON.";

std::string_view token_name(char first) {
    switch (first) {
        case '[':
            return "Array";
        case '"':
            return "String";
        case 't':
            return "True";
        case 'f':
            return "False";
        case 'n':
            return "Null";
        default:
            return "Number";
    }
}

std::string expected_type(std::string_view name, std::string_view type) {
    std::string detail = "Expected '";
    detail.append(name).append("' to be of type ").append(type).append(".");
    return detail;
}

// The reference's texts. `raw` has valid escapes and half a pair somewhere.
std::string describe_lone_surrogate(std::string_view raw) {
    constexpr std::size_t kEscapeSize = 6;  // \uXXXX
    std::size_t at = 0;
    while ((at = raw.find('\\', at)) != std::string_view::npos) {
        if (raw[at + 1] != 'u') {
            at += 2;
            continue;
        }
        const auto code = std::strtoul(std::string(raw.substr(at + 2, 4)).c_str(), nullptr, 16);
        if (code >= 0xDC00 && code <= 0xDFFF) {
            std::array<char, 8> text{};
            std::snprintf(text.data(), text.size(), "0x%lX", code);
            return "Cannot read invalid UTF-16 JSON text as string. Invalid surrogate value: '" +
                   std::string(text.data()) + "'.";
        }
        const bool high = code >= 0xD800 && code < 0xDC00;
        const auto second = raw.substr(at + kEscapeSize, 2);
        if (high && second != "\\u") {
            break;
        }
        at += high ? 2 * kEscapeSize : kEscapeSize;
    }
    return "Cannot read incomplete UTF-16 JSON text as string with missing low surrogate.";
}

}  // namespace

bool JsonFieldReader::open_object() {
    if (in_.take('{')) {
        return true;
    }
    const char first = in_.peek();
    if (!in_.skip_value(JsonScanner::kDepthMax)) {
        return false;
    }
    std::string detail = "Unexpected JSON Token Type '";
    detail.append(token_name(first)).append("'. Expected a JSON Object.");
    return fail(std::move(detail));
}

JsonScanner::Step JsonFieldReader::named(JsonScanner::Step step, const JsonString& raw,
                                         std::string_view& name) {
    if (step != JsonScanner::Step::item) {
        return step;
    }
    name = raw.raw;
    if (raw.escaped) {
        if (!decode(raw, decoded_name_)) {
            return JsonScanner::Step::error;
        }
        name = decoded_name_;
    }
    return step;
}

JsonScanner::Step JsonFieldReader::first_property(std::string_view& name) {
    JsonString raw;
    const auto step = in_.first_member(raw);
    return named(step, raw, name);
}

JsonScanner::Step JsonFieldReader::next_property(std::string_view& name) {
    JsonString raw;
    const auto step = in_.next_member(raw);
    return named(step, raw, name);
}

bool JsonFieldReader::check(const JsonString& string) {
    return !string.lone_surrogate ||
           fail(describe_lone_surrogate(string.raw), "InvalidOperationException");
}

bool JsonFieldReader::decode(const JsonString& string, std::string& text) {
    if (!check(string)) {
        return false;
    }
    if (string.escaped) {
        text.clear();
        append_decoded(text, string);
    } else {
        text.assign(string.raw);
    }
    return true;
}

bool JsonFieldReader::read_text(std::string_view name, std::string& text) {
    if (in_.peek() != '"') {
        return in_.skip_value(JsonScanner::kDepthMax - 1) && fail(expected_type(name, "String"));
    }
    JsonString string;
    return in_.read_string(string) && decode(string, text);
}

bool JsonFieldReader::read_int32(std::string_view name, std::int64_t& value) {
    using Limits = std::numeric_limits<std::int32_t>;
    return read_integer(name, "Int32", Limits::min(), Limits::max(), value);
}

bool JsonFieldReader::read_int64(std::string_view name, std::int64_t& value) {
    using Limits = std::numeric_limits<std::int64_t>;
    return read_integer(name, "Int64", Limits::min(), Limits::max(), value);
}

bool JsonFieldReader::read_integer(std::string_view name, std::string_view type, std::int64_t min,
                                   std::int64_t max, std::int64_t& value) {
    const char first = in_.peek();
    if (first != '-' && (first < '0' || first > '9')) {
        return in_.skip_value(JsonScanner::kDepthMax - 1) && fail(expected_type(name, "Number"));
    }
    JsonNumber number;
    if (!in_.read_number(number)) {
        return false;
    }
    if (to_int64(number, value) && value >= min && value <= max) {
        return true;
    }
    std::string detail =
        "Either the JSON value is not in a supported format, or is out of bounds for an ";
    detail.append(type).append(".");
    return fail(std::move(detail), "FormatException");
}

bool JsonFieldReader::read_boolean(std::string_view name, bool& value) {
    const char first = in_.peek();
    if (!in_.skip_value(JsonScanner::kDepthMax - 1)) {
        return false;
    }
    value = first == 't';
    if (first == 't' || first == 'f') {
        return true;
    }
    std::string detail = "Expected '";
    detail.append(name).append("' to be true or false.");
    return fail(std::move(detail));
}

bool JsonFieldReader::fail(std::string detail, std::string_view exception) {
    if (detail_.empty()) {
        detail_ = std::move(detail);
        exception_ = exception;
    }
    return false;
}

ProtocolError JsonFieldReader::error() const {
    if (in_.failed() || detail_.empty()) {
        return {ProtocolErrc::bad_json, std::string(kErrorReadingJson)};
    }
    return {ProtocolErrc::bad_message, detail_, exception_};
}

}  // namespace hubtrail::protocol
