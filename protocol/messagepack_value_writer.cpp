#include <array>
#include <bit>
#include <cmath>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include "base/utf8.h"
#include "protocol/messagepack_values.h"
#include "protocol/timestamp_text.h"

namespace hubtrail::protocol {
namespace {

struct StringSink {
    std::string& out;
    void write(const char* data, std::size_t size) { out.append(data, size); }
};

std::uint32_t size_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(bytes.size());
}

void put_big_endian(char* to, std::uint64_t value, std::size_t width) {
    for (auto i = width; i-- > 0; value >>= 8U) {
        to[i] = static_cast<char>(value & 0xFFU);
    }
}

class MessagePackValueWriter final : public ValueWriter {
public:
    explicit MessagePackValueWriter(std::string& out) : sink_{out}, packer_(sink_) {}

    void null() override {
        begin_value();
        packer_.pack_nil();
    }
    void boolean(bool value) override {
        begin_value();
        value ? packer_.pack_true() : packer_.pack_false();
    }
    void integer(std::int64_t value) override {
        begin_value();
        packer_.pack_int64(value);
    }
    void unsigned_integer(std::uint64_t value) override {
        begin_value();
        packer_.pack_uint64(value);
    }
    void number(double value) override {
        if (!std::isfinite(value)) {
            return fail(kNotFinite);
        }
        // Not pack_double(): it writes whole numbers as integers.
        begin_value();
        std::array<char, 9> bytes{'\xCB'};
        put_big_endian(bytes.data() + 1, std::bit_cast<std::uint64_t>(value), sizeof value);
        sink_.write(bytes.data(), bytes.size());
    }
    void string(std::string_view text) override {
        begin_value();
        write_string(text);
    }
    void binary(std::string_view bytes) override {
        begin_value();
        packer_.pack_bin(size_of(bytes));
        packer_.pack_bin_body(bytes.data(), size_of(bytes));
    }
    void timestamp(Timestamp value) override;
    void raw(std::string_view value) override {
        begin_value();
        sink_.write(value.data(), value.size());
    }

    void begin_array(std::size_t count) override {
        begin_value();
        packer_.pack_array(static_cast<std::uint32_t>(count));
        ++depth_;
    }
    void end_array() override { --depth_; }
    void begin_object(std::size_t count) override {
        begin_value();
        packer_.pack_map(static_cast<std::uint32_t>(count));
        ++depth_;
    }
    void name(std::string_view member) override { write_string(member); }
    void key(std::string_view key) override { write_string(key); }
    void end_object() override { --depth_; }

    Encoding encoding() const override { return Encoding::messagepack; }
    void fail(const char* problem) override {
        problem_ = problem_ == nullptr ? problem : problem_;
        null();
    }
    std::size_t count() const override { return count_; }
    const char* problem() const override { return problem_; }
    void reset() override {
        depth_ = 0;
        count_ = 0;
        problem_ = nullptr;
    }

private:
    void begin_value() { count_ += depth_ == 0 ? 1U : 0U; }
    void write_string(std::string_view given) {
        const auto text = valid_utf8(given, valid_);
        packer_.pack_str(size_of(text));
        packer_.pack_str_body(text.data(), size_of(text));
    }

    StringSink sink_;
    msgpack::packer<StringSink> packer_;
    std::string valid_;
    std::size_t depth_ = 0;
    std::size_t count_ = 0;
    const char* problem_ = nullptr;
};

// The smallest of the three forms that holds it.
void MessagePackValueWriter::timestamp(Timestamp value) {
    constexpr std::uint64_t kShortSecondsEnd = std::uint64_t{1} << 34U;
    if (!is_sendable(value)) {
        return fail(kNotAYear);
    }
    begin_value();
    const auto seconds = static_cast<std::uint64_t>(value.seconds);
    std::array<char, 12> bytes;
    std::size_t size = 0;
    if (seconds < kShortSecondsEnd) {
        const auto both = std::uint64_t{value.nanoseconds} << 34U | seconds;
        size = both >> 32U == 0 ? 4 : 8;
        put_big_endian(bytes.data(), both, size);
    } else {
        size = 12;
        put_big_endian(bytes.data(), value.nanoseconds, 4);
        put_big_endian(bytes.data() + 4, seconds, 8);
    }
    packer_.pack_ext(size, kTimestampExtension);
    packer_.pack_ext_body(bytes.data(), static_cast<std::uint32_t>(size));
}

}  // namespace

std::unique_ptr<ValueWriter> make_messagepack_value_writer(std::string& out) {
    return std::make_unique<MessagePackValueWriter>(out);
}

}  // namespace hubtrail::protocol
