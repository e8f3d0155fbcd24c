#include <charconv>

#include "base/ascii.h"
#include "base/crypto.h"
#include "protocol/json_scanner.h"
#include "protocol/json_values.h"
#include "protocol/timestamp_text.h"

namespace hubtrail::protocol {
namespace {

class JsonValueReader final : public ValueReader {
public:
    explicit JsonValueReader(std::string_view raw) : in_(raw) {}

    void reset(std::string_view raw) override {
        in_ = JsonScanner(raw);
        problem_ = nullptr;
        member_.clear();
        depth_ = 0;
        fresh_ = false;
    }
    Kind peek() override;
    bool take_null() override { return in_.peek() == 'n' && in_.read_literal(); }
    bool read_boolean(bool& value) override;
    bool read_integer(std::int64_t& value) override { return read_whole(value); }
    bool read_unsigned(std::uint64_t& value) override { return read_whole(value); }
    bool read_number(double& value) override;
    bool read_string(std::string& value) override;
    bool read_binary(std::string& value) override;
    bool read_timestamp(Timestamp& value) override;
    bool read_raw(std::string_view& value) override {
        return in_.skip_value(JsonScanner::kDepthMax, value);
    }
    bool skip() override { return in_.skip_value(JsonScanner::kDepthMax); }

    bool begin_array() override { return begin('[', "expected an array"); }
    Step next_element() override { return step(fresh_ ? in_.first_element() : in_.next_element()); }
    bool begin_object() override { return begin('{', "expected an object"); }
    Step next_member(std::string& name) override;
    Encoding encoding() const override { return Encoding::json; }

    bool fail(const char* problem) override {
        if (this->problem() == nullptr) {
            problem_ = problem;
            in_.fail(problem);
        }
        return false;
    }
    const char* problem() const override { return problem_ != nullptr ? problem_ : in_.problem(); }
    void failed_in(std::string_view member) override {
        member_ = std::string(member) + (member_.empty() ? "" : "." + member_);
    }
    const std::string& problem_member() const override { return member_; }

private:
    template <typename Integer>
    bool read_whole(Integer& value);
    bool begin(char bracket, const char* problem);
    Step step(JsonScanner::Step step);
    bool take_number(JsonNumber& number) {
        const char first = in_.peek();
        return (first == '-' || is_digit(first) || fail("expected a number")) &&
               in_.read_number(number);
    }
    bool decode(const JsonString& string, std::string& value);

    JsonScanner in_;
    const char* problem_ = nullptr;
    std::string member_;
    std::size_t depth_ = 0;
    bool fresh_ = false;  // right behind an opening bracket
};

ValueReader::Kind JsonValueReader::peek() {
    switch (in_.peek()) {
        case 'n':
            return Kind::null;
        case 't':
        case 'f':
            return Kind::boolean;
        case '"':
            return Kind::string;
        case '[':
            return Kind::array;
        case '{':
            return Kind::object;
        default:
            break;
    }
    JsonScanner ahead = in_;
    JsonNumber number;
    if (!ahead.read_number(number)) {
        return Kind::end;
    }
    return number.integer ? Kind::integer : Kind::number;
}

bool JsonValueReader::read_boolean(bool& value) {
    const char first = in_.peek();
    if (first != 't' && first != 'f') {
        return fail("expected true or false");
    }
    value = first == 't';
    return in_.read_literal();
}

template <typename Integer>
bool JsonValueReader::read_whole(Integer& value) {
    JsonNumber number;
    if (!take_number(number)) {
        return false;
    }
    const char* const end = number.raw.data() + number.raw.size();
    const auto parsed = std::from_chars(number.raw.data(), end, value);
    return (parsed.ec == std::errc{} && parsed.ptr == end) || fail("expected an integer that fits");
}

bool JsonValueReader::read_number(double& value) {
    JsonNumber number;
    if (!take_number(number)) {
        return false;
    }
    if (!fits_double(number)) {
        return fail("the number is too large");
    }
    double read = 0;  // stays when the number is too small for a double
    std::from_chars(number.raw.data(), number.raw.data() + number.raw.size(), read);
    value = read;
    return true;
}

bool JsonValueReader::decode(const JsonString& string, std::string& value) {
    if (string.lone_surrogate) {
        return fail("half a surrogate pair is no text");
    }
    if (string.escaped) {
        value.clear();
        append_decoded(value, string);
    } else {
        value.assign(string.raw);
    }
    return true;
}

bool JsonValueReader::read_string(std::string& value) {
    JsonString string;
    return in_.read_string(string) && decode(string, value);
}

bool JsonValueReader::read_binary(std::string& value) {
    std::string text;
    if (!read_string(text)) {
        return false;
    }
    auto bytes = base64_decode(text);
    if (!bytes) {
        return fail("expected Base64");
    }
    value = std::move(*bytes);
    return true;
}

bool JsonValueReader::read_timestamp(Timestamp& value) {
    std::string text;
    return read_string(text) &&
           (parse_timestamp(text, value) || fail("expected a time of ISO 8601"));
}

bool JsonValueReader::begin(char bracket, const char* problem) {
    if (!in_.take(bracket)) {
        return fail(problem);
    }
    if (depth_ == JsonScanner::kDepthMax) {
        return in_.fail_depth();
    }
    ++depth_;
    fresh_ = true;
    return true;
}

ValueReader::Step JsonValueReader::step(JsonScanner::Step step) {
    fresh_ = false;
    switch (step) {
        case JsonScanner::Step::item:
            return Step::item;
        case JsonScanner::Step::end:
            --depth_;
            return Step::end;
        case JsonScanner::Step::error:
            break;
    }
    return Step::error;
}

ValueReader::Step JsonValueReader::next_member(std::string& name) {
    JsonString raw;
    const auto next = step(fresh_ ? in_.first_member(raw) : in_.next_member(raw));
    return next == Step::item && !decode(raw, name) ? Step::error : next;
}

}  // namespace

std::unique_ptr<ValueReader> make_json_value_reader(std::string_view raw) {
    return std::make_unique<JsonValueReader>(raw);
}

}  // namespace hubtrail::protocol
