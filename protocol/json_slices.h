#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// JSON read without writing it again: a value is a slice of the text, byte for byte, for those who
/// hand it on. Strict (RFC 8259); what an object has twice is kept twice. Views live as long as the
/// text. Every function answers nothing when the text is not what it asks for. Thread: any.
namespace hubtrail::protocol {

/// Nesting within one value.
inline constexpr std::size_t kJsonSliceDepthMax = 64;

/// Name (still escaped, without quotes) and value slice of each member of the object `text`.
std::optional<std::vector<std::pair<std::string_view, std::string_view>>> object_members(
    std::string_view text);

/// The value slice of each element of the array `text`.
std::optional<std::vector<std::string_view>> array_elements(std::string_view text);

/// The slice of the first member of that name; only the object's own members are looked at.
std::optional<std::string_view> find_member(std::string_view object, std::string_view name);

/// Nothing when the string holds half a surrogate pair: that is no Unicode text.
std::optional<std::string> string_value(std::string_view slice);
std::optional<std::int64_t> integer_value(std::string_view slice);
std::optional<bool> boolean_value(std::string_view slice);

std::optional<std::string> find_string(std::string_view object, std::string_view name);
std::optional<std::int64_t> find_integer(std::string_view object, std::string_view name);

/// Writes one JSON object, member by member. Texts may be any bytes, such as a file's name: those
/// that are not UTF-8 become U+FFFD. Thread: any; a value.
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
    void append_text(std::string_view bytes);
    std::string out_ = "{";
};

}  // namespace hubtrail::protocol
