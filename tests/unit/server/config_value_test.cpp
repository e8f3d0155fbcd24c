#include "server/config_value.h"

#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

TEST_CASE("a duration is a number with one unit, or seconds", "[server]") {
    CHECK(parse_duration_ms("250ms") == 250);
    CHECK(parse_duration_ms("15s") == 15'000);
    CHECK(parse_duration_ms("15") == 15'000);
    CHECK(parse_duration_ms("2m") == 120'000);
    CHECK(parse_duration_ms("1h") == 3'600'000);
    CHECK(parse_duration_ms("7d") == 604'800'000);
    CHECK(parse_duration_ms("0") == 0);
}

TEST_CASE("anything else is no duration", "[server]") {
    const auto* text =
        GENERATE("", "s", "h", "-1s", "-1", "+1s", "1.5s", "1 s", " 1s", "1s ", "1h30m", "1S", "1w",
                 "0x10", "9223372036854775808", "9223372036854775s0");
    CAPTURE(text);
    CHECK_FALSE(parse_duration_ms(text));
}

TEST_CASE("a duration that does not fit in 64 bits of milliseconds is refused", "[server]") {
    CHECK(parse_duration_ms("9223372036854775s") == 9'223'372'036'854'775'000);
    CHECK_FALSE(parse_duration_ms("9223372036854776s"));
    CHECK(parse_duration_ms("9223372036854775") == 9'223'372'036'854'775'000);
    CHECK_FALSE(parse_duration_ms("9223372036854776"));
}

TEST_CASE("a duration is printed in the largest unit that leaves no rest", "[server]") {
    CHECK(format_duration_ms(0) == "0s");
    CHECK(format_duration_ms(250) == "250ms");
    CHECK(format_duration_ms(1'000) == "1s");
    CHECK(format_duration_ms(90'000) == "90s");
    CHECK(format_duration_ms(120'000) == "2m");
    CHECK(format_duration_ms(86'400'000) == "1d");
    for (const std::int64_t ms : {0, 1, 999, 1'000, 61'000, 60'000, 3'600'000, 90'000'000}) {
        CHECK(parse_duration_ms(format_duration_ms(ms)) == ms);
    }
}

TEST_CASE("a size is a number of bytes with a binary unit or none", "[server]") {
    CHECK(parse_size("512") == 512);
    CHECK(parse_size("32KiB") == 32'768);
    CHECK(parse_size("1MiB") == 1'048'576);
    CHECK(parse_size("1GiB") == 1'073'741'824);
    const auto* text = GENERATE("", "KiB", "-1", "1KB", "1kib", "1 KiB", "1.5MiB", "8589934592GiB");
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
    CHECK(format_size(0) == "0");
    CHECK(format_size(1023) == "1023");
    CHECK(format_size(32'768) == "32KiB");
}

TEST_CASE("a range allows both of its ends", "[server]") {
    const ConfigRange range = {2, 5};
    CHECK_FALSE(read_integer(ConfigValue(std::int64_t{1}), range));
    CHECK(read_integer(ConfigValue(std::int64_t{2}), range) == 2);
    CHECK(read_integer(ConfigValue(PlainText{"5"}), range) == 5);
    CHECK_FALSE(read_integer(ConfigValue(PlainText{"6"}), range));
    CHECK_FALSE(read_duration_ms(ConfigValue(std::string("6ms")), range));
    CHECK(read_duration_ms(ConfigValue(std::string("5ms")), range) == 5);
    CHECK_FALSE(read_size(ConfigValue(std::string("1")), range));
    CHECK(read_size(ConfigValue(std::int64_t{2}), range) == 2);
}

TEST_CASE("the file's types are not mixed, plain text has the type that is asked for", "[server]") {
    const ConfigRange all = {-100, 100};
    const ConfigValue text(std::string("1"));
    const ConfigValue plain(PlainText{"1"});
    const ConfigValue number(std::int64_t{1});
    const ConfigValue truth(true);
    const ConfigValue other(OtherValue{"a table"});
    CHECK_FALSE(read_integer(text, all));
    CHECK(read_integer(plain, all) == 1);
    CHECK_FALSE(read_integer(truth, all));
    CHECK_FALSE(read_bool(text));
    CHECK_FALSE(read_bool(number));
    CHECK(read_bool(plain) == true);
    CHECK(read_bool(truth) == true);
    CHECK_FALSE(read_text(number));
    CHECK(read_text(plain) == "1");
    CHECK_FALSE(read_text(truth));
    CHECK_FALSE(read_list(text));
    CHECK_FALSE(read_list(number));
    for (const auto& value : {other, truth}) {
        CHECK_FALSE(read_integer(value, all));
        CHECK_FALSE(read_duration_ms(value, all));
        CHECK_FALSE(read_size(value, all));
        CHECK_FALSE(read_text(value));
        CHECK_FALSE(read_list(value));
    }
}

TEST_CASE("plain text says true or false in two ways each", "[server]") {
    CHECK(read_bool(ConfigValue(PlainText{"true"})) == true);
    CHECK(read_bool(ConfigValue(PlainText{"1"})) == true);
    CHECK(read_bool(ConfigValue(PlainText{"false"})) == false);
    CHECK(read_bool(ConfigValue(PlainText{"0"})) == false);
    for (const auto* text : {"", "yes", "TRUE", "2", " true"}) {
        CHECK_FALSE(read_bool(ConfigValue(PlainText{text})));
    }
}

TEST_CASE("plain text lists its parts with commas", "[server]") {
    using List = std::vector<std::string>;
    CHECK(read_list(ConfigValue(PlainText{""})) == List{});
    CHECK(read_list(ConfigValue(PlainText{"  "})) == List{});
    CHECK(read_list(ConfigValue(PlainText{"a"})) == List{"a"});
    CHECK(read_list(ConfigValue(PlainText{"a,b"})) == List{"a", "b"});
    CHECK(read_list(ConfigValue(PlainText{" a , b c "})) == List{"a", "b c"});
    CHECK(read_list(ConfigValue(PlainText{"a,,b"})) == List{"a", "", "b"});
    CHECK(read_list(ConfigValue(List{"a,b"})) == List{"a,b"});
}

TEST_CASE("a value is described as it was written, long text is cut", "[server]") {
    CHECK(describe(ConfigValue(PlainText{"loud"})) == "\"loud\"");
    CHECK(describe(ConfigValue(std::string("a\nb"))) == "\"a\\u000Ab\"");
    CHECK(describe(ConfigValue(std::int64_t{-7})) == "-7");
    CHECK(describe(ConfigValue(false)) == "false");
    CHECK(describe(ConfigValue(OtherValue{"a table"})) == "a table");
    CHECK(describe(ConfigValue(std::vector<std::string>{"a", "b"})) == R"(["a", "b"])");
    CHECK(describe(ConfigValue(std::string(60, 'x'))) == "\"" + std::string(60, 'x') + "\"");
    CHECK(describe(ConfigValue(std::string(61, 'x'))) == "\"" + std::string(60, 'x') + "\"...");
    CHECK(describe_type(ConfigValue(PlainText{"loud"})) == "text");
    CHECK(describe_type(ConfigValue(std::vector<std::string>{"a"})) == "a list of texts");
}

TEST_CASE("quoted text is a TOML basic string", "[server]") {
    CHECK(quote_text(R"(a"b\c)") == R"("a\"b\\c")");
    CHECK(quote_text("\x01\x7f") == "\"\\u0001\\u007F\"");
    CHECK(quote_list({}) == "[]");
}

}  // namespace
}  // namespace hubtrail::server
