#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

/// Finds values in JSON text without building a tree: a load client must be much cheaper than the
/// server that it measures. It trusts the text to be JSON; text that is not gives nothing or a
/// wrong value, never a read outside. All views point into the text that was passed.
namespace hubtrail::bench {

/// The raw value of the first member of that name at the top level of `object`. Member names are
/// compared as written.
std::optional<std::string_view> json_member(std::string_view object, std::string_view name);

/// Walks the elements of an array. Thread: main.
class JsonElements {
public:
    explicit JsonElements(std::string_view array);
    /// The next raw element, nothing at the end.
    std::optional<std::string_view> next();

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

/// A raw value that is a non-negative integer.
std::optional<std::uint64_t> json_unsigned(std::string_view value);

/// The inside of a raw string value; nothing when it is not a string or holds an escape.
std::optional<std::string_view> json_plain_string(std::string_view value);

}  // namespace hubtrail::bench
