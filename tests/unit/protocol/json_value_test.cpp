#include <string>

#include "protocol/json.h"
#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using Kind = JsonValue::Kind;

JsonValue parse(std::string_view text) {
    const auto parsed = JsonValue::parse(text, {});
    REQUIRE(parsed);
    return *parsed;
}

TEST_CASE("JsonValue knows the kind of each value and describes it without its content",
          "[protocol]") {
    struct Row {
        const char* text;
        Kind kind;
        const char* described;
    };
    const Row rows[] = {
        {"null", Kind::null, "null"},
        {"true", Kind::boolean, "boolean"},
        {"0", Kind::integer, "integer"},
        {"-9223372036854775808", Kind::integer, "integer"},
        {"9223372036854775807", Kind::integer, "integer"},
        {"9223372036854775808", Kind::number, "number"},
        {"99999999999999999999", Kind::number, "number"},
        {"1.0", Kind::number, "number"},
        {"1e400000000000000000000000e", Kind::null, nullptr},
        {"\"\"", Kind::string, "string of 0 characters"},
        {"\"\xC3\xA9\"", Kind::string, "string of 1 character"},
        {"\"secret\"", Kind::string, "string of 6 characters"},
        {"[1]", Kind::array, "array"},
        {"{}", Kind::object, "object"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        const auto parsed = JsonValue::parse(row.text, {});
        if (row.described == nullptr) {
            CHECK_FALSE(parsed);
            continue;
        }
        REQUIRE(parsed);
        CHECK(parsed->kind() == row.kind);
        CHECK(parsed->describe() == row.described);
    }
}

TEST_CASE("JsonValue gives scalars", "[protocol]") {
    CHECK(parse("true").boolean());
    CHECK_FALSE(parse("false").boolean());
    CHECK(parse("-7").integer() == -7);
    CHECK(parse("-7").number() == -7.0);
    CHECK(parse("2.5").number() == 2.5);
    CHECK(parse("18446744073709551615").number() == 18446744073709551615.0);
    CHECK(parse("1e-400").number() == 0.0);
    CHECK(parse(R"("a\u00e9\n")").string() == "a\xC3\xA9\n");
}

TEST_CASE("JsonValue walks arrays and objects", "[protocol]") {
    const auto root = parse(R"({"b":[1,"x",null],"a":{"c":true}})");
    CHECK(root.size() == 2);
    REQUIRE(root.find("b"));
    CHECK(root.find("b")->size() == 3);
    CHECK(root.find("b")->at(1).string() == "x");
    CHECK(root.find("b")->at(2).is_null());
    CHECK_FALSE(root.find("c"));
    const auto members = root.members();
    REQUIRE(members.size() == 2);
    CHECK(members[0].first == "a");
    CHECK(members[0].second.find("c")->boolean());
    CHECK(members[1].first == "b");
}

TEST_CASE("JsonValue outlives the value it came from", "[protocol]") {
    std::optional<JsonValue> inner;
    {
        const auto root = parse(R"({"a":["long enough to live on the heap, not inside"]})");
        inner = root.find("a")->at(0);
    }
    CHECK(inner->string() == "long enough to live on the heap, not inside");
}

TEST_CASE("JsonValue dumps compact JSON", "[protocol]") {
    CHECK(parse(R"( { "a" : [ 1 , "x\n" ] } )").dump() == R"({"a":[1,"x\n"]})");
}

TEST_CASE("JsonValue::parse passes the guard first", "[protocol]") {
    for (const auto* text :
         {"{\"a\":1,\"a\":2}", "[1e999]", "\"\\ud800\"", "\"\xff\"", "nul", ""}) {
        CAPTURE(text);
        CHECK_FALSE(JsonValue::parse(text, {}));
    }
    JsonLimits limits;
    limits.depth_max = 2;
    CHECK(JsonValue::parse("[[]]", limits));
    CHECK_FALSE(JsonValue::parse("[[[]]]", limits));
}

}  // namespace
}  // namespace hubtrail::protocol
