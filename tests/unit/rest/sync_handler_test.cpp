#include "rest/sync_handler.h"

#include "protocol/event.h"
#include "rest/changes_poll.h"
#include "rest/events_handler.h"
#include "tests/support/catch.h"
#include "tests/support/query_cases.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

struct SyncFixture : RestFixture {
    std::shared_ptr<Answer> changes(Query query, const std::string& token = "super") {
        return send_and_pump(handler, make_get("/api/v1/sync/changes", std::move(query), token));
    }
    std::shared_ptr<Answer> begin(Query query, const std::string& token = "super") {
        return send(handler, make_get("/api/v1/sync/changes", std::move(query), token));
    }

    SyncHandler handler{context};
};

/// The positions of the answer's events and its frame: "1,2 1..2 more".
std::string shape(const Answer& answer) {
    INFO(answer.get().body);
    REQUIRE(answer.status() == 200);
    const auto body = answer.json();
    std::string text;
    const auto events = *body.find("changes");
    for (std::size_t i = 0; i < events.size(); ++i) {
        text += (i > 0 ? "," : "") + std::to_string(events.at(i).find("pos")->integer());
    }
    text += " " + std::to_string(body.find("from")->integer()) + ".." +
            std::to_string(body.find("to")->integer());
    return text + (body.find("has_more")->boolean() ? " more" : "");
}

std::string cursor_of(const Answer& answer) {
    return answer.member("cursor").string();
}

}  // namespace

TEST_CASE("A page has exactly the bytes that docs/api.md promises", "[rest]") {
    SyncFixture fixture;
    fixture.fill(2);
    auto reader = fixture.store.open_reader();
    std::string first;
    std::string second;
    protocol::append_event_json(first, **(*reader)->at("t", 1), fixture.cursor_at(1));
    protocol::append_event_json(second, **(*reader)->at("t", 2), fixture.cursor_at(2));
    const auto frame = [&](const std::string& events, int to, const char* more) {
        return R"({"changes":[)" + events + R"(],"cursor":")" + fixture.cursor_at(to) +
               R"(","has_more":)" + more + R"(,"from":1,"to":)" + std::to_string(to) +
               R"(,"epoch":1)";
    };
    const auto all = fixture.changes({{"since", "earliest"}});
    CHECK(all->get().content_type == "application/json");
    CHECK(all->get().body == frame(first + "," + second, 2, "false") + "}");
    CHECK(fixture.changes({{"since", "earliest"}, {"limit", "1"}})->get().body ==
          frame(first, 1, "true") + "}");
    CHECK(fixture.changes({{"since", "earliest"}, {"share_id", "s1"}})->get().body ==
          frame(first + "," + second, 2, "false") + R"(,"share_id":"s1"})");
    CHECK(fixture.changes({{"since", "earliest"}, {"site_id", "s\"1"}})->get().body ==
          frame("", 2, "false") + R"(,"share_id":"s\"1"})");
    CHECK(fixture.changes({{"since", "earliest"}, {"site_id", "s1"}, {"site_id", "s2"}})
              ->get()
              .body == frame(first + "," + second, 2, "false") + "}");
}

TEST_CASE("A reader gets every position once by following the cursor", "[rest]") {
    SyncFixture fixture;
    fixture.fill(7);
    auto page = fixture.changes({{"since", "earliest"}, {"limit", "3"}});
    CHECK(shape(*page) == "1,2,3 1..3 more");
    page = fixture.changes({{"cursor", cursor_of(*page)}, {"limit", "3"}});
    CHECK(shape(*page) == "4,5,6 4..6 more");
    page = fixture.changes({{"cursor", cursor_of(*page)}, {"limit", "3"}});
    CHECK(shape(*page) == "7 7..7");
    page = fixture.changes({{"cursor", cursor_of(*page)}});
    CHECK(shape(*page) == " 8..7");
    fixture.fill(1);
    CHECK(shape(*fixture.changes({{"cursor", cursor_of(*page)}})) == "8 8..8");
}

TEST_CASE("Without cursor and since a reader starts at the head", "[rest]") {
    SyncFixture fixture;
    CHECK(shape(*fixture.changes({})) == " 1..0");
    fixture.fill(3);
    CHECK(shape(*fixture.changes({})) == " 4..3");
    CHECK(shape(*fixture.changes({{"since", "latest"}})) == " 4..3");
}

TEST_CASE("since may be a time", "[rest]") {
    SyncFixture fixture;
    fixture.fill(1);
    fixture.clock.advance_us(10'000'000);
    fixture.fill(2);
    CHECK(shape(*fixture.changes({{"since", "2026-05-04T08:00:05Z"}})) == "2,3 2..3");
    CHECK(shape(*fixture.changes({{"since", "2026-05-04T10:00:00+02:00"}})) == "1,2,3 1..3");
    CHECK(fixture.changes({{"since", "yesterday"}})->problem(400) == "since-invalid");
}

TEST_CASE("The cursor advances over what the reader may not see or did not ask for", "[rest]") {
    SyncFixture fixture;
    fixture.fill(1, "s1", "u1");
    fixture.fill(1, "s1", "u2");
    fixture.fill(1, "s2", "u2", "incidents", "incident.opened");
    fixture.fill(1, "s3", "u1");
    fixture.fill(1, "", "u1");
    const auto seen = [&](Query query, const char* token) {
        query.emplace_back("since", "earliest");
        return shape(*fixture.changes(std::move(query), token));
    };
    CHECK(seen({}, "super") == "1,2,3,4,5 1..5");
    CHECK(seen({}, "salto") == "1,2,3,4,5 1..5");
    CHECK(seen({}, "reader") == "1,3 1..5");
    CHECK(seen({}, "blind") == " 1..5");
    CHECK(seen({}, "other") == " 1..0");
    CHECK(seen({{"site_id", "s1"}}, "super") == "1,2 1..5");
    CHECK(seen({{"site_id", "s1"}, {"share_id", "s2"}}, "reader") == "1,3 1..5");
    CHECK(seen({{"stream", "incidents"}}, "super") == "3 1..5");
    CHECK(seen({{"stream", "incidents"}, {"stream", "entries"}}, "reader") == "1,3 1..5");
    CHECK(seen({{"types", "incident.*"}}, "super") == "3 1..5");
    CHECK(seen({{"types", "incident,entry.granted"}}, "super") == "1,2,4,5 1..5");
    CHECK(cursor_of(*fixture.changes({{"since", "earliest"}}, "blind")) == fixture.cursor_at(5));
}

TEST_CASE("A reader asks for a folder, and not for what it did itself", "[rest]") {
    SyncFixture fixture;
    EventsHandler events(fixture.context);
    const auto file = [&](const char* path, const char* old_path, const char* device) {
        const auto body = event_json(path, std::string(R"(,"site_id":"s1","path":")") + path +
                                               R"(","old_path":")" + old_path +
                                               R"(","actor_device_id":")" + device + "\"");
        REQUIRE(fixture.send_and_pump(events, make_post(body))->status() == 201);
    };
    file("docs.a", "", "laptop");        // 1
    file("docs.b", "", "phone");         // 2
    file("other.c", "docs.c", "phone");  // 3
    file("other.d", "", "phone");        // 4
    const auto seen = [&](Query query) {
        query.emplace_back("since", "earliest");
        return shape(*fixture.changes(std::move(query)));
    };
    CHECK(seen({{"path_prefix", "docs."}}) == "1,2,3 1..4");
    CHECK(seen({{"exclude_origin", "laptop"}}) == "2,3,4 1..4");
    CHECK(seen({{"path_prefix", "docs."}, {"exclude_origin", "laptop"}}) == "2,3 1..4");
    CHECK(seen({{"exclude_origin", "laptop"}, {"exclude_origin", "phone"}}) == " 1..4");
}

TEST_CASE("A site without a role is refused, by name", "[rest]") {
    SyncFixture fixture;
    const auto refused = fixture.changes({{"site_id", "s1"}, {"share_id", "s9"}}, "reader");
    CHECK(refused->problem(403) == "forbidden");
    CHECK(refused->text().find("'s9'") != std::string::npos);
    CHECK(refused->details().find("site_id")->string() == "s9");
    CHECK(fixture.changes({{"site_id", "s1"}}, "blind")->problem(403) == "forbidden");
    CHECK(fixture.service.reads() == 0);
}

TEST_CASE("Changes want a token, a scope and good parameters", "[rest]") {
    SyncFixture fixture;
    CHECK(fixture.changes({}, "")->problem(401) == "unauthorized");
    CHECK(fixture.changes({}, "writer")->problem(403) == "forbidden");
    CHECK(fixture.changes({{"limit", "0"}})->problem(400) == "bad-parameter");
    for (const auto& row : protocol::query_cases()) {
        if (row.field.empty()) {
            continue;
        }
        CAPTURE(protocol::show(row.items));
        const auto answer = fixture.changes(row.items);
        CHECK(answer->problem(400) ==
              (row.code == protocol::QueryErrc::bad_value ? "bad-parameter" : "since-invalid"));
        CHECK(answer->text().rfind(row.field + ": expected ", 0) == 0);
        CHECK(answer->text().find(row.expected) != std::string::npos);
    }
    CHECK(fixture.service.waiting() == 0);
}

TEST_CASE("Bad cursors are told apart", "[rest]") {
    SyncFixture fixture;
    fixture.fill(5);
    const auto second = fixture.cursor_at(2);
    CHECK(fixture.changes({{"cursor", "c1.nonsense"}})->problem(400) == "cursor-invalid");
    CHECK(fixture.changes({{"cursor", second}}, "other")->problem(400) == "cursor-invalid");
    const auto ahead = fixture.codec.encode("t", {1, 6, 1, 1});
    CHECK(fixture.changes({{"cursor", ahead}})->problem(400) == "cursor-ahead");

    fixture.set_floor(4);
    const auto expired = fixture.changes({{"cursor", second}});
    CHECK(expired->problem(410) == "cursor-expired");
    CHECK(expired->details().find("lost_at_least")->integer() == 1);
    const auto oldest = expired->details().find("oldest_cursor")->string();
    CHECK(shape(*fixture.changes({{"cursor", oldest}})) == "4,5 4..5");
    CHECK(expired->details().find("latest_cursor")->string() == fixture.cursor_at(5));

    const auto fifth = fixture.cursor_at(5);
    fixture.reset_log();
    CHECK(fixture.changes({{"cursor", fifth}})->problem(410) == "log-reset");
}

TEST_CASE("A store that fails is 503, at the look-up and at the read", "[rest]") {
    SyncFixture fixture;
    fixture.fill(1);
    fixture.store.fail_reads(1);
    const auto early = fixture.changes({});
    CHECK(early->problem(503) == "unavailable");
    CHECK(early->get().body.find("the test said so") == std::string::npos);
    const auto late = fixture.begin({});
    fixture.service.run_one();
    fixture.loop.run();
    fixture.store.fail_reads(1);
    fixture.pump();
    CHECK(late->problem(503) == "unavailable");
    CHECK(late->header("Retry-After") == "2");
}

TEST_CASE("A floor that passes the cursor between look-up and read is 410 as well", "[rest]") {
    SyncFixture fixture;
    fixture.fill(5);
    const auto answer = fixture.begin({{"cursor", fixture.cursor_at(2)}});
    for (int step = 0; step < 2; ++step) {  // the head, then the cursor's event
        fixture.service.run_one();
    }
    fixture.loop.run();
    fixture.set_floor(5);
    fixture.pump();
    CHECK(answer->problem(410) == "cursor-expired");
    CHECK(answer->details().find("lost_at_least")->integer() == 2);
}

TEST_CASE("A floor that stops right behind the cursor between look-up and read loses nothing",
          "[rest]") {
    SyncFixture fixture;
    fixture.fill(5);
    const auto answer = fixture.begin({{"cursor", fixture.cursor_at(2)}});
    fixture.service.run_one();
    fixture.service.run_one();
    fixture.loop.run();
    fixture.set_floor(3);
    fixture.pump();
    CHECK(shape(*answer) == "3,4,5 3..5");
}

TEST_CASE("A reset between look-up and read is 410 for a cursor, the new start for earliest",
          "[rest]") {
    SyncFixture fixture;
    fixture.fill(2);
    const auto by_cursor = fixture.begin({{"cursor", fixture.cursor_at(2)}});
    const auto by_time = fixture.begin({{"since", "earliest"}});
    fixture.service.run_one();
    fixture.service.run_one();
    fixture.loop.run();
    fixture.reset_log();
    fixture.fill(1);
    fixture.pump();
    CHECK(by_cursor->problem(410) == "log-reset");
    CHECK(shape(*by_time) == "3 3..3");
}

// Goal: a log whose floor never stands still must not keep a request for ever.
TEST_CASE("A start that moves away three times is looked up again, a fourth time is 503",
          "[rest]") {
    for (const int moves : {kRestartsMax, kRestartsMax + 1}) {
        SyncFixture fixture;
        fixture.fill(10);
        const auto answer = fixture.begin({{"since", "earliest"}});
        for (int i = 0; i < moves; ++i) {
            fixture.service.run();  // the start
            fixture.loop.run();
            fixture.set_floor(i + 2);
            fixture.service.run();  // the page, too late
            fixture.loop.run();
        }
        fixture.pump();
        CAPTURE(moves);
        if (moves == kRestartsMax) {
            CHECK(shape(*answer) == "4,5,6,7,8,9,10 4..10");
        } else {
            CHECK(answer->problem(503) == "unavailable");
        }
    }
}

TEST_CASE("A read is bounded by events, bytes and positions looked at", "[rest]") {
    SyncFixture fixture;
    fixture.fill(1);
    fixture.changes({{"since", "earliest"}, {"limit", "5000"}});
    CHECK(fixture.service.last_read().events_max == 5000);
    CHECK(fixture.service.last_read().bytes_max == 4 * 1024 * 1024);
    CHECK(fixture.service.last_read().scan_max == 20'000);
    fixture.changes({{"since", "earliest"}});
    CHECK(fixture.service.last_read().events_max == 1000);
}

TEST_CASE("20,000 positions without a match are one empty page, 20,001 leave more", "[rest]") {
    for (const int extra : {0, 1}) {
        SyncFixture fixture;
        fixture.fill(20'000 + extra);
        const auto page =
            fixture.changes({{"since", "earliest"}, {"stream", "none"}, {"wait", "60"}});
        if (extra == 0) {
            CHECK_FALSE(page->ready());  // it is at the head, and waits
        } else {
            CHECK(shape(*page) == " 1..20000 more");
        }
    }
}

TEST_CASE("4 MiB of bodies are one page, a byte more begins the next", "[rest]") {
    for (const std::size_t extra : {0U, 1U}) {
        SyncFixture fixture;
        storage::AppendRequest request{"t", {}, {}, {}};
        for (std::size_t i = 0; i < 4; ++i) {
            std::string body = R"({"tenant_id":"t","x":")";
            body.append(kPageBodyBytesMax / 4 + (i == 3 ? extra : 0) - body.size() - 2, 'x');
            request.events.push_back(
                {"b" + std::to_string(i), "entries", "x", "s1", "u1", body + "\"}"});
        }
        const bool taken = fixture.service.append(std::move(request), [](const auto&) {});
        REQUIRE(taken);
        fixture.pump();
        const auto page = fixture.changes({{"since", "earliest"}});
        CHECK(shape(*page) == (extra == 0 ? "1,2,3,4 1..4" : "1,2,3 1..3 more"));
    }
}

TEST_CASE("GET cursor describes the log", "[rest]") {
    SyncFixture fixture;
    const auto describe = [&](const char* token) {
        return fixture.send_and_pump(fixture.handler, make_get("/api/v1/sync/cursor", {}, token));
    };
    const auto empty = describe("super");
    CHECK(empty->status() == 200);
    CHECK(empty->member("first_pos").integer() == 1);
    CHECK(empty->member("last_pos").integer() == 0);

    fixture.fill(5);
    fixture.set_floor(3);
    const auto head = describe("salto");
    CHECK(head->member("latest_cursor").string() == fixture.cursor_at(5));
    CHECK(head->member("first_pos").integer() == 3);
    CHECK(head->member("last_pos").integer() == 5);
    CHECK(head->member("epoch").integer() == 1);
    CHECK(shape(*fixture.changes({{"cursor", head->member("oldest_cursor").string()}})) ==
          "3,4,5 3..5");

    CHECK(describe("")->problem(401) == "unauthorized");
    CHECK(describe("writer")->problem(403) == "forbidden");
    fixture.store.fail_reads(1);
    CHECK(describe("super")->problem(503) == "unavailable");
}

}  // namespace hubtrail::rest
