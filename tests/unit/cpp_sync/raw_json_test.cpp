#include "clients/cpp-sync/raw_json.h"

#include "tests/support/catch.h"

namespace hubtrail::sync {

TEST_CASE("array_elements gives each element byte for byte", "[sync]") {
    const auto elements = array_elements(R"( [ {"a":[1,"]}\"",{}]} , "x,y" ,-1.50e3,null,[ ] ] )");
    REQUIRE(elements);
    CHECK(*elements == std::vector<std::string_view>{R"({"a":[1,"]}\"",{}]})", R"("x,y")",
                                                     "-1.50e3", "null", "[ ]"});
    CHECK(array_elements("[]")->empty());
}

TEST_CASE("A text that is no array or object is refused", "[sync]") {
    for (const char* text : {"", "[", "[1", "[1,]", "[,1]", "[1]]", "[1] x", "{}", "[{]}", "[\"a]",
                             "[1 2]", "[\"a\\\"]"}) {
        CAPTURE(text);
        CHECK_FALSE(array_elements(text));
    }
    for (const char* text : {"", "{", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "[]",
                             "{\"a\":1 \"b\":2}"}) {
        CAPTURE(text);
        CHECK_FALSE(object_members(text));
    }
}

TEST_CASE("Raw JSON nested as deep as the limit is read and one deeper is not", "[sync]") {
    const auto nested = [](std::size_t depth) {
        return "[" + std::string(depth, '[') + std::string(depth, ']') + "]";
    };
    CHECK(array_elements(nested(kRawJsonDepthMax)));
    CHECK_FALSE(array_elements(nested(kRawJsonDepthMax + 1)));
}

TEST_CASE("find_member looks only at the object's own members", "[sync]") {
    const char* text = R"({"inner":{"pos":1},"text":"\"pos\":2","pos":3})";
    CHECK(find_integer(text, "pos") == 3);
    CHECK_FALSE(find_member(text, "missing"));
}

TEST_CASE("string_value undoes every escape", "[sync]") {
    CHECK(string_value(R"("a\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00")") ==
          "a\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    for (const char* text : {"\"", "x", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"",
                             "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\u00g0\""}) {
        CAPTURE(text);
        CHECK_FALSE(string_value(text));
    }
}

TEST_CASE("integer_value takes whole 64-bit integers only", "[sync]") {
    CHECK(integer_value("9223372036854775807") == INT64_MAX);
    CHECK(integer_value("-1") == -1);
    for (const char* text : {"", "1.0", "9223372036854775808", "1x", "\"1\"", "null"}) {
        CAPTURE(text);
        CHECK_FALSE(integer_value(text));
    }
}

TEST_CASE("Any file name becomes valid JSON text", "[sync]") {
    const auto text = [](std::string_view bytes) {
        std::string out;
        append_json_text(out, bytes);
        return out;
    };
    CHECK(text("a\"b\\c\nd\x01") == R"("a\"b\\c\nd\u0001")");
    CHECK(text("\xC3\xA9\xF0\x9F\x98\x80") == "\"\xC3\xA9\xF0\x9F\x98\x80\"");
    CHECK(text("a\xFF"
               "b") ==
          "\"a\xEF\xBF\xBD"
          "b\"");
    CHECK(text("\xC3") == "\"\xEF\xBF\xBD\"");
    // Overlong, surrogate and beyond U+10FFFF (RFC 3629 3).
    for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
        CHECK_FALSE(is_utf8(bad));
    }
    CHECK(is_utf8("\xF4\x8F\xBF\xBF"));
}

TEST_CASE("JsonObjectWriter writes members in order and leaves out empty ones", "[sync]") {
    CHECK(JsonObjectWriter().finish() == "{}");
    CHECK(JsonObjectWriter()
              .text("a", "x")
              .text_if_any("b", "")
              .number("c", -7)
              .raw("d", "{}")
              .finish() == R"({"a":"x","c":-7,"d":{}})");
}

}  // namespace hubtrail::sync
