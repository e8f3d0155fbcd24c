#include "protocol/json_guard.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

std::string nested(std::size_t depth, char open, char close) {
    return std::string(depth, open) + std::string(depth, close);
}

std::string nested_objects(std::size_t depth) {
    std::string text;
    for (std::size_t i = 1; i < depth; ++i) {
        text += "{\"a\":";
    }
    return text + "{}" + std::string(depth - 1, '}');
}

TEST_CASE("check_json takes the texts of RFC 8259", "[protocol]") {
    const auto text =
        GENERATE(as<std::string>{}, "null", "true", "false", "0", "-0", "1", "-1", "10", "0.0",
                 "1.5", "-1.25e+10", "1E5", "1e-5", "0e0", "123456789012345678901234567890", "\"\"",
                 "\"a\"", "\" \"", "\"\x7f\"", "[]", "{}", "[ ]", "{ }", "[1]", "[1,2]",
                 "[[],{},[{}]]", R"({"a":1})", R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":1}])",
                 R"({"":1})", " \t\r\n1 \t\r\n", R"("\"\\\/\b\f\n\r\t\u0041\uABCD\uabcd")",
                 R"({"a":1,"A":2})", R"("\ud83d\ude00")", R"("\u0001")",
                 // Well-formed UTF-8 at the edges of table 3-7.
                 "\"\xC2\x80\xDF\xBF\"",
                 "\"\xE0\xA0\x80\xEC\xBF\xBF\xED\x80\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\"",
                 "\"\xF0\x90\x80\x80\xF3\xBF\xBF\xBF\xF4\x8F\xBF\xBF\"", "{\"\xC3\xA9\":1}");
    CAPTURE(text);
    CHECK(check_json(text, {}));
}

TEST_CASE("check_json refuses what RFC 8259 does not have", "[protocol]") {
    const auto text =
        GENERATE(as<std::string>{}, "", " ", "nul", "nulL", "truee", "True", "nan", "NaN",
                 "Infinity", "-", "+1", "01", "-01", "00", "1.", ".5", "1.e5", "1e", "1e+", "1.5.5",
                 "0x10", "1_000", "--1", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[,]",
                 "[1 2]", "[1:2]", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}",
                 "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}", "'a'", "[1}", "{\"a\":1]", "1 2", "{}{}",
                 "[] x", "/**/1", "1//", "\"", "\"a", "\"\\\"", "\"\\", "\"\\x41\"", "\"\\U0041\"",
                 "\"\\u\"", "\"\\u00\"", "\"\\u004\"", "\"\\u004g\"", "\"\\u 041\"", "\"\n\"",
                 "\"\t\"", "\"\x1f\"", "\xEF\xBB\xBF{}", "\f1", "\v1", "\xC2\xA0", "\x1e");
    CAPTURE(text);
    CHECK_FALSE(check_json(text, {}));
    CHECK_FALSE(check_json("[" + text + "]x", {}));
}

TEST_CASE("check_json refuses raw NUL bytes anywhere", "[protocol]") {
    for (const auto& text :
         {std::string("\0", 1), std::string("1\0", 2), std::string("\"\0\"", 3),
          std::string("[\0]", 3), std::string("{\0}", 3), std::string("\"\\\0\"", 4)}) {
        CHECK_FALSE(check_json(text, {}));
    }
}

TEST_CASE("check_json refuses what is not UTF-8", "[protocol]") {
    const auto bytes =
        GENERATE(as<std::string>{}, "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41",
                 "\xC2\xC2", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xE1\x80", "\xE1\x80\x41",
                 "\xE1\x41\x80", "\xED\xA0\x80", "\xED\xBF\xBF", "\xED\xA0\xBD\xED\xB8\x80",
                 "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF0\x90\x80\x41",
                 "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFE", "\xFF");
    CAPTURE(bytes);
    const auto alone = check_json("\"" + bytes + "\"", {});
    REQUIRE_FALSE(alone);
    CHECK(alone.error().offset == 1);
    CHECK(alone.error().what == "not UTF-8");
    CHECK_FALSE(check_json("\"sixteen clean by" + bytes + "tes and some more\"", {}));
    CHECK_FALSE(check_json("{\"" + bytes + "\":1}", {}));
    CHECK_FALSE(check_json("\"" + bytes, {}));
}

TEST_CASE("check_json refuses U+0000 and lone surrogates in names and texts", "[protocol]") {
    const auto escape =
        GENERATE(as<std::string>{}, R"(\u0000)", R"(\ud800)", R"(\uDBFF)", R"(\udc00)", R"(\uDFFF)",
                 R"(\ud83dx)", R"(\ud83d\n)", R"(\ud83d\u0041)", R"(\ude00\ud83d)");
    CAPTURE(escape);
    CHECK_FALSE(check_json("\"" + escape + "\"", {}));
    CHECK_FALSE(check_json("{\"" + escape + "\":1}", {}));
    CHECK_FALSE(check_json("[[{\"a\":\"" + escape + "\"}]]", {}));
}

TEST_CASE("check_json refuses numbers beyond a double", "[protocol]") {
    CHECK(check_json("[1e308]", {}));
    const auto refused = check_json("[1e309]", {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what == "number beyond a double");
}

TEST_CASE("check_json takes depth 64 and refuses depth 65", "[protocol]") {
    for (const std::size_t depth : {std::size_t{1}, std::size_t{2}, std::size_t{64}}) {
        JsonLimits limits;
        limits.depth_max = depth;
        CHECK(check_json(nested(depth, '[', ']'), limits));
        CHECK(check_json(nested_objects(depth), limits));
        const auto arrays = check_json(nested(depth + 1, '[', ']'), limits);
        REQUIRE_FALSE(arrays);
        CHECK(arrays.error().what == "depth over " + std::to_string(depth));
        CHECK(arrays.error().offset == depth);
        CHECK_FALSE(check_json(nested_objects(depth + 1), limits));
    }
    JsonLimits scalars;
    scalars.depth_max = 0;
    CHECK(check_json("1", scalars));
    CHECK_FALSE(check_json("[]", scalars));
}

TEST_CASE("check_json costs no stack for a text that only opens", "[protocol]") {
    const auto open = check_json(std::string(1'000'000, '['), {});
    REQUIRE_FALSE(open);
    CHECK(open.error().offset == 64);
}

TEST_CASE("check_json keeps kinds of open containers apart at every depth", "[protocol]") {
    // Alternating kinds, closed in the wrong order at each level in turn.
    std::string open;
    std::string close;
    for (int i = 0; i < 32; ++i) {
        open += "[{\"a\":";
        close = "}]" + close;
    }
    CHECK(check_json(open + "1" + close, {}));
    for (std::size_t i = 0; i < close.size(); ++i) {
        auto wrong = close;
        wrong[i] = wrong[i] == '}' ? ']' : '}';
        CHECK_FALSE(check_json(open + "1" + wrong, {}));
    }
}

TEST_CASE("check_json takes members_max members and elements together and not one more",
          "[protocol]") {
    JsonLimits limits;
    limits.members_max = 4;
    CHECK(check_json("[1,2,3,4]", limits));
    CHECK(check_json(R"({"a":1,"b":[1,2]})", limits));
    for (const auto* text : {"[1,2,3,4,5]", R"({"a":1,"b":[1,2,3]})", R"([{"a":[[],1]},1])"}) {
        CAPTURE(text);
        const auto refused = check_json(text, limits);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().what == "over 4 members");
    }
}

TEST_CASE("check_json takes bytes_max bytes and not one more", "[protocol]") {
    JsonLimits limits;
    limits.bytes_max = 6;
    CHECK(check_json("\"abcd\"", limits));
    CHECK(check_json("1     ", limits));
    const auto refused = check_json("\"abcde\"", limits);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what == "over 6 bytes");
}

TEST_CASE("check_json refuses a member that was given twice, however it is spelt", "[protocol]") {
    struct Row {
        const char* text;
        const char* what;
    };
    const Row rows[] = {
        {R"({"a":1,"a":2})", "duplicate member 'a'"},
        {R"({"\u0061":1,"a":2})", "duplicate member 'a'"},
        {R"({"a":1,"\u0061":2})", "duplicate member 'a'"},
        {R"({"\u0061":1,"\u0061":2})", "duplicate member 'a'"},
        {R"({"":1,"":2})", "duplicate member ''"},
        {R"({"\/":1,"/":2})", "duplicate member '/'"},
        {R"([{"x":{"a":1,"b":2,"a":3}}])", "duplicate member 'a'"},
        {R"({"a":{"b":1},"a":{"b":1}})", "duplicate member 'a'"},
        {"{\"\xC3\xA9\":1,\"\\u00e9\":2}", "duplicate member '\xC3\xA9'"},
        {R"({"\ud83d\ude00":1,"\uD83D\uDE00":2})", "duplicate member '\xF0\x9F\x98\x80'"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        const auto refused = check_json(row.text, {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().what == row.what);
    }
    CHECK(check_json(R"({"a":{"a":1},"b":[{"a":1},{"a":2}],"c":1})", {}));
}

// Goal: both ways of comparing (pairs and sorting) find a duplicate wherever it stands. Method:
// objects of growing size with one repeated name at each pair of places.
TEST_CASE("check_json finds the one duplicate in objects of every size", "[protocol]") {
    for (std::size_t size = 2; size <= 20; ++size) {
        for (std::size_t twin = 0; twin < size; ++twin) {
            std::string good = "{";
            std::string bad = "{";
            for (std::size_t i = 0; i < size; ++i) {
                const std::string comma = i == 0 ? "" : ",";
                good += comma + "\"n" + std::to_string(i) + "\":{\"n1\":1}";
                bad += comma + "\"n" + std::to_string(i) + "\":{\"n1\":1}";
            }
            bad += ",\"\\u006e" + std::to_string(twin) + "\":1";
            CHECK(check_json(good + "}", {}));
            const auto refused = check_json(bad + "}", {});
            REQUIRE_FALSE(refused);
            CHECK(refused.error().what == "duplicate member 'n" + std::to_string(twin) + "'");
        }
    }
}

TEST_CASE("check_json cuts a long duplicate name in its report between characters", "[protocol]") {
    std::string name = "x";
    for (int i = 0; i < 50; ++i) {
        name += "\xC3\xA9";
    }
    const auto refused = check_json("{\"" + name + "\":1,\"" + name + "\":2}", {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().what == "duplicate member '" + name.substr(0, 63) + "...'");
}

TEST_CASE("check_json says where and what went wrong", "[protocol]") {
    struct Row {
        const char* text;
        std::size_t offset;
        const char* what;
    };
    const Row rows[] = {{"", 0, "unexpected end"},
                        {"  [1,", 5, "unexpected end"},
                        {"[1 2]", 3, "expected ',' or ']'"},
                        {"{\"a\":1]", 6, "expected ',' or '}'"},
                        {"{\"a\" 1}", 5, "expected ':'"},
                        {"{1}", 1, "expected a string"},
                        {"[x]", 1, "expected a value"},
                        {"1 x", 2, "text after the value"},
                        {"\"\\x\"", 1, "unknown escape"},
                        {"\"\\u12\"", 1, "bad \\u escape"},
                        {"\"a\nb\"", 2, "control character in a string"},
                        {"-x", 1, "expected a digit"},
                        {"\"abc", 4, "unexpected end"}};
    for (const auto& row : rows) {
        CAPTURE(row.text);
        const auto refused = check_json(row.text, {});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().offset == row.offset);
        CHECK(refused.error().what == row.what);
    }
}

TEST_CASE("JsonGuard serves one value after another", "[protocol]") {
    JsonScanner in(R"([{"a":1},{"a":1,"a":2}])");
    JsonGuard guard({});
    REQUIRE(in.take('['));
    REQUIRE(in.first_element() == JsonScanner::Step::item);
    CHECK(guard.take_value(in));
    REQUIRE(in.next_element() == JsonScanner::Step::item);
    CHECK_FALSE(guard.take_value(in));
    REQUIRE(guard.error());
    CHECK(guard.error()->what == "duplicate member 'a'");
    JsonScanner other(R"({"a":1})");
    CHECK(guard.take_value(other));
    CHECK_FALSE(guard.error());
}

}  // namespace
}  // namespace hubtrail::protocol
