#include "bench/json_scan.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace hubtrail::bench;

TEST_CASE("json_member finds a member of the top level only", "[bench]") {
    const std::string text =
        R"({"data":{"pos":1,"a":[{"pos":2}]},"quoted\"":"}\\","text":"a \"pos\":3 {[", "pos" : 17 ,"end":null})";
    CHECK(json_member(text, "pos") == "17");
    CHECK(json_member(text, "data") == R"({"pos":1,"a":[{"pos":2}]})");
    CHECK(json_member(text, "text") == R"("a \"pos\":3 {[")");
    CHECK(json_member(text, "end") == "null");
    CHECK(!json_member(text, "absent"));
    CHECK(json_member(R"({"a":1,"a":2})", "a") == "1");
}

// Goal: text that is cut anywhere never makes the scanner read outside (run under ASan).
TEST_CASE("json_member gives nothing for an object that ends too early", "[bench]") {
    const std::string whole = R"({"a":"x\\","b":[1,{"c":2}],"d":3})";
    for (std::size_t cut = 0; cut + 1 < whole.size(); ++cut) {
        CAPTURE(cut);
        const std::string part = whole.substr(0, cut);
        CHECK(!json_member(part, "absent"));
        JsonElements elements(part);
        CHECK(!elements.next());
    }
    CHECK(!json_member("", "a"));
    CHECK(!json_member("[1]", "a"));
}

TEST_CASE("JsonElements walks an array", "[bench]") {
    JsonElements elements(R"( [1, "a,]" ,{"b":[2,3]},[] ] )");
    std::vector<std::string> found;
    while (const auto element = elements.next()) {
        found.emplace_back(*element);
    }
    CHECK(found == std::vector<std::string>{"1", R"("a,]")", R"({"b":[2,3]})", "[]"});
    JsonElements none("[]");
    CHECK(!none.next());
}

TEST_CASE("numbers and strings are taken only when they are plain", "[bench]") {
    CHECK(json_unsigned("18446744073709551615") == 18446744073709551615ULL);
    CHECK(!json_unsigned("18446744073709551616"));
    CHECK(!json_unsigned("-1"));
    CHECK(!json_unsigned("1.5"));
    CHECK(!json_unsigned(""));
    CHECK(json_plain_string("\"\"") == "");
    CHECK(json_plain_string("\"a\"") == "a");
    CHECK(!json_plain_string(R"("a\n")"));
    CHECK(!json_plain_string("\""));
    CHECK(!json_plain_string("1"));
}
