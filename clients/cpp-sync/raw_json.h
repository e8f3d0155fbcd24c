#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubtrail::sync {

// Reading JSON without re-writing it: `pull` must print each event byte for byte as the server
// wrote it, so a value is a slice of the reply. Views live as long as the text. Iterative; depth is
// limited. Every function answers nothing when the text is not what it asks for.

inline constexpr std::size_t kRawJsonDepthMax = 64;

/// Name (still escaped, without quotes) and value slice of each member of the object `text`.
std::optional<std::vector<std::pair<std::string_view, std::string_view>>> object_members(
    std::string_view text);

/// The value slice of each element of the array `text`.
std::optional<std::vector<std::string_view>> array_elements(std::string_view text);

/// The member's value slice; only the object's own members are looked at.
std::optional<std::string_view> find_member(std::string_view object, std::string_view name);

std::optional<std::string> string_value(std::string_view slice);
std::optional<std::int64_t> integer_value(std::string_view slice);
std::optional<bool> boolean_value(std::string_view slice);

std::optional<std::string> find_string(std::string_view object, std::string_view name);
std::optional<std::int64_t> find_integer(std::string_view object, std::string_view name);

/// Appends any bytes as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_text(std::string& out, std::string_view bytes);

bool is_utf8(std::string_view bytes);

/// Writes one JSON object, member by member. Thread: any; a value.
class JsonObjectWriter {
public:
    JsonObjectWriter& text(std::string_view name, std::string_view value);
    /// Leaves the member out when the value is empty.
    JsonObjectWriter& text_if_any(std::string_view name, std::string_view value);
    JsonObjectWriter& number(std::string_view name, std::int64_t value);
    /// `json` is a JSON value, taken as it is.
    JsonObjectWriter& raw(std::string_view name, std::string_view json);
    /// The whole object. The writer is spent.
    std::string finish();

private:
    void begin_member(std::string_view name);
    std::string out_ = "{";
};

}  // namespace hubtrail::sync
