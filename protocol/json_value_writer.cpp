#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/ascii.h"
#include "base/crypto.h"
#include "protocol/json.h"
#include "protocol/json_values.h"
#include "protocol/timestamp_text.h"

namespace hubtrail::protocol {
namespace {

template <typename Integer>
void append_integer(std::string& out, Integer value) {
    std::array<char, 20> digits;  // 64 bits with a sign
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

class JsonValueWriter final : public ValueWriter {
public:
    JsonValueWriter(std::string& out, NamingRule naming) : out_(out), naming_(naming) {}

    void null() override {
        begin_value();
        out_ += "null";
    }
    void boolean(bool value) override {
        begin_value();
        out_ += value ? "true" : "false";
    }
    void integer(std::int64_t value) override {
        begin_value();
        append_integer(out_, value);
    }
    void unsigned_integer(std::uint64_t value) override {
        begin_value();
        append_integer(out_, value);
    }
    void number(double value) override {
        if (!std::isfinite(value)) {
            return fail(kNotFinite);
        }
        begin_value();
        append_json_number(out_, value);
    }
    void string(std::string_view text) override {
        begin_value();
        append_json_string(out_, text);
    }
    void binary(std::string_view bytes) override {
        begin_value();
        out_.push_back('"');
        out_ += base64_encode(bytes);
        out_.push_back('"');
    }
    void timestamp(Timestamp value) override {
        if (!is_sendable(value)) {
            return fail(kNotAYear);
        }
        begin_value();
        out_.push_back('"');
        append_timestamp(out_, value);
        out_.push_back('"');
    }
    void raw(std::string_view value) override {
        begin_value();
        out_ += value;
    }

    void begin_array(std::size_t /*count*/) override { begin('['); }
    void end_array() override { end(']'); }
    void begin_object(std::size_t /*count*/) override { begin('{'); }
    void end_object() override { end('}'); }
    void name(std::string_view member) override {
        begin_name();
        if (naming_ == NamingRule::camel_case && !member.empty() && is_upper(member.front())) {
            std::string cased;
            append_camel_case(cased, member);
            append_json_string(out_, cased);
        } else {
            append_json_string(out_, member);
        }
        out_.push_back(':');
    }
    void key(std::string_view key) override {
        begin_name();
        append_json_string(out_, key);
        out_.push_back(':');
    }

    Encoding encoding() const override { return Encoding::json; }
    void fail(const char* problem) override {
        problem_ = problem_ == nullptr ? problem : problem_;
        null();
    }
    std::size_t count() const override { return count_; }
    const char* problem() const override { return problem_; }
    void reset() override {
        fresh_ = true;
        depth_ = 0;
        count_ = 0;
        problem_ = nullptr;
    }

private:
    void separate() {
        if (!fresh_) {
            out_.push_back(',');
        }
    }
    void begin_value() {
        separate();
        fresh_ = false;
        count_ += depth_ == 0 ? 1U : 0U;
    }
    void begin_name() {
        separate();
        fresh_ = true;
    }
    void begin(char bracket) {
        begin_value();
        out_.push_back(bracket);
        fresh_ = true;
        ++depth_;
    }
    void end(char bracket) {
        out_.push_back(bracket);
        fresh_ = false;
        --depth_;
    }

    std::string& out_;
    NamingRule naming_;
    bool fresh_ = true;  // nothing stands before that a comma would have to follow
    std::size_t depth_ = 0;
    std::size_t count_ = 0;
    const char* problem_ = nullptr;
};

}  // namespace

void append_json_number(std::string& out, double value) {
    constexpr int kPlainDigits = 15;
    constexpr int kPlainZeros = 5;  // 0.0001 is plain, 0.00001 is 1E-05
    std::array<char, 32> text;      // -1.2345678901234567e-308
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
            .ptr;
    std::string_view parts(text.data(), static_cast<std::size_t>(end - text.data()));
    if (parts.front() == '-') {
        out.push_back('-');
        parts.remove_prefix(1);
    }
    const auto exponent_at = parts.find('e');
    int exponent = 0;
    const char* const exponent_text =
        parts.data() + exponent_at + (parts[exponent_at + 1] == '+' ? 2 : 1);
    std::from_chars(exponent_text, end, exponent);
    std::array<char, 20> digits;
    int count = 0;
    for (const char c : parts.substr(0, exponent_at)) {
        if (c != '.') {
            digits[static_cast<std::size_t>(count++)] = c;
        }
    }
    const auto append_digits = [&](int from, int to) {
        out.append(digits.data() + from, digits.data() + to);
    };
    if (exponent >= std::max(count, kPlainDigits) || exponent <= -kPlainZeros) {
        append_digits(0, 1);
        if (count > 1) {
            out.push_back('.');
            append_digits(1, count);
        }
        out += exponent < 0 ? "E-" : "E+";
        const int size = std::abs(exponent);
        if (size < 10) {
            out.push_back('0');
        }
        append_integer(out, size);
    } else if (exponent < 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-exponent - 1), '0');
        append_digits(0, count);
    } else if (exponent + 1 >= count) {
        append_digits(0, count);
        out.append(static_cast<std::size_t>(exponent + 1 - count), '0');
    } else {
        append_digits(0, exponent + 1);
        out.push_back('.');
        append_digits(exponent + 1, count);
    }
}

void append_camel_case(std::string& out, std::string_view name) {
    // The leading run of capitals turns small, but its last one stays if a small letter follows:
    // there the next word begins.
    std::size_t small = 0;
    while (small < name.size() && is_upper(name[small])) {
        const bool word_begins = small > 0 && small + 1 < name.size() && !is_upper(name[small + 1]);
        if (word_begins && name[small + 1] != ' ') {
            break;
        }
        out.push_back(static_cast<char>(name[small] - 'A' + 'a'));
        ++small;
        if (word_begins) {
            break;
        }
    }
    out += name.substr(small);
}

std::unique_ptr<ValueWriter> make_json_value_writer(std::string& out, NamingRule naming) {
    return std::make_unique<JsonValueWriter>(out, naming);
}

}  // namespace hubtrail::protocol
