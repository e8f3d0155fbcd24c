#include "protocol/json_values.h"

#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using Kind = ValueReader::Kind;
using Step = ValueReader::Step;

std::string number_text(double value) {
    std::string out;
    append_json_number(out, value);
    return out;
}

std::string camel(std::string_view name) {
    std::string out;
    append_camel_case(out, name);
    return out;
}

template <typename Write>
std::string written(Write write, NamingRule naming = NamingRule::camel_case) {
    std::string out;
    const auto writer = make_json_value_writer(out, naming);
    write(*writer);
    CHECK(writer->problem() == nullptr);
    return out;
}

TEST_CASE("append_json_number writes doubles as the reference does", "[protocol]") {
    struct Row {
        double value;
        const char* text;
    };
    const Row rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1, "-1"},
        {42.5, "42.5"},
        {0.1, "0.1"},
        {100, "100"},
        {1234.5678, "1234.5678"},
        {0.0001, "0.0001"},
        {0.00001, "1E-05"},
        {0.000012345, "1.2345E-05"},
        {1e14, "100000000000000"},
        {1e15, "1E+15"},
        {999999999999999, "999999999999999"},
        {9007199254740992, "9007199254740992"},
        {12345678901234568, "12345678901234568"},
        {123456789012345680, "1.2345678901234568E+17"},
        {1e100, "1E+100"},
        {-1.5e-7, "-1.5E-07"},
        {1.0 / 3, "0.3333333333333333"},
        {std::numeric_limits<double>::max(), "1.7976931348623157E+308"},
        {std::numeric_limits<double>::denorm_min(), "5E-324"},
    };
    for (const auto& row : rows) {
        CHECK(number_text(row.value) == row.text);
        CHECK(std::strtod(row.text, nullptr) == row.value);
    }
}

TEST_CASE("append_camel_case follows System.Text.Json", "[protocol]") {
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},
        {"Name", "name"},
        {"name", "name"},
        {"UserId", "userId"},
        {"URL", "url"},
        {"URLValue", "urlValue"},
        {"IOStream", "ioStream"},
        {"ID", "id"},
        {"I", "i"},
        {"IPhone", "iPhone"},
        {"ABc", "aBc"},
        {"AB1", "aB1"},
        {"A1", "a1"},
        {"_Name", "_Name"},
        {"snake_case", "snake_case"},
        {"IS JSON", "is JSON"},
        {"\xC3\x84pfel", "\xC3\x84pfel"},
    };
    for (const auto& [name, cased] : rows) {
        CHECK(camel(name) == cased);
    }
}

TEST_CASE("The JSON writer writes values as System.Text.Json does", "[protocol]") {
    CHECK(written([](auto& w) { w.null(); }) == "null");
    CHECK(written([](auto& w) { w.boolean(true); }) == "true");
    CHECK(written([](auto& w) { w.boolean(false); }) == "false");
    CHECK(written([](auto& w) { w.integer(INT64_MIN); }) == "-9223372036854775808");
    CHECK(written([](auto& w) { w.unsigned_integer(UINT64_MAX); }) == "18446744073709551615");
    CHECK(written([](auto& w) { w.number(1.0); }) == "1");
    CHECK(written([](auto& w) { w.string("<'\xC3\xA9\"\\\n\x01>"); }) ==
          "\"<'\xC3\xA9\\\"\\\\\\n\\u0001>\"");
    CHECK(written([](auto& w) { w.binary("\x01\x02\x03"); }) == "\"AQID\"");
    CHECK(written([](auto& w) { w.binary(""); }) == "\"\"");
    CHECK(written([](auto& w) { w.timestamp({946684800, 0}); }) == "\"2000-01-01T00:00:00Z\"");
    CHECK(written([](auto& w) { w.raw("[1, 2]"); }) == "[1, 2]");
}

TEST_CASE("The JSON writer puts commas between values at every level", "[protocol]") {
    std::string out;
    const auto writer = make_json_value_writer(out, NamingRule::camel_case);
    writer->string("x");
    writer->begin_array(3);
    writer->integer(1);
    writer->begin_array(0);
    writer->end_array();
    writer->begin_object(0);
    writer->end_object();
    writer->end_array();
    writer->begin_object(3);
    writer->name("UserName");
    writer->null();
    writer->name("items");
    writer->begin_array(2);
    writer->boolean(true);
    writer->boolean(false);
    writer->end_array();
    writer->key("KeptKey");
    writer->integer(2);
    writer->end_object();
    CHECK(out == R"("x",[1,[],{}],{"userName":null,"items":[true,false],"KeptKey":2})");
    CHECK(writer->count() == 3);
    out.clear();
    writer->reset();
    CHECK(writer->count() == 0);
    writer->integer(1);
    CHECK(out == "1");
}

TEST_CASE("The JSON writer leaves names alone if told to", "[protocol]") {
    CHECK(written(
              [](auto& w) {
                  w.begin_object(1);
                  w.name("UserName");
                  w.integer(1);
                  w.end_object();
              },
              NamingRule::unchanged) == R"({"UserName":1})");
}

TEST_CASE("The JSON writer keeps what it cannot write as its problem", "[protocol]") {
    std::string out;
    const auto writer = make_json_value_writer(out, NamingRule::camel_case);
    const double values[] = {std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()};
    for (const double value : values) {
        out.clear();
        writer->reset();
        writer->integer(1);
        writer->number(value);
        CHECK(out == "1,null");
        CHECK(writer->count() == 2);
        REQUIRE(writer->problem() != nullptr);
        CHECK(std::string(writer->problem()).find("infinity") != std::string::npos);
    }
    out.clear();
    writer->reset();
    CHECK(writer->problem() == nullptr);
    writer->timestamp({253402300800, 0});
    writer->number(values[0]);
    CHECK(out == "null,null");
    CHECK(writer->count() == 2);
    CHECK(std::string(writer->problem()) == kNotAYear);
}

TEST_CASE("The JSON reader tells what comes next", "[protocol]") {
    const std::pair<const char*, Kind> rows[] = {
        {"null", Kind::null},  {"true", Kind::boolean}, {"false", Kind::boolean},
        {"1", Kind::integer},  {"-1", Kind::integer},   {"1.0", Kind::number},
        {"1e2", Kind::number}, {"\"x\"", Kind::string}, {"[1]", Kind::array},
        {"{}", Kind::object},  {"", Kind::end},         {" ", Kind::end},
        {"x", Kind::end},      {" 12 ", Kind::integer},
    };
    for (const auto& [raw, kind] : rows) {
        CAPTURE(raw);
        CHECK(make_json_value_reader(raw)->peek() == kind);
    }
}

TEST_CASE("The JSON reader reads integers that fit and no others", "[protocol]") {
    std::int64_t value = 0;
    const auto reads = [&value](const char* raw) {
        return make_json_value_reader(raw)->read_integer(value);
    };
    CHECK((reads("9223372036854775807") && value == INT64_MAX));
    CHECK((reads("-9223372036854775808") && value == INT64_MIN));
    CHECK((reads(" 7 ") && value == 7));
    for (const char* raw : {"9223372036854775808", "-9223372036854775809", "1.0", "1e2", "\"1\"",
                            "null", "true", "[1]", "", "-"}) {
        CAPTURE(raw);
        CHECK_FALSE(reads(raw));
    }
    std::uint64_t natural = 0;
    CHECK((make_json_value_reader("18446744073709551615")->read_unsigned(natural) &&
           natural == UINT64_MAX));
    CHECK_FALSE(make_json_value_reader("18446744073709551616")->read_unsigned(natural));
    CHECK_FALSE(make_json_value_reader("-1")->read_unsigned(natural));
}

TEST_CASE("The JSON reader reads numbers, texts, bytes and times", "[protocol]") {
    double number = 0;
    CHECK((make_json_value_reader("1.5")->read_number(number) && number == 1.5));
    CHECK((make_json_value_reader("-3")->read_number(number) && number == -3));
    CHECK((make_json_value_reader("1e-999")->read_number(number) && number == 0));
    CHECK_FALSE(make_json_value_reader("1e999")->read_number(number));
    CHECK_FALSE(make_json_value_reader("\"1\"")->read_number(number));

    std::string text;
    CHECK((make_json_value_reader(R"("a\u00e9\n")")->read_string(text) && text == "a\xC3\xA9\n"));
    CHECK_FALSE(make_json_value_reader(R"("\ud800")")->read_string(text));
    CHECK_FALSE(make_json_value_reader("null")->read_string(text));
    CHECK((make_json_value_reader(R"("AQ\u0049D")")->read_binary(text) && text == "\x01\x02\x03"));
    CHECK_FALSE(make_json_value_reader(R"("AQI")")->read_binary(text));

    Timestamp time;
    CHECK((make_json_value_reader(R"("2000-01-01T00:00:00Z")")->read_timestamp(time) &&
           time == Timestamp{946684800, 0}));
    CHECK_FALSE(make_json_value_reader(R"("yesterday")")->read_timestamp(time));
    CHECK_FALSE(make_json_value_reader("946684800")->read_timestamp(time));

    bool truth = false;
    CHECK((make_json_value_reader("true")->read_boolean(truth) && truth));
    CHECK_FALSE(make_json_value_reader("1")->read_boolean(truth));
    CHECK_FALSE(make_json_value_reader("tru")->read_boolean(truth));
}

TEST_CASE("The JSON reader steps through containers", "[protocol]") {
    const auto reader =
        make_json_value_reader(R"( { "\u0061" : [ 1 , [ ] ,{}, "x"] , "b":null,"a":2} )");
    std::string name;
    std::int64_t integer = 0;
    std::string_view raw;
    CHECK(reader->encoding() == Encoding::json);
    REQUIRE(reader->begin_object());
    REQUIRE(reader->next_member(name) == Step::item);
    CHECK(name == "a");
    REQUIRE(reader->begin_array());
    REQUIRE(reader->next_element() == Step::item);
    CHECK((reader->read_integer(integer) && integer == 1));
    REQUIRE(reader->next_element() == Step::item);
    REQUIRE(reader->begin_array());
    CHECK(reader->next_element() == Step::end);
    REQUIRE(reader->next_element() == Step::item);
    REQUIRE(reader->begin_object());
    CHECK(reader->next_member(name) == Step::end);
    REQUIRE(reader->next_element() == Step::item);
    CHECK((reader->read_raw(raw) && raw == "\"x\""));
    CHECK(reader->next_element() == Step::end);
    REQUIRE(reader->next_member(name) == Step::item);
    CHECK(name == "b");
    CHECK(reader->take_null());
    REQUIRE(reader->next_member(name) == Step::item);
    CHECK_FALSE(reader->take_null());
    CHECK((reader->read_integer(integer) && integer == 2));
    CHECK(reader->next_member(name) == Step::end);
    CHECK(reader->peek() == Kind::end);
    CHECK(reader->problem() == nullptr);
    reader->reset("[7]");
    CHECK(reader->begin_array());
}

TEST_CASE("The JSON reader keeps its first mistake and fails from then on", "[protocol]") {
    const auto reader = make_json_value_reader("[1,2]");
    std::string text;
    std::int64_t integer = 0;
    REQUIRE(reader->begin_array());
    REQUIRE(reader->next_element() == Step::item);
    CHECK_FALSE(reader->read_string(text));
    const std::string problem = reader->problem();
    CHECK(problem == "expected a string");
    CHECK_FALSE(reader->read_integer(integer));
    CHECK_FALSE(reader->take_null());
    CHECK_FALSE(reader->skip());
    CHECK_FALSE(reader->begin_object());
    CHECK(reader->next_element() == Step::error);
    CHECK(reader->peek() == Kind::end);
    CHECK_FALSE(reader->fail("another"));
    CHECK(reader->problem() == problem);

    const auto other = make_json_value_reader("7");
    CHECK_FALSE(other->fail("not today"));
    CHECK(std::string(other->problem()) == "not today");
    CHECK_FALSE(other->read_integer(integer));
    CHECK_FALSE(make_json_value_reader("{\"a\"}")->skip());
    CHECK_FALSE(make_json_value_reader("1.5")->read_integer(integer));
}

TEST_CASE("The JSON reader opens 64 levels and not one more", "[protocol]") {
    const std::string deep(65, '[');
    const auto reader = make_json_value_reader(deep);
    for (int level = 0; level < 64; ++level) {
        REQUIRE(reader->begin_array());
        REQUIRE(reader->next_element() == Step::item);
    }
    CHECK_FALSE(reader->begin_array());
    CHECK(reader->problem() != nullptr);
}

}  // namespace
}  // namespace hubtrail::protocol
