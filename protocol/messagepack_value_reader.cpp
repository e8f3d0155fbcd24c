#include <array>
#include <limits>

#include "protocol/messagepack_scanner.h"
#include "protocol/messagepack_values.h"
#include "protocol/timestamp_text.h"

namespace hubtrail::protocol {
namespace {

using Token = MessagePackToken;

constexpr std::uint32_t kNanosPerSecond = 1'000'000'000;
constexpr auto kInt64Max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

std::uint64_t read_big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) {
        value = value << 8U | static_cast<unsigned char>(byte);
    }
    return value;
}

bool decode_timestamp(std::string_view bytes, Timestamp& time) {
    Timestamp read;
    switch (bytes.size()) {
        case 4:
            read.seconds = static_cast<std::int64_t>(read_big_endian(bytes));
            break;
        case 8: {
            const auto both = read_big_endian(bytes);
            read.nanoseconds = static_cast<std::uint32_t>(both >> 34U);
            read.seconds = static_cast<std::int64_t>(both & ((std::uint64_t{1} << 34U) - 1));
            break;
        }
        case 12:
            read.nanoseconds = static_cast<std::uint32_t>(read_big_endian(bytes.substr(0, 4)));
            read.seconds = static_cast<std::int64_t>(read_big_endian(bytes.substr(4)));
            break;
        default:
            return false;
    }
    if (read.nanoseconds >= kNanosPerSecond) {
        return false;
    }
    time = read;
    return true;
}

class MessagePackValueReader final : public ValueReader {
public:
    explicit MessagePackValueReader(std::string_view raw) : in_(raw) {}

    void reset(std::string_view raw) override {
        in_ = MessagePackScanner(raw);
        member_.clear();
        depth_ = 0;
    }
    Kind peek() override;
    bool take_null() override;
    bool read_boolean(bool& value) override;
    bool read_integer(std::int64_t& value) override;
    bool read_unsigned(std::uint64_t& value) override;
    bool read_number(double& value) override;
    bool read_string(std::string& value) override;
    bool read_binary(std::string& value) override;
    bool read_timestamp(Timestamp& value) override;
    bool read_raw(std::string_view& value) override {
        return in_.skip_value(MessagePackScanner::kMessagePackDepthMax, value);
    }
    bool skip() override { return in_.skip_value(MessagePackScanner::kMessagePackDepthMax); }

    bool begin_array() override { return begin(Token::Kind::array, "expected an array"); }
    Step next_element() override;
    bool begin_object() override { return begin(Token::Kind::map, "expected an object"); }
    Step next_member(std::string& name) override;
    Encoding encoding() const override { return Encoding::messagepack; }

    bool fail(const char* problem) override { return in_.fail(problem); }
    const char* problem() const override { return in_.problem(); }
    void failed_in(std::string_view member) override {
        member_ = std::string(member) + (member_.empty() ? "" : "." + member_);
    }
    const std::string& problem_member() const override { return member_; }

private:
    bool begin(Token::Kind kind, const char* problem);
    bool take(Token::Kind kind, const char* problem) {
        return in_.next(token_) && (token_.kind == kind || fail(problem));
    }

    MessagePackScanner in_;
    Token token_;
    std::string member_;
    std::size_t depth_ = 0;
    std::array<std::size_t, MessagePackScanner::kMessagePackDepthMax>
        left_in_;  // elements or pairs to come
};

ValueReader::Kind MessagePackValueReader::peek() {
    MessagePackScanner ahead = in_;
    if (ahead.at_end() || !ahead.next(token_)) {
        return Kind::end;
    }
    switch (token_.kind) {
        case Token::Kind::nil:
            return Kind::null;
        case Token::Kind::boolean:
            return Kind::boolean;
        case Token::Kind::unsigned_integer:
        case Token::Kind::negative_integer:
            return Kind::integer;
        case Token::Kind::number:
            return Kind::number;
        case Token::Kind::string:
            return Kind::string;
        case Token::Kind::binary:
            return Kind::binary;
        case Token::Kind::extension:
            return token_.extension_type == kTimestampExtension ? Kind::timestamp : Kind::other;
        case Token::Kind::array:
            return Kind::array;
        case Token::Kind::map:
            return Kind::object;
    }
    return Kind::end;
}

bool MessagePackValueReader::take_null() {
    MessagePackScanner ahead = in_;
    if (ahead.at_end() || !ahead.next(token_) || token_.kind != Token::Kind::nil) {
        return false;
    }
    in_ = ahead;
    return true;
}

bool MessagePackValueReader::read_boolean(bool& value) {
    if (!take(Token::Kind::boolean, "expected true or false")) {
        return false;
    }
    value = token_.boolean;
    return true;
}

bool MessagePackValueReader::read_integer(std::int64_t& value) {
    if (!in_.next(token_)) {
        return false;
    }
    const bool fits = token_.kind == Token::Kind::negative_integer ||
                      (token_.kind == Token::Kind::unsigned_integer && token_.integer <= kInt64Max);
    if (!fits) {
        return fail("expected an integer that fits");
    }
    value = static_cast<std::int64_t>(token_.integer);
    return true;
}

bool MessagePackValueReader::read_unsigned(std::uint64_t& value) {
    if (!take(Token::Kind::unsigned_integer, "expected an integer that fits")) {
        return false;
    }
    value = token_.integer;
    return true;
}

bool MessagePackValueReader::read_number(double& value) {
    if (!in_.next(token_)) {
        return false;
    }
    switch (token_.kind) {
        case Token::Kind::number:
            value = token_.number;
            return true;
        case Token::Kind::unsigned_integer:
            value = static_cast<double>(token_.integer);
            return true;
        case Token::Kind::negative_integer:
            value = static_cast<double>(static_cast<std::int64_t>(token_.integer));
            return true;
        default:
            return fail("expected a number");
    }
}

bool MessagePackValueReader::read_string(std::string& value) {
    if (!take(Token::Kind::string, "expected a string")) {
        return false;
    }
    value.assign(token_.bytes);
    return true;
}

bool MessagePackValueReader::read_binary(std::string& value) {
    if (!take(Token::Kind::binary, "expected binary data")) {
        return false;
    }
    value.assign(token_.bytes);
    return true;
}

// Alone, or as .NET's DateTimeOffset: the time that its clock showed, as if that were UTC, and by
// how many minutes the clock was ahead of UTC.
bool MessagePackValueReader::read_timestamp(Timestamp& value) {
    constexpr std::int64_t kOffsetMinutesMax = 14 * 60;
    if (!in_.next(token_)) {
        return false;
    }
    const bool has_offset = token_.kind == Token::Kind::array && token_.count == 2;
    if (has_offset && !in_.next(token_)) {
        return false;
    }
    Timestamp read;
    if (token_.kind != Token::Kind::extension || token_.extension_type != kTimestampExtension ||
        !decode_timestamp(token_.bytes, read)) {
        return fail("expected a timestamp");
    }
    std::int64_t minutes = 0;
    if (has_offset && (!read_integer(minutes) || minutes < -kOffsetMinutesMax ||
                       minutes > kOffsetMinutesMax || !is_sendable(read))) {
        return fail("expected a timestamp with its offset in minutes");
    }
    value = {read.seconds - minutes * 60, read.nanoseconds};
    return true;
}

bool MessagePackValueReader::begin(Token::Kind kind, const char* problem) {
    if (!take(kind, problem)) {
        return false;
    }
    if (depth_ == MessagePackScanner::kMessagePackDepthMax) {
        return fail("nested too deep");
    }
    left_in_[depth_] = token_.count;
    ++depth_;
    return true;
}

ValueReader::Step MessagePackValueReader::next_element() {
    if (problem() != nullptr || depth_ == 0) {
        return Step::error;
    }
    if (left_in_[depth_ - 1] == 0) {
        --depth_;
        return Step::end;
    }
    --left_in_[depth_ - 1];
    return Step::item;
}

ValueReader::Step MessagePackValueReader::next_member(std::string& name) {
    const auto step = next_element();
    return step == Step::item && !read_string(name) ? Step::error : step;
}

}  // namespace

std::unique_ptr<ValueReader> make_messagepack_value_reader(std::string_view raw) {
    return std::make_unique<MessagePackValueReader>(raw);
}

}  // namespace hubtrail::protocol
