#include "bench/json_scan.h"

#include <charconv>
#include <cstring>

namespace hubtrail::bench {
namespace {

constexpr std::size_t kEnd = std::string_view::npos;

std::size_t skip_space(std::string_view text, std::size_t at) {
    while (at < text.size() &&
           (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) {
        ++at;
    }
    return at;
}

/// Past the closing quote of the string that begins at `at`, or kEnd.
std::size_t skip_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size(); ++at) {
        const auto* quote =
            static_cast<const char*>(std::memchr(text.data() + at, '"', text.size() - at));
        if (quote == nullptr) {
            return kEnd;
        }
        at = static_cast<std::size_t>(quote - text.data());
        std::size_t backslashes = 0;
        while (text[at - 1 - backslashes] == '\\') {  // ends at the opening quote at the latest
            ++backslashes;
        }
        if (backslashes % 2 == 0) {
            return at + 1;
        }
    }
    return kEnd;
}

/// Past the object or array that begins at `at`, or kEnd.
std::size_t skip_container(std::string_view text, std::size_t at) {
    int depth = 0;
    while (at < text.size()) {
        switch (text[at]) {
            case '"':
                at = skip_string(text, at);
                if (at == kEnd) {
                    return kEnd;
                }
                continue;
            case '{':
            case '[':
                ++depth;
                break;
            case '}':
            case ']':
                if (--depth == 0) {
                    return at + 1;
                }
                break;
            default:
                break;
        }
        ++at;
    }
    return kEnd;
}

std::size_t skip_value(std::string_view text, std::size_t at) {
    if (at >= text.size()) {
        return kEnd;
    }
    if (text[at] == '"') {
        return skip_string(text, at);
    }
    if (text[at] == '{' || text[at] == '[') {
        return skip_container(text, at);
    }
    const std::size_t begin = at;
    while (at < text.size() && std::strchr(",]} \n\r\t", text[at]) == nullptr) {
        ++at;
    }
    return at == begin ? kEnd : at;
}

}  // namespace

std::optional<std::string_view> json_member(std::string_view object, std::string_view name) {
    std::size_t at = skip_space(object, 0);
    if (at >= object.size() || object[at] != '{') {
        return std::nullopt;
    }
    at = skip_space(object, at + 1);
    while (at < object.size() && object[at] == '"') {
        const std::size_t name_end = skip_string(object, at);
        if (name_end == kEnd) {
            return std::nullopt;
        }
        const std::string_view found = object.substr(at + 1, name_end - at - 2);
        at = skip_space(object, name_end);
        if (at >= object.size() || object[at] != ':') {
            return std::nullopt;
        }
        at = skip_space(object, at + 1);
        const std::size_t value_end = skip_value(object, at);
        if (value_end == kEnd) {
            return std::nullopt;
        }
        if (found == name) {
            return object.substr(at, value_end - at);
        }
        at = skip_space(object, value_end);
        if (at >= object.size() || object[at] != ',') {
            return std::nullopt;
        }
        at = skip_space(object, at + 1);
    }
    return std::nullopt;
}

JsonElements::JsonElements(std::string_view array) : text_(array) {
    const std::size_t begin = skip_space(array, 0);
    at_ = begin < array.size() && array[begin] == '[' ? begin + 1 : array.size();
}

std::optional<std::string_view> JsonElements::next() {
    const std::size_t begin = skip_space(text_, at_);
    const std::size_t end = skip_value(text_, begin);
    if (end == kEnd) {
        at_ = text_.size();
        return std::nullopt;
    }
    at_ = skip_space(text_, end);
    if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
    }
    return text_.substr(begin, end - begin);
}

std::optional<std::uint64_t> json_unsigned(std::string_view value) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) {
        return std::nullopt;
    }
    return number;
}

std::optional<std::string_view> json_plain_string(std::string_view value) {
    if (value.size() < 2 || value.front() != '"' || value.back() != '"' ||
        value.find('\\') != std::string_view::npos) {
        return std::nullopt;
    }
    return value.substr(1, value.size() - 2);
}

}  // namespace hubtrail::bench
