#include "rest/sync_query.h"

#include "tests/support/catch.h"
#include "tests/support/query_cases.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

SyncQuery parse(Query query, const std::string& prefer = "") {
    auto request = make_get("/api/v1/sync/changes", std::move(query));
    if (!prefer.empty()) {
        request.headers.emplace_back("prefer", prefer);
    }
    const auto parsed = parse_sync_query(request);
    REQUIRE(parsed);
    return *parsed;
}

/// The parameter that the refusal names.
std::string refused(Query query) {
    const auto parsed = parse_sync_query(make_get("/api/v1/sync/changes", std::move(query)));
    return parsed ? "(accepted)" : std::string(parsed.error().field);
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

TEST_CASE("A question is read with the log's own grammar", "[rest]") {
    for (const auto& row : protocol::query_cases()) {
        CAPTURE(protocol::show(row.items));
        const auto here = parse_sync_query(make_get("/api/v1/sync/changes", row.items));
        const auto there = protocol::parse_log_query(row.items);
        REQUIRE(bool(here) == bool(there));
        if (here) {
            CHECK(here->log == *there);
        } else {
            CHECK(here.error() == there.error());
        }
    }
}

}  // namespace hubtrail::rest
