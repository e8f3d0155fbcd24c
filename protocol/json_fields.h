#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/json_scanner.h"
#include "protocol/protocol_error.h"

namespace hubtrail::protocol {

/// Reads the properties of one protocol object (a hub message or a handshake request) with the
/// reference's error texts. The first mistake is kept in error(). Thread: strand. One reader per
/// record.
class JsonFieldReader {
public:
    explicit JsonFieldReader(std::string_view record) : in_(record) {}

    JsonScanner& scanner() { return in_; }

    bool open_object();
    /// The name of the next property, decoded; it dies at the next call.
    JsonScanner::Step first_property(std::string_view& name);
    JsonScanner::Step next_property(std::string_view& name);

    // `name` is the property that the next value belongs to; it only serves the error's text.
    bool read_text(std::string_view name, std::string& text);
    bool read_int32(std::string_view name, std::int64_t& value);
    bool read_int64(std::string_view name, std::int64_t& value);
    bool read_boolean(std::string_view name, bool& value);

    /// A text of the protocol that is not Unicode is refused.
    bool check(const JsonString& string);
    bool decode(const JsonString& string, std::string& text);

    /// The first mistake is kept; always false.
    bool fail(std::string detail, std::string_view exception = "InvalidDataException");
    /// What to answer; bad_json when the text itself is broken.
    ProtocolError error() const;

private:
    bool read_integer(std::string_view name, std::string_view type, std::int64_t min,
                      std::int64_t max, std::int64_t& value);
    JsonScanner::Step named(JsonScanner::Step step, const JsonString& raw, std::string_view& name);

    JsonScanner in_;
    std::string decoded_name_;
    std::string detail_;
    std::string_view exception_;
};

}  // namespace hubtrail::protocol
