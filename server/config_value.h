#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// What a configuration source gives for one key, and how it reads as the type that the key has. A
// reader answers nothing when the value is of another type or out of range. Thread: any.

namespace hubtrail::server {

/// A variable's or flag's text: it has the type that the setting asks for.
struct PlainText {
    std::string text;
};

/// A value of the file that no setting takes; `kind` in words, such as "a table".
struct OtherValue {
    std::string kind;
};

using ConfigValue =
    std::variant<PlainText, std::string, std::int64_t, bool, std::vector<std::string>, OtherValue>;

/// Both ends are allowed.
struct ConfigRange {
    std::int64_t min;
    std::int64_t max;
};

std::optional<bool> read_bool(const ConfigValue& value);
std::optional<std::int64_t> read_integer(const ConfigValue& value, ConfigRange range);
/// Milliseconds, also in `range`. A number without unit is seconds.
std::optional<std::int64_t> read_duration_ms(const ConfigValue& value, ConfigRange range);
/// Bytes. A number without unit is bytes.
std::optional<std::int64_t> read_size(const ConfigValue& value, ConfigRange range);
std::optional<std::string> read_text(const ConfigValue& value);
/// From plain text: parts between commas, without the spaces around them; empty text is no part.
std::optional<std::vector<std::string>> read_list(const ConfigValue& value);

/// `30s`, `15m`, `1h`, `7d`, `250ms`; `30` is seconds. One unit, no sign, no fraction.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);
/// `512`, `32KiB`, `1MiB`, `1GiB`.
std::optional<std::int64_t> parse_size(std::string_view text);

/// In the largest unit that leaves no rest: 90000 is "90s".
std::string format_duration_ms(std::int64_t milliseconds);
std::string format_size(std::int64_t bytes);

/// The value for an error line, as the writer of the source wrote it; long text is cut.
std::string describe(const ConfigValue& value);
/// Its type only, for a key whose value may be a secret by mistake.
std::string describe_type(const ConfigValue& value);

/// A TOML basic string.
std::string quote_text(std::string_view text);
/// A TOML array of basic strings.
std::string quote_list(const std::vector<std::string>& texts);

}  // namespace hubtrail::server
