#include "protocol/messagepack_values.h"

#include <limits>
#include <string>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using namespace std::string_literals;
using Kind = ValueReader::Kind;
using Step = ValueReader::Step;

template <typename Write>
std::string written(Write write) {
    std::string out;
    const auto writer = make_messagepack_value_writer(out);
    write(*writer);
    CHECK(writer->problem() == nullptr);
    return out;
}

std::string integer_bytes(std::int64_t value) {
    return written([value](auto& w) { w.integer(value); });
}

TEST_CASE("The MessagePack writer takes the smallest form of integers", "[protocol]") {
    const std::pair<std::int64_t, std::string> rows[] = {
        {0, "\x00"s},
        {127, "\x7F"},
        {128, "\xCC\x80"},
        {255, "\xCC\xFF"},
        {256, "\xCD\x01\x00"s},
        {65535, "\xCD\xFF\xFF"},
        {65536, "\xCE\x00\x01\x00\x00"s},
        {4294967295, "\xCE\xFF\xFF\xFF\xFF"},
        {4294967296, "\xCF\x00\x00\x00\x01\x00\x00\x00\x00"s},
        {INT64_MAX, "\xCF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"},
        {-1, "\xFF"},
        {-32, "\xE0"},
        {-33, "\xD0\xDF"},
        {-128, "\xD0\x80"},
        {-129, "\xD1\xFF\x7F"},
        {-32769, "\xD2\xFF\xFF\x7F\xFF"},
        {INT64_MIN, "\xD3\x80\x00\x00\x00\x00\x00\x00\x00"s},
    };
    for (const auto& [value, bytes] : rows) {
        CAPTURE(value);
        CHECK(integer_bytes(value) == bytes);
        std::int64_t read = 0;
        CHECK((make_messagepack_value_reader(bytes)->read_integer(read) && read == value));
    }
    CHECK(written([](auto& w) { w.unsigned_integer(UINT64_MAX); }) ==
          "\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
}

TEST_CASE("The MessagePack writer writes values as the reference does", "[protocol]") {
    CHECK(written([](auto& w) { w.null(); }) == "\xC0");
    CHECK(written([](auto& w) { w.boolean(true); }) == "\xC3");
    CHECK(written([](auto& w) { w.boolean(false); }) == "\xC2");
    CHECK(written([](auto& w) { w.number(1.0); }) == "\xCB\x3F\xF0\x00\x00\x00\x00\x00\x00"s);
    CHECK(written([](auto& w) { w.string(""); }) == "\xA0");
    CHECK(written([](auto& w) { w.string(std::string(31, 'x')); }) ==
          "\xBF" + std::string(31, 'x'));
    CHECK(written([](auto& w) { w.string(std::string(32, 'x')); }) ==
          "\xD9\x20" + std::string(32, 'x'));
    CHECK(written([](auto& w) { w.binary("\x01\x02\x03"); }) == "\xC4\x03\x01\x02\x03");
    CHECK(written([](auto& w) { w.raw("\x91\xC0"); }) == "\x91\xC0");
    CHECK(make_messagepack_value_writer(*std::make_unique<std::string>())->encoding() ==
          Encoding::messagepack);
}

TEST_CASE("The MessagePack writer keeps names as they are and counts the top level", "[protocol]") {
    std::string out;
    const auto writer = make_messagepack_value_writer(out);
    writer->begin_object(2);
    writer->name("UserName");
    writer->begin_array(2);
    writer->integer(1);
    writer->begin_array(0);
    writer->end_array();
    writer->end_array();
    writer->key("k");
    writer->null();
    writer->end_object();
    writer->integer(5);
    CHECK(out == "\x82\xA8UserName\x92\x01\x90\xA1k\xC0\x05");
    CHECK(writer->count() == 2);
    writer->reset();
    CHECK(writer->count() == 0);
}

TEST_CASE("Timestamps take the smallest of three forms and come back", "[protocol]") {
    const std::pair<Timestamp, std::string> rows[] = {
        {{0, 0}, "\xD6\xFF\x00\x00\x00\x00"s},
        {{946684800, 0}, "\xD6\xFF\x38\x6D\x43\x80"},
        {{4294967295, 0}, "\xD6\xFF\xFF\xFF\xFF\xFF"},
        {{4294967296, 0}, "\xD7\xFF\x00\x00\x00\x01\x00\x00\x00\x00"s},
        {{1, 1}, "\xD7\xFF\x00\x00\x00\x04\x00\x00\x00\x01"s},
        {{17179869183, 999'999'999}, "\xD7\xFF\xEE\x6B\x27\xFF\xFF\xFF\xFF\xFF"},
        {{17179869184, 0}, "\xC7\x0C\xFF\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00"s},
        {{-1, 5}, "\xC7\x0C\xFF\x00\x00\x00\x05\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s},
    };
    for (const auto& [time, bytes] : rows) {
        CAPTURE(time.seconds);
        CHECK(written([&time = time](auto& w) { w.timestamp(time); }) == bytes);
        const auto reader = make_messagepack_value_reader(bytes);
        CHECK(reader->peek() == Kind::timestamp);
        Timestamp read;
        CHECK((reader->read_timestamp(read) && read == time));
    }
    const auto bad =
        GENERATE(as<std::string>{}, "\xD7\xFF\xEE\x6B\x28\x03\xFF\xFF\xFF\xFF",  // 10^9 nanoseconds
                 "\xD4\xFF\x01", std::string("\xD6\x05\x00\x00\x00\x00", 6), "\xA1x",
                 std::string("\x00", 1));
    Timestamp time;
    CHECK_FALSE(make_messagepack_value_reader(bad)->read_timestamp(time));
}

TEST_CASE("The MessagePack writer refuses what cannot be said in JSON either", "[protocol]") {
    std::string out;
    const auto writer = make_messagepack_value_writer(out);
    const auto refused = [&](auto write) {
        out.clear();
        writer->reset();
        write(*writer);
        return out == "\xC0" && writer->count() == 1 && writer->problem() != nullptr;
    };
    CHECK(refused([](auto& w) { w.timestamp({0, 1'000'000'000}); }));
    CHECK(refused([](auto& w) { w.timestamp({253'402'300'800, 0}); }));
    CHECK(refused([](auto& w) { w.timestamp({-62'135'596'801, 0}); }));
    CHECK(refused([](auto& w) { w.number(std::numeric_limits<double>::infinity()); }));
    CHECK(refused([](auto& w) { w.number(std::numeric_limits<double>::quiet_NaN()); }));
    CHECK(refused([](auto& w) { w.fail("no"); }));
}

TEST_CASE("The MessagePack writer writes U+FFFD for what is not UTF-8", "[protocol]") {
    CHECK(written([](auto& w) { w.string("caf\xE9"); }) ==
          "\xA6"
          "caf\xEF\xBF\xBD");
    CHECK(written([](auto& w) {
              w.begin_object(2);
              w.name("\xFF");
              w.null();
              w.key("\xFF");
              w.null();
              w.end_object();
          }) == "\x82\xA3\xEF\xBF\xBD\xC0\xA3\xEF\xBF\xBD\xC0");
}

TEST_CASE("The MessagePack reader takes a time with its offset, as .NET sends it", "[protocol]") {
    Timestamp time;
    const auto read = [&](const std::string& raw) {
        return make_messagepack_value_reader(raw)->read_timestamp(time);
    };
    // The clock showed 01:00:00 and was an hour ahead: midnight in UTC.
    CHECK((read("\x92\xD6\xFF\x00\x00\x0E\x10\x3C"s) && time == Timestamp{0, 0}));
    CHECK((read("\x92\xD6\xFF\x00\x00\x00\x00\xD0\x88"s) && time == Timestamp{7200, 0}));
    CHECK_FALSE(read("\x91\xD6\xFF\x00\x00\x00\x00"s));
    CHECK_FALSE(read("\x92\xD6\xFF\x00\x00\x00\x00\xCD\x03\x49"s));  // 841 minutes
    CHECK_FALSE(read("\x92\xD6\xFF\x00\x00\x00\x00\xA1x"s));
}

TEST_CASE("The MessagePack reader tells what comes next", "[protocol]") {
    const std::pair<std::string, Kind> rows[] = {
        {"\xC0", Kind::null},
        {"\xC2", Kind::boolean},
        {"\x05", Kind::integer},
        {"\xFF", Kind::integer},
        {"\xCA\x42\x28\x00\x00"s, Kind::number},
        {"\xA1x", Kind::string},
        {"\xC4\x01x", Kind::binary},
        {"\xD4\x05x", Kind::other},
        {"\x90", Kind::array},
        {"\x80", Kind::object},
        {"", Kind::end},
        {"\xC1", Kind::end},
        {"\xA5x", Kind::end},
    };
    for (const auto& [raw, kind] : rows) {
        CAPTURE(raw);
        CHECK(make_messagepack_value_reader(raw)->peek() == kind);
    }
}

TEST_CASE("The MessagePack reader converts no kind into another but integers into numbers",
          "[protocol]") {
    bool truth = false;
    std::int64_t integer = 0;
    std::uint64_t natural = 0;
    double number = 0;
    std::string text;
    const auto reader = [](const std::string& raw) { return make_messagepack_value_reader(raw); };
    CHECK((reader("\xC3")->read_boolean(truth) && truth));
    CHECK_FALSE(reader("\x01")->read_boolean(truth));
    CHECK_FALSE(reader("\xCF\x80\x00\x00\x00\x00\x00\x00\x00"s)->read_integer(integer));
    CHECK_FALSE(reader("\xCB\x3F\xF0\x00\x00\x00\x00\x00\x00"s)->read_integer(integer));
    CHECK_FALSE(reader("\xA1"
                       "1")
                    ->read_integer(integer));
    CHECK(
        (reader("\xD3\x00\x00\x00\x00\x00\x00\x00\x05"s)->read_unsigned(natural) && natural == 5));
    CHECK_FALSE(reader("\xFF")->read_unsigned(natural));
    CHECK((reader("\xFF")->read_number(number) && number == -1));
    CHECK((reader("\x05")->read_number(number) && number == 5));
    CHECK((reader("\xCA\x42\x28\x00\x00"s)->read_number(number) && number == 42));
    CHECK_FALSE(reader("\xC0")->read_number(number));
    CHECK((reader("\xA2\xC3\xA9")->read_string(text) && text == "\xC3\xA9"));
    CHECK_FALSE(reader("\xA1\xFF")->read_string(text));
    CHECK_FALSE(reader("\xC0")->read_string(text));
    CHECK_FALSE(reader("\xC4\x01x")->read_string(text));
    CHECK((reader("\xC4\x01\xFF")->read_binary(text) && text == "\xFF"));
    CHECK_FALSE(reader("\xA1x")->read_binary(text));
}

TEST_CASE("The MessagePack reader steps through containers", "[protocol]") {
    const auto reader = make_messagepack_value_reader(
        "\x83\xA1"
        "a\x93\x01\x90\xD4\x05x\xA1"
        "b\xC0\xA1"
        "a\x02");
    std::string name;
    std::int64_t integer = 0;
    std::string_view raw;
    CHECK(reader->encoding() == Encoding::messagepack);
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
    CHECK((reader->read_raw(raw) && raw == "\xD4\x05x"));
    CHECK(reader->next_element() == Step::end);
    REQUIRE(reader->next_member(name) == Step::item);
    CHECK(name == "b");
    CHECK(reader->take_null());
    REQUIRE(reader->next_member(name) == Step::item);
    CHECK_FALSE(reader->take_null());
    CHECK(reader->skip());
    CHECK(reader->next_member(name) == Step::end);
    CHECK(reader->peek() == Kind::end);
    CHECK(reader->problem() == nullptr);
    reader->reset("\x91\x07");
    CHECK(reader->begin_array());
}

TEST_CASE("The MessagePack reader keeps its first mistake and fails from then on", "[protocol]") {
    const auto reader = make_messagepack_value_reader("\x92\x01\x02");
    std::string text;
    std::int64_t integer = 0;
    REQUIRE(reader->begin_array());
    REQUIRE(reader->next_element() == Step::item);
    CHECK_FALSE(reader->read_string(text));
    CHECK(std::string(reader->problem()) == "expected a string");
    CHECK_FALSE(reader->read_integer(integer));
    CHECK_FALSE(reader->take_null());
    CHECK_FALSE(reader->skip());
    CHECK_FALSE(reader->begin_array());
    CHECK(reader->next_element() == Step::error);
    CHECK_FALSE(reader->fail("another"));
    CHECK(std::string(reader->problem()) == "expected a string");
    const auto map = make_messagepack_value_reader("\x81\x01\x02");
    REQUIRE(map->begin_object());
    CHECK(map->next_member(text) == Step::error);
}

TEST_CASE("The MessagePack reader opens 64 levels and not one more", "[protocol]") {
    const std::string deep(66, '\x91');
    const auto reader = make_messagepack_value_reader(deep);
    for (int level = 0; level < 64; ++level) {
        REQUIRE(reader->begin_array());
        REQUIRE(reader->next_element() == Step::item);
    }
    CHECK_FALSE(reader->begin_array());
    CHECK(std::string(reader->problem()) == "nested too deep");
}

}  // namespace
}  // namespace hubtrail::protocol
