#include <string>
#include <vector>

#include "protocol/event.h"
#include "protocol/json.h"
#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

/// Ids made-1, made-2, ...
class CountingIds final : public IdMaker {
public:
    std::string make_id() override { return "made-" + std::to_string(++count_); }
    int count() const { return count_; }

private:
    int count_ = 0;
};

constexpr std::int64_t kNowUs = 1'777'881'601'000'002;  // 2026-05-04T08:00:01.000002Z
const EventContext kContext{"acme", "", kNowUs};

Result<std::vector<NewEvent>, EventError> parse(std::string_view json) {
    CountingIds ids;
    return parse_events(json, kContext, ids);
}

NewEvent parse_one(std::string_view json) {
    CAPTURE(json);
    const auto events = parse(json);
    REQUIRE(events);
    REQUIRE(events->size() == 1);
    return events->front();
}

EventError parse_bad(std::string_view json) {
    CAPTURE(json);
    const auto events = parse(json);
    REQUIRE_FALSE(events);
    return events.error();
}

/// An event with one more member.
std::string with(const std::string& member) {
    return R"({"stream":"s","type":"t",)" + member + "}";
}

std::string in_quotes(const std::string& text) {
    return "\"" + text + "\"";
}

TEST_CASE("parse_events writes the smallest event", "[protocol]") {
    const auto event = parse_one(R"({"stream":"entries","type":"entry.granted"})");
    CHECK(event.id == "made-1");
    CHECK(event.stream == "entries");
    CHECK(event.type == "entry.granted");
    CHECK(event.site_id.empty());
    CHECK(event.user_id.empty());
    CHECK(event.body ==
          R"({"tenant_id":"acme","id":"made-1","stream":"entries","type":"entry.granted",)"
          R"("occurred_at":"2026-05-04T08:00:01.000002Z","service_account":null})");
}

TEST_CASE("parse_events writes every field in the order of the interface, whatever the order given",
          "[protocol]") {
    // Given backwards, with white space.
    const auto event = parse_one(R"( {
        "data" : { "b" : [ 1, 2.50 , "x y" ], "a" : { } },
        "occurred_at" : "2026-05-04T10:00:00.5+02:00",
        "correlation_id" : "corr", "version_id" : "v", "path" : "/new", "old_path" : "/old",
        "actor_device_id" : "dev", "actor_client_id" : "client", "actor" : "who",
        "user_id" : "u1", "site_id" : "s1", "resource_id" : "r1", "resource_type" : "file",
        "vendor_type_id" : -12, "change_type" : "renamed",
        "type" : "file.renamed", "stream" : "files", "id" : "A-z_0.9:x" } )");
    CHECK(event.id == "A-z_0.9:x");
    CHECK(event.site_id == "s1");
    CHECK(event.user_id == "u1");
    CHECK(event.path == "/new");
    CHECK(event.old_path == "/old");
    CHECK(event.actor_client_id == "client");
    CHECK(event.actor_device_id == "dev");
    CHECK(
        event.body ==
        R"({"tenant_id":"acme","id":"A-z_0.9:x","stream":"files","type":"file.renamed","change_type":"renamed",)"
        R"("vendor_type_id":-12,"resource_type":"file","resource_id":"r1","site_id":"s1","user_id":"u1",)"
        R"("actor":"who","actor_client_id":"client","actor_device_id":"dev","old_path":"/old","path":"/new",)"
        R"("version_id":"v","correlation_id":"corr","occurred_at":"2026-05-04T08:00:00.500000Z",)"
        R"("service_account":null,"data":{"b":[1,2.50,"x y"],"a":{}}})");
    CHECK(check_json(event.body, {}));
}

TEST_CASE("parse_events writes tenant and service account as JSON strings", "[protocol]") {
    CountingIds ids;
    const auto events =
        parse_events(R"({"stream":"s","type":"t"})", {"a\"b", "feed\n", kNowUs}, ids);
    REQUIRE(events);
    CHECK((*events)[0].body ==
          R"({"tenant_id":"a\"b","id":"made-1","stream":"s","type":"t",)"
          R"("occurred_at":"2026-05-04T08:00:01.000002Z","service_account":"feed\n"})");
}

TEST_CASE("The same event sent again has the same content, whenever and however it is written",
          "[protocol]") {
    const auto first = parse_one(with(R"("id":"a","site_id":"s","data":{"n":1})"));
    CountingIds ids;
    const EventContext later{"acme", "", kNowUs + 5'000'000};
    const auto again = [&](const std::string& json) {
        const auto events = parse_events(json, later, ids);
        REQUIRE(events);
        return same_content(events->front(), first.body);
    };
    CHECK(
        again(R"( { "data" : { "n" : 1 } , "site_id":"\u0073","id":"a","type":"t","stream":"s"})"));
    CHECK(again(with(R"("id":"a","site_id":"s","data":{"n":1})")));
    CHECK_FALSE(again(with(R"("id":"a","site_id":"s","data":{"n":2})")));
    CHECK_FALSE(again(with(R"("id":"a","site_id":"s")")));
    CHECK_FALSE(again(with(R"("id":"b","site_id":"s","data":{"n":1})")));
    CHECK_FALSE(again(with(R"("id":"a","site_id":"s","data":{"n":1},)"
                           R"("occurred_at":"2026-05-04T08:00:02Z")")));
    // A time that was given is content, before and now.
    const auto timed = parse_one(with(R"("id":"a","occurred_at":"2026-05-04T08:00:02Z")"));
    CHECK(same_content(timed, timed.body));
    CHECK_FALSE(same_content(parse_one(with(R"("id":"a","occurred_at":"2026-05-04T08:00:03Z")")),
                             timed.body));
}

TEST_CASE("parse_events resolves escapes and escapes again only what must be", "[protocol]") {
    const auto event = parse_one(
        R"({"str\u0065am":"\u0073","type":"t","site_id":"\u0041\/\"","user_id":"\ud83d\ude00","path":"a\\b\n\u00e9"})");
    CHECK(event.stream == "s");
    CHECK(event.site_id == "A/\"");
    CHECK(event.user_id == "\xF0\x9F\x98\x80");
    CHECK(event.path == "a\\b\n\xC3\xA9");
    CHECK(
        event.body.find("\"site_id\":\"A/"
                        "\\\"\",\"user_id\":\"\xF0\x9F\x98\x80\",\"path\":\"a\\\\b\\n\xC3\xA9\"") !=
        std::string::npos);
}

TEST_CASE("parse_events keeps null where the interface has it", "[protocol]") {
    const auto event = parse_one(with(R"("change_type":null,"vendor_type_id":null)"));
    CHECK(event.body.find(R"("change_type":null,"vendor_type_id":null,)") != std::string::npos);
}

TEST_CASE("parse_events reads an array in order and makes ids for events without", "[protocol]") {
    CountingIds ids;
    const auto events = parse_events(
        R"( [ {"stream":"a","type":"t","site_id":"x","data":{"k":1}} , {"stream":"b","type":"t","id":"own"},
              {"stream":"c","type":"t"} ] )",
        kContext, ids);
    REQUIRE(events);
    REQUIRE(events->size() == 3);
    CHECK((*events)[0].id == "made-1");
    CHECK((*events)[1].id == "own");
    CHECK((*events)[2].id == "made-2");
    CHECK(ids.count() == 2);
    // Nothing of one event shows in the next.
    CHECK((*events)[1].site_id.empty());
    CHECK((*events)[1].body ==
          R"({"tenant_id":"acme","id":"own","stream":"b","type":"t",)"
          R"("occurred_at":"2026-05-04T08:00:01.000002Z","service_account":null})");
}

std::string array_of(std::size_t count) {
    std::string json = "[";
    for (std::size_t i = 0; i < count; ++i) {
        json += i == 0 ? "" : ",";
        json += R"({"stream":"s","type":"t"})";
    }
    return json + "]";
}

TEST_CASE("parse_events takes 1 to 1000 events", "[protocol]") {
    CHECK(parse(array_of(1))->size() == 1);
    CHECK(parse(array_of(kEventsPerRequestMax))->size() == kEventsPerRequestMax);
    const auto none = parse_bad("[ ]");
    CHECK(none.field.empty());
    CHECK(none.expected == "an event object or an array of 1 to 1000 of them");
    CHECK(none.found == "empty array");
    const auto over = parse_bad(array_of(kEventsPerRequestMax + 1));
    CHECK(over.index == kEventsPerRequestMax);
    CHECK(over.found == "more than 1000");
    CHECK_FALSE(over.not_json);
}

TEST_CASE("parse_events takes each field to its bound and refuses one more", "[protocol]") {
    struct Row {
        const char* field;
        std::size_t characters_max;
    };
    const Row rows[] = {{"id", 128},
                        {"stream", 64},
                        {"type", 128},
                        {"resource_type", 256},
                        {"resource_id", 256},
                        {"site_id", 128},
                        {"user_id", 128},
                        {"actor", 256},
                        {"actor_client_id", 256},
                        {"actor_device_id", 256},
                        {"old_path", 4096},
                        {"path", 4096},
                        {"version_id", 256},
                        {"correlation_id", 256}};
    for (const auto& row : rows) {
        CAPTURE(row.field);
        const auto event_with = [&row](const std::string& text) {
            std::string json = "{\"" + std::string(row.field) + "\":\"" + text + "\"";
            for (const std::string required : {"stream", "type"}) {
                json += required == row.field ? "" : ",\"" + required + "\":\"x\"";
            }
            return json + "}";
        };
        CHECK(parse(event_with(std::string(row.characters_max, 'a'))));
        const auto refused = parse_bad(event_with(std::string(row.characters_max + 1, 'a')));
        CHECK(refused.field == row.field);
        CHECK(refused.found ==
              "string of " + std::to_string(row.characters_max + 1) + " characters");
        CHECK(refused.expected.find(std::to_string(row.characters_max)) != std::string::npos);
        CHECK_FALSE(refused.not_json);
    }
}

TEST_CASE("parse_events counts characters, not bytes", "[protocol]") {
    std::string text;
    for (int i = 0; i < 128; ++i) {
        text += "\xE2\x82\xAC";
    }
    CHECK(parse_one(with("\"site_id\":" + in_quotes(text))).site_id == text);
    CHECK(parse_bad(with("\"site_id\":" + in_quotes(text + "x"))).found ==
          "string of 129 characters");
}

TEST_CASE("parse_events takes empty texts where a text may be empty", "[protocol]") {
    CHECK(parse(with(R"("site_id":"","path":"")")));
    CHECK(parse_bad(R"({"stream":"","type":"t"})").found == "string of 0 characters");
    CHECK(parse_bad(R"({"stream":"s","type":""})").field == "type");
    CHECK(parse_bad(with(R"("id":"")")).field == "id");
}

TEST_CASE("parse_events holds ids, streams and types to their characters", "[protocol]") {
    const std::string name_good = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
    const std::string id_good = name_good + "ABCDEFGHIJKLMNOPQRSTUVWXYZ:";
    for (int code = 0x20; code < 0x7F; ++code) {
        const char c = static_cast<char>(code);
        const std::string spelt = c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
        CAPTURE(spelt);
        const bool name_ok = name_good.find(c) != std::string::npos;
        const bool id_ok = id_good.find(c) != std::string::npos;
        CHECK(static_cast<bool>(parse(R"({"type":"t","stream":"a)" + spelt + "\"}")) == name_ok);
        CHECK(static_cast<bool>(parse(R"({"stream":"s","type":"a)" + spelt + "\"}")) == name_ok);
        CHECK(static_cast<bool>(parse(with(R"("id":"a)" + spelt + "\""))) == id_ok);
    }
    const auto refused = parse_bad(R"({"stream":"entriEs","type":"t"})");
    CHECK(refused.field == "stream");
    CHECK(refused.expected == "a string of 1 to 64 characters of a-z 0-9 _ . -");
    CHECK(refused.found == "another character at place 6");
    CHECK(parse_bad(with("\"id\":\"\xC3\xA9\"")).field == "id");
}

TEST_CASE("parse_events refuses the wrong type for every field", "[protocol]") {
    struct Row {
        std::string field;
        std::string good;  // first bytes of values that are right
    };
    const std::vector<Row> rows{
        {"id", "\""},
        {"change_type", "\"n"},
        {"vendor_type_id", "1n"},
        {"resource_type", "\""},
        {"resource_id", "\""},
        {"site_id", "\""},
        {"user_id", "\""},
        {"actor", "\""},
        {"actor_client_id", "\""},
        {"actor_device_id", "\""},
        {"old_path", "\""},
        {"path", "\""},
        {"version_id", "\""},
        {"correlation_id", "\""},
        {"occurred_at", "\""},
        {"data", "{"},
    };
    struct Value {
        std::string json;
        std::string described;
    };
    const std::vector<Value> values{
        {"\"created\"", "string"}, {"1", "number"},  {"true", "boolean"}, {"false", "boolean"},
        {"null", "null"},          {"[1]", "array"}, {"{}", "object"}};
    for (const auto& row : rows) {
        for (const auto& value : values) {
            if (row.good.find(value.json[0]) != std::string::npos) {
                continue;
            }
            CAPTURE(row.field, value.json);
            const auto refused = parse_bad(with(in_quotes(row.field) + ":" + value.json));
            CHECK(refused.field == row.field);
            CHECK(refused.found == value.described);
            CHECK_FALSE(refused.expected.empty());
            CHECK_FALSE(refused.not_json);
        }
    }
    CHECK(parse_bad(R"({"stream":1,"type":"t"})").field == "stream");
    CHECK(parse_bad(R"({"stream":"s","type":null})").field == "type");
}

TEST_CASE("parse_events refuses missing, unknown and repeated fields", "[protocol]") {
    const auto no_stream = parse_bad(R"({"type":"t"})");
    CHECK(no_stream.field == "stream");
    CHECK(no_stream.found == "nothing");
    CHECK(parse_bad(R"({"stream":"s"})").field == "type");
    CHECK(parse_bad("{}").field == "stream");

    for (const std::string name :
         {"pos", "cursor", "tenant_id", "recorded_at", "service_account", "Stream", "", "datas"}) {
        const auto unknown = parse_bad(with(in_quotes(name) + ":1"));
        CHECK(unknown.field == name);
        CHECK(unknown.found == "unknown field");
    }
    CHECK(parse_bad(with(in_quotes(std::string(70, 'x')) + ":1")).field ==
          std::string(64, 'x') + "...");

    const auto twice = parse_bad(with(R"("path":"a","path":"a")"));
    CHECK(twice.field == "path");
    CHECK(twice.found == "duplicate field");
    CHECK(parse_bad(with(R"("\u0074ype":"a")")).field == "type");
    CHECK(parse_bad(with(R"("data":{},"data":{})")).field == "data");
}

TEST_CASE("parse_events refuses U+0000 and lone surrogates", "[protocol]") {
    CHECK(parse_bad(with(R"("path":"a\u0000")")).found == "string with U+0000");
    CHECK(parse_bad(with(R"("path":"a\ud800")")).found == "string with a lone surrogate");
    CHECK(parse_bad(with(R"("data":{"a":"\u0000"})")).found == "U+0000 in a string");
    CHECK(parse_bad(with(R"("data":{"\udc00":1})")).found == "lone surrogate in a string");
    const auto name = parse_bad(with(R"("\ud800":1)"));
    CHECK(name.field == "\xEF\xBF\xBD");
    CHECK(check_json("\"" + name.field + "\"", {}));
}

TEST_CASE("parse_events takes the integers of 64 bits as vendor_type_id", "[protocol]") {
    CHECK(parse_one(with(R"("vendor_type_id":9223372036854775807)"))
              .body.find(":9223372036854775807,") != std::string::npos);
    CHECK(parse_one(with(R"("vendor_type_id":-9223372036854775808)"))
              .body.find(":-9223372036854775808,") != std::string::npos);
    CHECK(parse_one(with(R"("vendor_type_id":-0)")).body.find(R"("vendor_type_id":0,)") !=
          std::string::npos);
    CHECK(parse_bad(with(R"("vendor_type_id":9223372036854775808)")).found == "a larger number");
    CHECK(parse_bad(with(R"("vendor_type_id":1.0)")).found ==
          "number with a fraction or an exponent");
    CHECK(parse_bad(with(R"("vendor_type_id":1e3)")).found ==
          "number with a fraction or an exponent");
}

TEST_CASE("parse_events takes the five change types", "[protocol]") {
    for (const std::string kind : {"created", "updated", "deleted", "moved", "renamed"}) {
        CHECK(parse(with(R"("change_type":")" + kind + "\"")));
    }
    const auto refused = parse_bad(with(R"("change_type":"Created")"));
    CHECK(refused.expected == "one of created, updated, deleted, moved, renamed, or null");
    CHECK(refused.found == "another string");
}

TEST_CASE("parse_events says what is wrong with occurred_at", "[protocol]") {
    const auto refused = parse_bad(with(R"("occurred_at":"2026-02-29T00:00:00Z")"));
    CHECK(refused.field == "occurred_at");
    CHECK(refused.found == "a string that is not a time that exists");
}

TEST_CASE("parse_events takes data of 64 KiB and refuses one byte more", "[protocol]") {
    const auto data = [](std::size_t bytes) {
        return R"({"a":")" + std::string(bytes - 8, 'x') + "\"}";
    };
    REQUIRE(data(kEventDataBytesMax).size() == kEventDataBytesMax);
    CHECK(parse(with("\"data\":" + data(kEventDataBytesMax))));
    // White space between tokens does not count.
    auto spaced = data(kEventDataBytesMax);
    spaced.insert(5, 1000, ' ');
    CHECK(parse_one(with("\"data\":" + spaced)).body.find(data(kEventDataBytesMax)) !=
          std::string::npos);
    const auto refused = parse_bad(with("\"data\":" + data(kEventDataBytesMax + 1)));
    CHECK(refused.field == "data");
    CHECK(refused.found == "object of 65537 bytes");
}

TEST_CASE("parse_events takes data of depth 32 and refuses depth 33", "[protocol]") {
    const auto data = [](std::size_t depth) {
        return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    CHECK(parse(with("\"data\":" + data(kEventDataDepthMax))));
    CHECK(parse("[" + with("\"data\":" + data(kEventDataDepthMax)) + "]"));
    const auto refused = parse_bad(with("\"data\":" + data(kEventDataDepthMax + 1)));
    CHECK(refused.field == "data");
    CHECK(refused.found == "a deeper object");
    CHECK_FALSE(refused.not_json);
}

TEST_CASE("parse_events refuses data with duplicate members and numbers beyond a double",
          "[protocol]") {
    CHECK(parse_bad(with(R"("data":{"a":{"x":1,"\u0078":2}})")).found == "duplicate member 'x'");
    CHECK(parse_bad(with(R"("data":{"a":1e999})")).found == "number beyond a double");
}

TEST_CASE("parse_events refuses what is neither event nor array", "[protocol]") {
    struct Row {
        const char* json;
        const char* found;
    };
    const Row rows[] = {
        {"1", "number"}, {"\"x\"", "string"}, {"null", "null"}, {"true", "boolean"}};
    for (const auto& row : rows) {
        const auto refused = parse_bad(row.json);
        CHECK(refused.found == row.found);
        CHECK(refused.expected == "an event object or an array of 1 to 1000 of them");
    }
    const auto inside = parse_bad(R"([{"stream":"s","type":"t"},[]])");
    CHECK(inside.index == 1);
    CHECK(inside.expected == "an event object");
    CHECK(inside.found == "array");
}

TEST_CASE("parse_events names the index of the bad event", "[protocol]") {
    const auto refused = parse_bad(
        R"([{"stream":"s","type":"t"},{"stream":"s","type":"t"},{"stream":"s","type":"T"}])");
    CHECK(refused.index == 2);
    CHECK(refused.field == "type");
}

TEST_CASE("parse_events says where the text stops being JSON", "[protocol]") {
    struct Row {
        const char* json;
        const char* expected;
        const char* found;
    };
    const Row rows[] = {
        {"", "JSON (RFC 8259), broken at byte 0", "unexpected end"},
        {"x", "JSON (RFC 8259), broken at byte 0", "expected a value"},
        {R"({"stream":"s","type":"t")", "JSON (RFC 8259), broken at byte 24", "unexpected end"},
        {R"({"stream":"s" "type":"t"})", "JSON (RFC 8259), broken at byte 14",
         "expected ',' or '}'"},
        {R"({"stream":"s","type":"t",})", "JSON (RFC 8259), broken at byte 25",
         "expected a string"},
        {R"({"stream":"s","type":"t"} 1)", "JSON (RFC 8259), broken at byte 26",
         "text after the value"},
        {R"([{"stream":"s","type":"t"},])", "JSON (RFC 8259), broken at byte 27",
         "expected a value"},
        {R"({"stream":"s","type":"t","data":{"a":tru}})", "JSON (RFC 8259), broken at byte 37",
         "expected a value"},
        {R"({"stream":nul})", "JSON (RFC 8259), broken at byte 10", "expected a value"},
        {"{\"stream\":\"\xff\"}", "JSON (RFC 8259), broken at byte 11", "not UTF-8"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.json);
        const auto refused = parse_bad(row.json);
        CHECK(refused.not_json);
        CHECK(refused.expected == row.expected);
        CHECK(refused.found == row.found);
    }
}

TEST_CASE("parse_events refuses every prefix of an event", "[protocol]") {
    const std::string json =
        R"([{"stream":"s","type":"t","data":{"a":["\u0041",1.5e3,null]},"vendor_type_id":1}])";
    REQUIRE(parse(json));
    for (std::size_t size = 0; size < json.size(); ++size) {
        const std::vector<char> exact(json.begin(),
                                      json.begin() + static_cast<std::ptrdiff_t>(size));
        CountingIds ids;
        const auto refused = parse_events({exact.data(), exact.size()}, kContext, ids);
        REQUIRE_FALSE(refused);
        CHECK((refused.error().not_json || refused.error().found == "nothing"));
    }
}

}  // namespace
}  // namespace hubtrail::protocol
