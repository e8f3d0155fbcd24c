#include "protocol/json_bridge.h"

#include <cstddef>
#include <cstdlib>
#include <optional>

#include "protocol/json_scanner.h"
#include "protocol/messagepack_values.h"

namespace hubtrail::protocol {
namespace {

/// Thread: strand. For one value.
class JsonCopy {
public:
    JsonCopy(std::string_view json, ValueWriter& out) : in_(json), out_(out) {}

    bool copy() { return copy_value(0) && in_.finish(); }

private:
    bool copy_value(std::size_t depth) {
        switch (in_.peek()) {
            case '{':
                return depth < JsonScanner::kDepthMax && copy_object(depth + 1);
            case '[':
                return depth < JsonScanner::kDepthMax && copy_array(depth + 1);
            case '"': {
                JsonString string;
                if (!in_.read_string(string)) {
                    return false;
                }
                out_.string(decode(string));
                return true;
            }
            case 't':
            case 'f':
                out_.boolean(in_.peek() == 't');
                return in_.read_literal();
            case 'n':
                out_.null();
                return in_.read_literal();
            default:
                return copy_number();
        }
    }

    bool copy_object(std::size_t depth) {
        in_.take('{');
        const auto count = count_members();
        if (!count) {
            return false;
        }
        out_.begin_object(*count);
        JsonString name;
        auto step = in_.first_member(name);
        for (; step == JsonScanner::Step::item; step = in_.next_member(name)) {
            out_.key(decode(name));
            if (!copy_value(depth)) {
                return false;
            }
        }
        out_.end_object();
        return step == JsonScanner::Step::end;
    }

    bool copy_array(std::size_t depth) {
        in_.take('[');
        const auto count = count_elements();
        if (!count) {
            return false;
        }
        out_.begin_array(*count);
        auto step = in_.first_element();
        for (; step == JsonScanner::Step::item; step = in_.next_element()) {
            if (!copy_value(depth)) {
                return false;
            }
        }
        out_.end_array();
        return step == JsonScanner::Step::end;
    }

    bool copy_number() {
        JsonNumber number;
        if (!in_.read_number(number)) {
            return false;
        }
        std::int64_t whole = 0;
        std::uint64_t large = 0;
        if (to_int64(number, whole)) {
            out_.integer(whole);
        } else if (to_uint64(number, large)) {
            out_.unsigned_integer(large);
        } else {
            text_.assign(number.raw);
            out_.number(std::strtod(text_.c_str(), nullptr));
        }
        return true;
    }

    // MessagePack says how many before it says which: a look ahead, without keeping anything.
    std::optional<std::size_t> count_members() const {
        auto ahead = in_;
        JsonString name;
        std::size_t count = 0;
        auto step = ahead.first_member(name);
        for (; step == JsonScanner::Step::item && ahead.skip_value(JsonScanner::kDepthMax);
             step = ahead.next_member(name)) {
            ++count;
        }
        return step == JsonScanner::Step::end ? std::optional(count) : std::nullopt;
    }

    std::optional<std::size_t> count_elements() const {
        auto ahead = in_;
        std::size_t count = 0;
        auto step = ahead.first_element();
        for (; step == JsonScanner::Step::item && ahead.skip_value(JsonScanner::kDepthMax);
             step = ahead.next_element()) {
            ++count;
        }
        return step == JsonScanner::Step::end ? std::optional(count) : std::nullopt;
    }

    std::string_view decode(const JsonString& string) {
        if (!string.escaped) {
            return string.raw;
        }
        text_.clear();
        append_decoded(text_, string);
        return text_;
    }

    JsonScanner in_;
    ValueWriter& out_;
    std::string text_;
};

bool copy_integer(ValueReader& in, ValueWriter& out) {
    std::string_view raw;
    std::int64_t value = 0;
    std::uint64_t large = 0;
    if (!in.read_raw(raw)) {
        return false;
    }
    if (make_messagepack_value_reader(raw)->read_integer(value)) {
        out.integer(value);
        return true;
    }
    const bool good = make_messagepack_value_reader(raw)->read_unsigned(large);
    out.unsigned_integer(large);
    return good;
}

// From MessagePack, since JSON is JSON.
bool copy(ValueReader& in, ValueWriter& out, std::string& text) {
    switch (in.peek()) {
        case ValueReader::Kind::null:
            out.null();
            return in.skip();
        case ValueReader::Kind::boolean: {
            bool value = false;
            const bool good = in.read_boolean(value);
            out.boolean(value);
            return good;
        }
        case ValueReader::Kind::integer:
            return copy_integer(in, out);
        case ValueReader::Kind::number: {
            double value = 0;
            const bool good = in.read_number(value);
            out.number(value);
            return good;
        }
        case ValueReader::Kind::string:
        case ValueReader::Kind::binary: {
            const bool is_text = in.peek() == ValueReader::Kind::string;
            const bool good = is_text ? in.read_string(text) : in.read_binary(text);
            is_text ? out.string(text) : out.binary(text);
            return good;
        }
        case ValueReader::Kind::timestamp: {
            Timestamp value;
            const bool good = in.read_timestamp(value);
            out.timestamp(value);
            return good;
        }
        case ValueReader::Kind::array: {
            auto step = in.begin_array() ? in.next_element() : ValueReader::Step::error;
            out.begin_array(0);  // JSON does not say how many
            for (; step == ValueReader::Step::item; step = in.next_element()) {
                if (!copy(in, out, text)) {
                    return false;
                }
            }
            out.end_array();
            return step == ValueReader::Step::end;
        }
        case ValueReader::Kind::object: {
            auto step = in.begin_object() ? in.next_member(text) : ValueReader::Step::error;
            out.begin_object(0);
            for (; step == ValueReader::Step::item; step = in.next_member(text)) {
                out.key(text);
                if (!copy(in, out, text)) {
                    return false;
                }
            }
            out.end_object();
            return step == ValueReader::Step::end;
        }
        case ValueReader::Kind::other:
        case ValueReader::Kind::end:
            break;
    }
    return in.fail("The value has no form in JSON.");
}

}  // namespace

bool write_json(ValueWriter& out, std::string_view json) {
    return JsonCopy(json, out).copy();
}

Result<std::string, std::string> to_json(const HubProtocol& protocol, std::string_view raw) {
    if (protocol.encoding() == Encoding::json) {
        return std::string(raw);
    }
    std::string json;
    const auto writer = json_hub_protocol().make_writer(json);
    const auto reader = protocol.make_reader(raw);
    std::string text;
    if (!copy(*reader, *writer, text)) {
        const auto* problem = reader->problem();
        return Failure{std::string(problem == nullptr ? "The value cannot be read." : problem)};
    }
    if (writer->problem() != nullptr) {
        return Failure{std::string(writer->problem())};
    }
    return json;
}

}  // namespace hubtrail::protocol
