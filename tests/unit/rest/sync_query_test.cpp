#include "rest/sync_query.h"

#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

SyncQuery parse(Query query, const std::string& prefer = "") {
    auto request = make_get("/api/v1/sync/changes", std::move(query));
    if (!prefer.empty()) {
        request.headers.emplace_back("prefer", prefer);
    }
    auto parsed = parse_sync_query(request);
    INFO(Answer{{parsed ? transport::HttpResponse{} : parsed.error()}}.get().body);
    REQUIRE(parsed);
    return *parsed;
}

/// The parameter that the refusal names.
std::string refused(Query query) {
    auto parsed = parse_sync_query(make_get("/api/v1/sync/changes", std::move(query)));
    if (parsed) {
        return "(accepted)";
    }
    const Answer answer{{parsed.error()}};
    CHECK(answer.problem(400) == "bad-parameter");
    CHECK(answer.text().find(": expected ") != std::string::npos);
    return answer.text().substr(0, answer.text().find(':'));
}

std::string repeat(std::size_t count, const std::string& text) {
    std::string out;
    while (count-- > 0) {
        out += text;
    }
    return out;
}

Query numbered(const char* name, std::size_t count) {
    Query query;
    for (std::size_t i = 0; i < count; ++i) {
        query.emplace_back(name, "v" + std::to_string(i));
    }
    return query;
}

}  // namespace

TEST_CASE("Without parameters a page is 1000 events from the head, at once", "[rest]") {
    CHECK(parse({}) == SyncQuery{});
    CHECK(SyncQuery{}.limit == 1000);
    CHECK(parse({{"_", "1764"}, {"lmit", "7"}}) == SyncQuery{});
}

TEST_CASE("limit is an integer from 1 to 5000", "[rest]") {
    CHECK(parse({{"limit", "1"}}).limit == 1);
    CHECK(parse({{"LIMIT", "5000"}}).limit == 5000);
    for (const auto* const bad : {"", "0", "5001", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10",
                                  "ten", "99999999999999999999"}) {
        CAPTURE(bad);
        CHECK(refused({{"limit", bad}}) == "limit");
    }
    CHECK(refused({{"limit", "5"}, {"limit", "5"}}) == "limit");
}

TEST_CASE("wait is an integer of seconds from 0 to 60", "[rest]") {
    CHECK(parse({{"wait", "0"}}).wait_s == 0);
    CHECK(parse({{"wait", "60"}}).wait_s == 60);
    CHECK_FALSE(parse({{"wait", "60"}}).wait_preferred);
    for (const auto* const bad : {"", "61", "-1", "1.5", "x"}) {
        CAPTURE(bad);
        CHECK(refused({{"wait", bad}}) == "wait");
    }
}

TEST_CASE("Prefer: wait is a wish", "[rest]") {
    const auto wish = [](const char* prefer) {
        const auto query = parse({}, prefer);
        return query.wait_preferred ? query.wait_s : -1;
    };
    CHECK(wish("wait=10") == 10);
    CHECK(wish("respond-async, wait=10;x=y ,wait=20") == 10);
    CHECK(wish("  wait = 5 ") == 5);
    CHECK(wish("wait=60") == 60);
    CHECK(wish("wait=61") == 60);
    CHECK(wish("wait=0") == 0);
    for (const auto* const ignored : {"", "wait", "wait=", "wait=x", "wait=-1", "waits=5", ",,",
                                      "return=minimal", "wait=99999999999999999999"}) {
        CAPTURE(ignored);
        CHECK(wish(ignored) == -1);
    }
    const auto both = parse({{"wait", "3"}}, "wait=9");
    CHECK(both.wait_s == 3);
    CHECK_FALSE(both.wait_preferred);
}

TEST_CASE("A cursor or a since, once and not empty", "[rest]") {
    CHECK(parse({{"cursor", "c1.x"}}).cursor == "c1.x");
    CHECK(parse({{"since", "earliest"}}).since == "earliest");
    CHECK(refused({{"cursor", ""}}) == "cursor");
    CHECK(refused({{"since", ""}}) == "since");
    CHECK(refused({{"cursor", "a"}, {"cursor", "a"}}) == "cursor");
    CHECK(refused({{"since", "a"}, {"since", "a"}}) == "since");
    CHECK(refused({{"cursor", "a"}, {"since", "latest"}}) == "cursor");
}

TEST_CASE("share_id and site_id name the same sites", "[rest]") {
    CHECK(parse({{"site_id", "b"}, {"share_id", "a"}, {"site_id", "a"}}).sites ==
          std::vector<std::string>{"a", "b"});
    // 128 characters, however many bytes.
    for (const auto* const character : {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\xaa"}) {
        CAPTURE(character);
        CHECK(parse({{"site_id", repeat(128, character)}}).sites.size() == 1);
        CHECK(refused({{"site_id", repeat(129, character)}}) == "site_id");
    }
    CHECK(parse(numbered("share_id", 100)).sites.size() == 100);
    CHECK(refused(numbered("share_id", 101)) == "site_id");
    CHECK(refused({{"share_id", ""}}) == "share_id");
}

TEST_CASE("A site is UTF-8 without control characters", "[rest]") {
    for (const auto* const good :
         {"\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\xe0\xa0\x80", "\xf0\x90\x80\x80",
          "\xc2\x80", "a b", "\"'\\"}) {
        CAPTURE(good);
        CHECK(refused({{"site_id", good}}) == "(accepted)");
    }
    for (const auto* const bad :
         {"\x01", "a\n", "\x7f", "\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2x", "\xe2\x82",
          "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "\xff", "\xe2\x82\xacx\xe2\x82"}) {
        CAPTURE(bad);
        CHECK(refused({{"site_id", bad}}) == "site_id");
    }
    CHECK(refused({{"site_id", std::string("a\0b", 3)}}) == "site_id");
}

TEST_CASE("A stream is a name of 1 to 64 characters", "[rest]") {
    CHECK(parse({{"stream", "entries"}, {"stream", "a_b.c-9"}, {"stream", "entries"}}).streams ==
          std::vector<std::string>{"entries", "a_b.c-9"});
    CHECK(parse({{"stream", repeat(64, "x")}}).streams.size() == 1);
    for (const auto& bad : {std::string(), repeat(65, "x"), std::string("Entries"),
                            std::string("a*"), std::string("a,b"), std::string("a b")}) {
        CAPTURE(bad);
        CHECK(refused({{"stream", bad}}) == "stream");
    }
    CHECK(parse(numbered("stream", 100)).streams.size() == 100);
    CHECK(refused(numbered("stream", 101)) == "stream");
}

TEST_CASE("types is a comma list of types and prefixes", "[rest]") {
    CHECK(parse({{"types", "file.*,entry.granted,file.*"}, {"types", "*"}}).types ==
          std::vector<std::string>{"file.*", "entry.granted", "*"});
    CHECK(parse({{"types", repeat(128, "x") + "*"}}).types.size() == 1);
    CHECK(refused({{"types", repeat(129, "x")}}) == "types");
    for (const auto* const bad : {"", ",", "a,", ",a", "a,,b", "a*b", "**", "File", "a, b"}) {
        CAPTURE(bad);
        CHECK(refused({{"types", bad}}) == "types");
    }
    std::string list = "v0";
    for (int i = 1; i < 100; ++i) {
        list += ",v" + std::to_string(i);
    }
    CHECK(parse({{"types", list}}).types.size() == 100);
    CHECK(refused({{"types", list + ",v100"}}) == "types");
}

}  // namespace hubtrail::rest
