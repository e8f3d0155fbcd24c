#include "server/config_file.h"

#include <limits>

#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;

std::vector<ConfigTable> parse(const std::string& text) {
    auto tables = parse_config_file(text);
    REQUIRE(tables);
    return std::move(*tables);
}

TEST_CASE("an empty file has an empty top", "[server]") {
    const auto tables = parse("");
    REQUIRE(tables.size() == 1);
    CHECK(tables[0].kind == ConfigTable::Kind::top);
    CHECK(tables[0].entries.empty());
}

TEST_CASE("tables and keys come in the order of the file, with their lines", "[server]") {
    const auto tables = parse(
        "listen = \"x\"\n"
        "# a comment\n"
        "data = \"y\"\n"
        "[zebra]\n"
        "b = 1\n"
        "a = true\n"
        "[[log_hub]]\n"
        "path = \"/p\"\n"
        "[[log_hub]]\n"
        "streams = [\n"
        "  \"s\"]\n"
        "[apple]\n");
    REQUIRE(tables.size() == 5);
    CHECK(tables[0].entries[0].key == "listen");
    CHECK(tables[0].entries[0].line == 1);
    CHECK(tables[0].entries[1].line == 3);
    CHECK(tables[1].name == "zebra");
    CHECK(tables[1].kind == ConfigTable::Kind::section);
    CHECK(tables[1].line == 4);
    CHECK(tables[1].entries[0].key == "b");
    CHECK(tables[1].entries[0].line == 5);
    CHECK(std::get<std::int64_t>(tables[1].entries[0].value) == 1);
    CHECK(std::get<bool>(tables[1].entries[1].value));
    CHECK(tables[2].kind == ConfigTable::Kind::array_item);
    CHECK(tables[2].line == 7);
    CHECK(tables[3].line == 9);
    CHECK(tables[3].entries[0].line == 10);
    CHECK(std::get<std::vector<std::string>>(tables[3].entries[0].value) ==
          std::vector<std::string>{"s"});
    CHECK(tables[4].name == "apple");
}

TEST_CASE("values that no setting takes are named by their kind", "[server]") {
    const auto entries = parse(
                             "a = 1.5\n"
                             "b = 2026-01-31\n"
                             "c = [1]\n"
                             "d = [\"x\", 1]\n"
                             "[t]\n"
                             "e = {f = 1}\n")[0]
                             .entries;
    REQUIRE(entries.size() == 4);
    CHECK(describe(entries[0].value) == "a number with a fraction");
    CHECK(describe(entries[1].value) == "a date or time");
    CHECK(describe(entries[2].value) == "a list that holds more than texts");
    CHECK(describe(entries[3].value) == "a list that holds more than texts");
}

TEST_CASE("text that is no TOML is refused with its line and without quoting it", "[server]") {
    const auto* text = GENERATE("a = 1\nsecret = hunter2\n", "a = 1\n[hunter2\n",
                                "a = 1\n= hunter2\n", "a = 1\nx = \"hunter2\n");
    CAPTURE(text);
    const auto tables = parse_config_file(text);
    REQUIRE_FALSE(tables);
    CHECK(tables.error().line == 2);
    CHECK_THAT(tables.error().text, !Contains("hunter2"));
}

TEST_CASE("a key that stands twice is refused", "[server]") {
    CHECK_FALSE(parse_config_file("a = 1\na = 2\n"));
    CHECK_FALSE(parse_config_file("[a]\nb = 1\n[a]\nb = 2\n"));
}

TEST_CASE("a number out of 64 bits does not wrap", "[server]") {
    // toml11 takes it as the largest number, which lies beyond every range.
    const auto tables = parse("a = 99999999999999999999\nb = -99999999999999999999\n");
    CHECK(std::get<std::int64_t>(tables[0].entries[0].value) ==
          std::numeric_limits<std::int64_t>::max());
    CHECK(std::get<std::int64_t>(tables[0].entries[1].value) ==
          std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("broken bytes are refused, not thrown", "[server]") {
    CHECK_FALSE(parse_config_file(std::string("a\0b", 3)));
    CHECK_FALSE(parse_config_file("\xff\xfe"));
}

TEST_CASE("open brackets are bounded", "[server]") {
    const auto nested = [](int depth) {
        const auto count = static_cast<std::size_t>(depth);
        return "a = 1\nb = " + std::string(count, '[') + std::string(count, ']') + "\n";
    };
    CHECK(parse_config_file(nested(kConfigDepthMax)));
    const auto tables = parse_config_file(nested(kConfigDepthMax + 1));
    REQUIRE_FALSE(tables);
    CHECK(tables.error().line == 2);
    CHECK_FALSE(parse_config_file(nested(20'000)));
}

}  // namespace
}  // namespace hubtrail::server
