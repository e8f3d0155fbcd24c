#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/json_scanner.h"

namespace hubtrail::protocol {

/// What the guard (json.h) checks beyond the grammar, for one value at a time of a text that
/// someone else scans. Keeps its memory between values. Thread: strand.
class JsonGuard {
public:
    explicit JsonGuard(const JsonLimits& limits) : limits_(limits) {}

    /// Checks the scanner's next value and takes it. False: the scanner failed (grammar, depth) or
    /// error() says why. The byte limit is the caller's.
    bool take_value(JsonScanner& in);

    /// What take_value() found beside the scanner's own problem.
    const std::optional<JsonError>& error() const { return error_; }

    // For walk_json() only.
    bool open_object();
    bool close_object();
    bool name(const JsonString& name);
    bool element();
    bool string(const JsonString& string);
    bool number(const JsonNumber& number);

private:
    struct Name {
        std::string_view text;  // decoded
        std::size_t offset;
    };

    bool refuse(std::size_t offset, std::string what);
    bool count_member();
    bool refuse_duplicate(const Name& a, const Name& b);

    JsonLimits limits_;
    JsonScanner* in_ = nullptr;
    std::vector<Name> names_;                 // of all open objects, outermost first
    std::vector<std::size_t> object_starts_;  // where each open object's names begin
    std::deque<std::string> decoded_;  // names with escapes; a deque never moves its elements
    std::size_t members_ = 0;
    std::optional<JsonError> error_;
};

}  // namespace hubtrail::protocol
