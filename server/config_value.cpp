#include "server/config_value.h"

#include <array>
#include <charconv>
#include <limits>

namespace hubtrail::server {
namespace {

constexpr std::size_t kDescribedBytesMax = 60;

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

constexpr std::array<Unit, 5> kTimeUnits = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 4> kSizeUnits = {
    {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}}};

/// Decimal digits, with a minus where one is allowed by the type; nothing else around them.
std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return number;
}

std::optional<std::int64_t> multiply(std::int64_t number, std::int64_t factor) {
    if (number < 0 || number > std::numeric_limits<std::int64_t>::max() / factor) {
        return std::nullopt;
    }
    return number * factor;
}

template <std::size_t N>
std::optional<std::int64_t> parse_with_unit(std::string_view text,
                                            const std::array<Unit, N>& units) {
    const auto digits = text.find_first_not_of("0123456789");
    const auto number = parse_integer(text.substr(0, digits));
    const auto name = digits == std::string_view::npos ? std::string_view() : text.substr(digits);
    for (const auto& unit : units) {
        if (number && unit.name == name) {
            return multiply(*number, unit.factor);
        }
    }
    return std::nullopt;
}

template <std::size_t N>
std::string format_with_unit(std::int64_t number, const std::array<Unit, N>& units) {
    auto unit = units.rbegin();
    while (number % unit->factor != 0) {
        ++unit;
    }
    return std::to_string(number / unit->factor) + std::string(unit->name);
}

std::optional<std::int64_t> within(std::optional<std::int64_t> number, ConfigRange range) {
    return number && *number >= range.min && *number <= range.max ? number : std::nullopt;
}

/// The text of the two alternatives that have one.
const std::string* text_of(const ConfigValue& value) {
    if (const auto* plain = std::get_if<PlainText>(&value)) {
        return &plain->text;
    }
    return std::get_if<std::string>(&value);
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
    const auto seconds = parse_integer(text);
    return seconds ? multiply(*seconds, 1'000) : parse_with_unit(text, kTimeUnits);
}

std::optional<std::int64_t> parse_size(std::string_view text) {
    return parse_with_unit(text, kSizeUnits);
}

std::string format_duration_ms(std::int64_t milliseconds) {
    return milliseconds == 0 ? "0s" : format_with_unit(milliseconds, kTimeUnits);
}

std::string format_size(std::int64_t bytes) {
    return bytes == 0 ? "0" : format_with_unit(bytes, kSizeUnits);
}

std::optional<bool> read_bool(const ConfigValue& value) {
    if (const auto* flag = std::get_if<bool>(&value)) {
        return *flag;
    }
    if (const auto* plain = std::get_if<PlainText>(&value)) {
        if (plain->text == "true" || plain->text == "1") {
            return true;
        }
        if (plain->text == "false" || plain->text == "0") {
            return false;
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> read_integer(const ConfigValue& value, ConfigRange range) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return within(*number, range);
    }
    const auto* plain = std::get_if<PlainText>(&value);
    return plain == nullptr ? std::nullopt : within(parse_integer(plain->text), range);
}

std::optional<std::int64_t> read_duration_ms(const ConfigValue& value, ConfigRange range) {
    if (const auto* seconds = std::get_if<std::int64_t>(&value)) {
        return within(multiply(*seconds, 1'000), range);
    }
    const auto* text = text_of(value);
    return text == nullptr ? std::nullopt : within(parse_duration_ms(*text), range);
}

std::optional<std::int64_t> read_size(const ConfigValue& value, ConfigRange range) {
    if (const auto* bytes = std::get_if<std::int64_t>(&value)) {
        return within(*bytes, range);
    }
    const auto* text = text_of(value);
    return text == nullptr ? std::nullopt : within(parse_size(*text), range);
}

std::optional<std::string> read_text(const ConfigValue& value) {
    const auto* text = text_of(value);
    return text == nullptr ? std::nullopt : std::optional<std::string>(*text);
}

std::optional<std::vector<std::string>> read_list(const ConfigValue& value) {
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        return *list;
    }
    const auto* plain = std::get_if<PlainText>(&value);
    if (plain == nullptr) {
        return std::nullopt;
    }
    std::vector<std::string> parts;
    for (std::string_view rest = plain->text; !trim(rest).empty();) {
        const auto comma = rest.find(',');
        parts.emplace_back(trim(rest.substr(0, comma)));
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return parts;
}

std::string describe(const ConfigValue& value) {
    if (const auto* text = text_of(value)) {
        return text->size() <= kDescribedBytesMax
                   ? quote_text(*text)
                   : quote_text(text->substr(0, kDescribedBytesMax)) + "...";
    }
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return std::to_string(*number);
    }
    if (const auto* flag = std::get_if<bool>(&value)) {
        return *flag ? "true" : "false";
    }
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        const auto text = quote_list(*list);
        return text.size() <= kDescribedBytesMax ? text : describe_type(value);
    }
    return describe_type(value);
}

std::string describe_type(const ConfigValue& value) {
    if (const auto* other = std::get_if<OtherValue>(&value)) {
        return other->kind;
    }
    constexpr std::array<const char*, 5> kTypes = {"text", "text", "a number", "true or false",
                                                   "a list of texts"};
    return kTypes.at(value.index());
}

std::string quote_text(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0xfU];
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string quote_list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const auto& text : texts) {
        out += (out.size() > 1 ? ", " : "") + quote_text(text);
    }
    return out + ']';
}

}  // namespace hubtrail::server
