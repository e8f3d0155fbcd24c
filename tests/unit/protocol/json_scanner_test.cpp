#include "protocol/json_scanner.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

std::string decode(std::string_view raw) {
    const auto text = "\"" + std::string(raw) + "\"";
    JsonScanner in(text);
    JsonString string;
    REQUIRE(in.read_string(string));
    std::string decoded;
    append_decoded(decoded, string);
    return decoded;
}

TEST_CASE("append_decoded resolves every escape", "[protocol]") {
    CHECK(decode("plain") == "plain");
    CHECK(decode(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
    CHECK(decode(R"(a\u0041\u00e9\u20AC\uFFFFz)") == "aA\xC3\xA9\xE2\x82\xAC\xEF\xBF\xBFz");
    CHECK(decode(R"(\ud83d\ude00)") == "\xF0\x9F\x98\x80");
    CHECK(decode(R"(\uD800\uDC00\uDBFF\uDFFF)") == "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    CHECK(decode(R"(x\u0000y)") == std::string("x\0y", 3));
    CHECK(decode("\\u007f\\u0080\\u07ff\\u0800") == "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80");
}

TEST_CASE("append_decoded writes U+FFFD for half a surrogate pair", "[protocol]") {
    CHECK(decode(R"(a\ud83dz)") == "a\xEF\xBF\xBDz");
    CHECK(decode(R"(\ude00)") == "\xEF\xBF\xBD");
    CHECK(decode(R"(\ud83d\u0041)") ==
          "\xEF\xBF\xBD"
          "A");
    CHECK(decode(R"(\ud83d\ud83d\ude00)") == "\xEF\xBF\xBD\xF0\x9F\x98\x80");
}

TEST_CASE("read_string marks escapes, U+0000 and lone surrogates", "[protocol]") {
    struct Row {
        const char* text;
        bool escaped;
        bool has_nul;
        bool lone_surrogate;
    };
    const Row rows[] = {
        {R"("abc")", false, false, false},
        {R"("a\n")", true, false, false},
        {R"("\u0000")", true, true, false},
        {R"("\u0001")", true, false, false},
        {R"("\ud800")", true, false, true},
        {R"("\udc00")", true, false, true},
        {R"("\udfff\ud800")", true, false, true},
        {R"("\ud800\udc00")", true, false, false},
        {R"("\ud800\\udc00")", true, false, true},
        {R"("\ud7ff\ue000")", true, false, false},
        {R"("\uD800\uD800\uDC00")", true, false, true},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        JsonScanner in(row.text);
        JsonString string;
        REQUIRE(in.read_string(string));
        CHECK(in.finish());
        CHECK(string.escaped == row.escaped);
        CHECK(string.has_nul == row.has_nul);
        CHECK(string.lone_surrogate == row.lone_surrogate);
    }
}

// Goal: the word-wise search stops at the right byte. Method: one special byte at every place of
// strings of every length around the word size.
TEST_CASE("read_string finds its end at every offset and length", "[protocol]") {
    for (std::size_t length = 0; length <= 40; ++length) {
        const auto text = "\"" + std::string(length, 'x') + "\" ";
        JsonScanner in(text);
        JsonString string;
        REQUIRE(in.read_string(string));
        CHECK(string.raw.size() == length);
        for (std::size_t at = 0; at < length; ++at) {
            for (const char bad : {'\x1f', '\x00', '\xff', '\x80'}) {
                auto broken = text;
                broken[at + 1] = bad;
                JsonScanner scanner(broken);
                CHECK_FALSE(scanner.read_string(string));
                CHECK(scanner.offset() == at + 1);
            }
            for (const char good : {'\x20', '\x7f', '!', '#', '[', ']'}) {
                auto fine = text;
                fine[at + 1] = good;
                JsonScanner scanner(fine);
                REQUIRE(scanner.read_string(string));
                CHECK(string.raw.size() == length);
            }
        }
    }
}

TEST_CASE("to_int64 takes the integers of 64 bits", "[protocol]") {
    struct Row {
        const char* text;
        bool good;
        std::int64_t value;
    };
    const Row rows[] = {{"0", true, 0},
                        {"-0", true, 0},
                        {"-1", true, -1},
                        {"9223372036854775807", true, INT64_MAX},
                        {"-9223372036854775808", true, INT64_MIN},
                        {"9223372036854775808", false, 0},
                        {"-9223372036854775809", false, 0},
                        {"1.0", false, 0},
                        {"1e0", false, 0}};
    for (const auto& row : rows) {
        CAPTURE(row.text);
        JsonScanner in(row.text);
        JsonNumber number;
        REQUIRE(in.read_number(number));
        std::int64_t value = 0;
        CHECK(to_int64(number, value) == row.good);
        if (row.good) {
            CHECK(value == row.value);
        }
    }
}

TEST_CASE("fits_double refuses only what is too large", "[protocol]") {
    struct Row {
        std::string text;
        bool fits;
    };
    const std::vector<Row> rows{
        {"1.7976931348623157e308", true},
        {"1.7976931348623159e308", false},
        {"-1.7976931348623159e308", false},
        {"1e309", false},
        {"1E+309", false},
        {"1e-400", true},
        {"-1e-99999999999999999999", true},
        {"1e99999999999999999999", false},
        {"1e+99999999999999999999", false},
        {"0e99999999999999999999", true},
        {"-0.000e999", true},
        {"0.00001e313", true},
        {"0.00001e314", false},
        {std::string(308, '9'), true},
        {"1" + std::string(308, '0'), true},
        {"9" + std::string(308, '0'), false},
        {"0." + std::string(400, '0') + "1", true},
        {"1" + std::string(400, '0') + "e-200", true},
        {"1" + std::string(400, '0') + "e-10", false},
        {"1" + std::string(400, '0') + "e-9999", true},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        JsonScanner in(row.text);
        JsonNumber number;
        REQUIRE(in.read_number(number));
        REQUIRE(in.finish());
        CHECK(fits_double(number) == row.fits);
    }
}

TEST_CASE("skip_value gives the text of a value without the white space around it", "[protocol]") {
    const auto value = GENERATE(as<std::string>{}, "1", "\"a b\"", "null", "true", "[ 1 , { } ]",
                                R"({"a" : [ ] })");
    const auto text = " \t\r\n" + value + " \n,";
    JsonScanner in(text);
    std::string_view raw;
    REQUIRE(in.skip_value(64, raw));
    CHECK(raw == value);
    CHECK(in.take(','));
    CHECK(in.finish());
}

TEST_CASE("append_compact removes white space between tokens and nowhere else", "[protocol]") {
    struct Row {
        const char* text;
        const char* compact;
    };
    const Row rows[] = {{"1", "1"},
                        {" 1 ", "1"},
                        {"{ \"a b\" :\t[ 1 ,\r\n2 ] , \"c\\\" d\" : \" \\\\\" }",
                         "{\"a b\":[1,2],\"c\\\" d\":\" \\\\\"}"},
                        {"[ ]", "[]"},
                        {"\"  \"", "\"  \""}};
    for (const auto& row : rows) {
        std::string out = "before ";
        append_compact(out, row.text);
        CHECK(out == std::string("before ") + row.compact);
    }
}

TEST_CASE("JsonScanner steps through objects and arrays", "[protocol]") {
    JsonScanner in(R"( { "a" : [ 1 , 2 ] , "b" : { } } )");
    JsonString name;
    REQUIRE(in.take('{'));
    REQUIRE(in.first_member(name) == JsonScanner::Step::item);
    CHECK(name.raw == "a");
    REQUIRE(in.take('['));
    REQUIRE(in.first_element() == JsonScanner::Step::item);
    REQUIRE(in.skip_value(0));
    REQUIRE(in.next_element() == JsonScanner::Step::item);
    REQUIRE(in.skip_value(0));
    REQUIRE(in.next_element() == JsonScanner::Step::end);
    REQUIRE(in.next_member(name) == JsonScanner::Step::item);
    CHECK(name.raw == "b");
    REQUIRE(in.take('{'));
    REQUIRE(in.first_member(name) == JsonScanner::Step::end);
    REQUIRE(in.next_member(name) == JsonScanner::Step::end);
    CHECK(in.finish());
}

TEST_CASE("JsonScanner stays failed after its first mistake", "[protocol]") {
    JsonScanner in("[1 2]");
    REQUIRE(in.take('['));
    REQUIRE(in.first_element() == JsonScanner::Step::item);
    REQUIRE(in.skip_value(0));
    CHECK(in.next_element() == JsonScanner::Step::error);
    CHECK(in.offset() == 3);
    CHECK(std::string(in.problem()) == "expected ',' or ']'");
    JsonString string;
    CHECK_FALSE(in.skip_value(0));
    CHECK_FALSE(in.read_string(string));
    CHECK_FALSE(in.take('2'));
    CHECK_FALSE(in.finish());
    CHECK(std::string(in.problem()) == "expected ',' or ']'");
}

}  // namespace
}  // namespace hubtrail::protocol
