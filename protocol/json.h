#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace hubtrail::protocol {

/// Limits of the guard that every JSON text of a peer passes before anything else looks at it.
struct JsonLimits {
    std::size_t bytes_max = std::size_t{1024} * 1024;
    std::size_t depth_max = 64;  ///< nested arrays and objects; a scalar has depth 0; at most 64
    std::size_t members_max = 10000;  ///< object members and array elements together
};

struct JsonError {
    std::size_t offset;  ///< byte at which it went wrong
    std::string what;    ///< "duplicate member 'a'", "depth over 64", ...
};

/// The guard: strict RFC 8259 UTF-8 text, one value, no duplicate members, no U+0000, no lone
/// surrogate, no number beyond a double, within the limits. Iterative: depth costs no stack.
/// Thread: any.
Result<void, JsonError> check_json(std::string_view text, const JsonLimits& limits);

/// A read-only JSON tree, guarded on the way in. Cheap to copy: copies share the tree.
/// Thread: any. The tree never changes.
class JsonValue {
public:
    enum class Kind { null, boolean, integer, number, string, array, object };

    static Result<JsonValue, JsonError> parse(std::string_view text, const JsonLimits& limits);

    Kind kind() const;
    bool is_null() const { return kind() == Kind::null; }
    bool is_string() const { return kind() == Kind::string; }
    bool is_object() const { return kind() == Kind::object; }
    bool is_array() const { return kind() == Kind::array; }
    bool is_integer() const { return kind() == Kind::integer; }

    // Each of these needs the kind that it names (checked).
    const std::string& string() const;
    std::int64_t integer() const;  ///< integers outside int64 are of kind number
    double number() const;         ///< integer or number
    bool boolean() const;

    /// Elements of an array or members of an object.
    std::size_t size() const;
    JsonValue at(std::size_t index) const;
    /// The member, or nothing.
    std::optional<JsonValue> find(std::string_view member) const;
    /// Members of an object in alphabetical order of their names.
    std::vector<std::pair<std::string, JsonValue>> members() const;

    /// Compact JSON text.
    std::string dump() const;
    /// "object", "string of 12 characters", ...: for error messages; never quotes the content.
    std::string describe() const;

private:
    struct Tree;
    JsonValue(std::shared_ptr<const Tree> tree, const void* node);
    std::shared_ptr<const Tree> tree_;  ///< owned with every value out of it
    const void* node_;
};

/// Appends text as a JSON string with its quotes; control characters, quotes and backslashes
/// escaped, and characters outside of the basic plane as two \uXXXX, which is what the reference
/// sends; bytes that are no UTF-8 as U+FFFD each; everything else as it is.
void append_json_string(std::string& out, std::string_view text);
/// Without the quotes, and with every character that may stand as it is. `text` must be UTF-8.
void append_json_escaped(std::string& out, std::string_view text);

}  // namespace hubtrail::protocol
