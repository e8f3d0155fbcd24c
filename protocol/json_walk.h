#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "protocol/json_scanner.h"

namespace hubtrail::protocol {

/// A visitor that looks at nothing: what remains is the check of the grammar.
struct NoVisitor {
    bool open_object() { return true; }
    bool close_object() { return true; }
    bool name(const JsonString&) { return true; }
    bool element() { return true; }
    bool string(const JsonString&) { return true; }
    bool number(const JsonNumber&) { return true; }
};

/// Walks one value in one loop. A visitor's false ends the walk with false. `depth_max` is at most
/// JsonScanner::kDepthMax: the kinds of the open containers are one bit each.
template <typename Visitor>
bool walk_json(JsonScanner& in, std::size_t depth_max, Visitor& visitor) {
    HUBTRAIL_CHECK(depth_max <= JsonScanner::kDepthMax, "the walk keeps one bit per level");
    std::uint64_t open_objects = 0;
    std::size_t depth = 0;
    const auto read_name = [&in, &visitor] {
        JsonString name;
        return in.read_string(name) && visitor.name(name) &&
               (in.take(':') || in.fail("expected ':'"));
    };
    while (true) {
        const char first = in.peek();
        bool value_done = true;
        if (first == '"') {
            JsonString string;
            if (!in.read_string(string) || !visitor.string(string)) {
                return false;
            }
        } else if (first == '{' || first == '[') {
            const bool object = first == '{';
            if (depth == depth_max) {
                return in.fail_depth();
            }
            in.take(first);
            if (object && !visitor.open_object()) {
                return false;
            }
            if (in.take(object ? '}' : ']')) {
                if (object && !visitor.close_object()) {
                    return false;
                }
            } else {
                ++depth;
                open_objects = (open_objects << 1U) | (object ? 1U : 0U);
                if (!(object ? read_name() : visitor.element())) {
                    return false;
                }
                value_done = false;
            }
        } else if (first == 't' || first == 'f' || first == 'n') {
            if (!in.read_literal()) {
                return false;
            }
        } else {
            JsonNumber number;
            if (!in.read_number(number) || !visitor.number(number)) {
                return false;
            }
        }
        while (value_done) {
            if (depth == 0) {
                return true;
            }
            const bool object = (open_objects & 1U) != 0;
            if (in.take(',')) {
                if (!(object ? read_name() : visitor.element())) {
                    return false;
                }
                value_done = false;
            } else if (in.take(object ? '}' : ']')) {
                if (object && !visitor.close_object()) {
                    return false;
                }
                open_objects >>= 1U;
                --depth;
            } else {
                return in.fail(object ? "expected ',' or '}'" : "expected ',' or ']'");
            }
        }
    }
}

}  // namespace hubtrail::protocol
