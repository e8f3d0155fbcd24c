#include "protocol/json_slices.h"

#include "tests/support/catch.h"

namespace hubtrail::protocol {

TEST_CASE("array_elements gives each element byte for byte", "[protocol]") {
    const auto elements = array_elements(R"( [ {"a":[1,"]}\"",{}]} , "x,y" ,-1.50e3,null,[ ] ] )");
    REQUIRE(elements);
    CHECK(*elements == std::vector<std::string_view>{R"({"a":[1,"]}\"",{}]})", R"("x,y")",
                                                     "-1.50e3", "null", "[ ]"});
    CHECK(array_elements("[]")->empty());
}

TEST_CASE("A text that is no array or object is refused", "[protocol]") {
    for (const char* text : {"", "[", "[1", "[1,]", "[,1]", "[1]]", "[1] x", "{}", "[{]}", "[\"a]",
                             "[1 2]", "[\"a\\\"]"}) {
        CAPTURE(text);
        CHECK_FALSE(array_elements(text));
    }
    for (const char* text :
         {"", "{", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "[]", "{\"a\":1 \"b\":2}",
          "{\"a\":nul}", "{\"a\":01}", "{\"a\":\"\xFF\"}"}) {
        CAPTURE(text);
        CHECK_FALSE(object_members(text));
    }
}

TEST_CASE("A value nested as deep as the limit is read and one deeper is not", "[protocol]") {
    const auto nested = [](std::size_t depth) {
        return "[" + std::string(depth, '[') + std::string(depth, ']') + "]";
    };
    CHECK(array_elements(nested(kJsonSliceDepthMax)));
    CHECK_FALSE(array_elements(nested(kJsonSliceDepthMax + 1)));
}

TEST_CASE("find_member looks only at the object's own members", "[protocol]") {
    const char* text = R"({"inner":{"pos":1},"text":"\"pos\":2","pos":3})";
    CHECK(find_integer(text, "pos") == 3);
    CHECK_FALSE(find_member(text, "missing"));
    CHECK(find_integer(R"({"pos":1,"pos":2})", "pos") == 1);
    CHECK_FALSE(find_integer(R"({"pos":1,"text":)", "pos"));
}

TEST_CASE("string_value undoes every escape", "[protocol]") {
    CHECK(string_value(R"("a\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00")") ==
          "a\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    for (const char* text : {"\"", "x", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"",
                             "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\u00g0\""}) {
        CAPTURE(text);
        CHECK_FALSE(string_value(text));
    }
}

TEST_CASE("integer_value takes whole 64-bit integers only", "[protocol]") {
    CHECK(integer_value("9223372036854775807") == INT64_MAX);
    CHECK(integer_value("-1") == -1);
    for (const char* text : {"", "1.0", "9223372036854775808", "1x", "\"1\"", "null", "1e2", " "}) {
        CAPTURE(text);
        CHECK_FALSE(integer_value(text));
    }
}

TEST_CASE("Any file name becomes valid JSON text", "[protocol]") {
    const auto text = [](std::string_view bytes) {
        const auto object = JsonObjectWriter().text("n", bytes).finish();
        return object.substr(5, object.size() - 6);
    };
    CHECK(text("a\"b\\c\nd\x01") == R"("a\"b\\c\nd\u0001")");
    CHECK(text("\xC3\xA9\xF0\x9F\x98\x80") == "\"\xC3\xA9\xF0\x9F\x98\x80\"");
    CHECK(text("a\xFF\"") == "\"a\xEF\xBF\xBD\\\"\"");
    CHECK(text("\xC3") == "\"\xEF\xBF\xBD\"");
}

TEST_CASE("JsonObjectWriter writes members in order and leaves out empty ones", "[protocol]") {
    CHECK(JsonObjectWriter().finish() == "{}");
    CHECK(JsonObjectWriter()
              .text("a", "x")
              .text_if_any("b", "")
              .number("c", -7)
              .raw("d", "{}")
              .finish() == R"({"a":"x","c":-7,"d":{}})");
}

}  // namespace hubtrail::protocol
