#include "protocol/event.h"

#include <string>

#include "protocol/json.h"
#include "protocol/json_scanner.h"
#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

LogEvent event_with(std::string body) {
    LogEvent event;
    event.pos = 7;
    event.recorded_us = 1'777'881'601'000'002;
    event.body = std::move(body);
    return event;
}

TEST_CASE("append_event_json puts pos, cursor and recorded_at in front of the body", "[protocol]") {
    std::string out = "before ";
    append_event_json(out, event_with(R"({"tenant_id":"t","id":"1"})"), "c1.abc");
    CHECK(
        out ==
        R"(before {"pos":7,"cursor":"c1.abc","recorded_at":"2026-05-04T08:00:01.000002Z","tenant_id":"t","id":"1"})");
}

TEST_CASE("append_event_json writes positions to the end of their range", "[protocol]") {
    auto event = event_with(R"({"a":1})");
    event.pos = INT64_MAX;
    std::string out;
    append_event_json(out, event, "c");
    CHECK(out.substr(0, 34) == R"({"pos":9223372036854775807,"cursor)");
}

TEST_CASE("append_event_json_escaped gives the same text as the inside of a JSON string",
          "[protocol]") {
    std::string body = R"({"tenant_id":"t","path":"C:\\x\"y","e":")"
                       "\xC3\xA9"
                       R"(","data":{"n":"a\nb","deep":[1,{"x":"\\\\"}]}})";
    SECTION("of a short event") {}
    SECTION("of an event longer than any buffer") {
        body.insert(body.size() - 1, R"(,"long":")" + std::string(5000, 'x') + R"(","q":[)");
        for (int i = 0; i < 2000; ++i) {
            body.insert(body.size() - 1, R"("\"",)");
        }
        body.insert(body.size() - 1, "1]");
    }
    const auto event = event_with(body);
    std::string plain;
    append_event_json(plain, event, "c1.abc");
    REQUIRE(check_json(plain, {}));
    std::string escaped = "\"";
    append_event_json_escaped(escaped, event, "c1.abc");
    escaped += '"';
    JsonScanner in(escaped);
    JsonString string;
    REQUIRE(in.read_string(string));
    REQUIRE(in.finish());
    std::string decoded;
    append_decoded(decoded, string);
    CHECK(decoded == plain);
}

}  // namespace
}  // namespace hubtrail::protocol
