#include "rest/events_handler.h"

#include "base/crypto.h"
#include "storage/position.h"
#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

struct EventsFixture : RestFixture {
    std::shared_ptr<Answer> post(const std::string& body, const std::string& key = "",
                                 const std::string& token = "super") {
        auto request = make_post(body, token);
        if (!key.empty()) {
            request.headers.emplace_back("idempotency-key", key);
        }
        return send_and_pump(handler, std::move(request));
    }
    std::shared_ptr<Answer> show(const std::string& id, const std::string& token = "super") {
        return send_and_pump(handler, make_get("/api/v1/events/" + id, {}, token));
    }

    EventsHandler handler{context};
};

std::string result_json(const std::string& id, int pos, const std::string& cursor, bool duplicate) {
    return R"({"id":")" + id + R"(","pos":)" + std::to_string(pos) + R"(,"cursor":")" + cursor +
           R"(","duplicate":)" + (duplicate ? "true" : "false") + "}";
}

}  // namespace

TEST_CASE("POST answers 201 with the place of each event", "[rest]") {
    EventsFixture fixture;
    const auto one = fixture.post(event_json("a"));
    CHECK(one->status() == 201);
    CHECK(one->get().content_type == "application/json");
    CHECK(one->get().body ==
          R"({"results":[)" + result_json("a", 1, fixture.cursor_at(1), false) + "]}");

    const auto two = fixture.post("[" + event_json("b") + "," + event_json("c") + "]");
    CHECK(two->status() == 201);
    CHECK(two->get().body == R"({"results":[)" + result_json("b", 2, fixture.cursor_at(2), false) +
                                 "," + result_json("c", 3, fixture.cursor_at(3), false) + "]}");
}

TEST_CASE("POST answers 201 when one event is new and 200 when none is", "[rest]") {
    EventsFixture fixture;
    fixture.post(event_json("a"));
    const auto mixed = fixture.post("[" + event_json("a") + "," + event_json("b") + "]");
    CHECK(mixed->status() == 201);
    const auto again = fixture.post("[" + event_json("a") + "," + event_json("b") + "]");
    CHECK(again->status() == 200);
    CHECK(again->get().body == R"({"results":[)" + result_json("a", 1, fixture.cursor_at(1), true) +
                                   "," + result_json("b", 2, fixture.cursor_at(2), true) + "]}");
}

TEST_CASE("Other content under a known id is 409 with its index, and nothing is written",
          "[rest]") {
    EventsFixture fixture;
    fixture.post(event_json("a", R"(,"data":{"n":1})"));
    const auto refused =
        fixture.post("[" + event_json("b") + "," + event_json("a", R"(,"data":{"n":2})") + "]");
    CHECK(refused->problem(409) == "event-id-reused");
    CHECK(refused->details().find("index")->integer() == 1);
    CHECK(refused->text() == "event 1: another event of its site and user has this id");
    CHECK(fixture.show("b")->status() == 404);
    CHECK(fixture.post(event_json("b"))->member("results").at(0).find("pos")->integer() == 2);
    const auto twice = fixture.post("[" + event_json("c") + "," + event_json("c") + "," +
                                    event_json("c", R"(,"path":"x")") + "]");
    CHECK(twice->problem(409) == "event-id-reused");
    CHECK(twice->details().find("index")->integer() == 2);
    CHECK(fixture.show("c")->status() == 404);
}

TEST_CASE("A repeat is a duplicate although it was received later", "[rest]") {
    EventsFixture fixture;
    fixture.post(event_json("a"));
    fixture.clock.advance_us(60'000'000);
    CHECK(fixture.post(event_json("a"))->status() == 200);
}

TEST_CASE("Nobody is told of an event that he may not see, nor loses his own to it", "[rest]") {
    EventsFixture fixture;
    const auto place = [](const Answer& answer) {
        const auto result = answer.member("results").at(0);
        return std::to_string(answer.status()) + " at " +
               std::to_string(result.find("pos")->integer());
    };
    const std::string own = R"(,"site_id":"s1","user_id":"u1")";
    CHECK(place(*fixture.post(event_json("a", R"(,"site_id":"s1","user_id":"u2")"))) == "201 at 1");
    CHECK(place(*fixture.post(event_json("a", own), "", "reader")) == "201 at 2");
    CHECK(place(*fixture.post(event_json("a", own), "", "reader")) == "200 at 2");
    CHECK(place(*fixture.post(event_json("a", R"(,"site_id":"s3")"))) == "201 at 3");
    // Each finds the newest of those that he may see.
    CHECK(fixture.show("a", "reader")->member("pos").integer() == 2);
    CHECK(fixture.show("a", "super")->member("pos").integer() == 3);
    CHECK(fixture.show("a", "blind")->status() == 404);
}

TEST_CASE("An Idempotency-Key is its writer's", "[rest]") {
    EventsFixture fixture;
    fixture.verifier.principals["super"].subject = "another";
    const std::string body = R"({"stream":"entries","type":"x","site_id":"s1","user_id":"u1"})";
    const auto first = fixture.post(body, "k");
    const auto other = fixture.post(body, "k", "reader");
    CHECK(first->status() == 201);
    CHECK(other->status() == 201);
    CHECK(other->member("results").at(0).find("pos")->integer() == 2);
    CHECK(fixture.post(event_json("b", R"(,"site_id":"s1","user_id":"u1")"), "k", "reader")
              ->problem(422) == "idempotency-key-reused");
    CHECK(fixture.post(body, "k")->get().body == first->get().body);
}

TEST_CASE("POST makes an id for an event without one", "[rest]") {
    EventsFixture fixture;
    const auto answer = fixture.post(R"({"stream":"entries","type":"x"})");
    const auto id = answer->member("results").at(0).find("id")->string();
    REQUIRE(id.size() == 36);
    CHECK(id[14] == '7');
    CHECK(fixture.show(id)->status() == 200);
}

TEST_CASE("A replayed Idempotency-Key answers 200 with the first results", "[rest]") {
    EventsFixture fixture;
    const auto body = std::string(R"([{"stream":"entries","type":"x"}])");
    const auto first = fixture.post(body, "\"k1\"");
    CHECK(first->status() == 201);
    CHECK(fixture.service.last_append().idempotency_key == "k1");
    const auto digest = sha256(body);
    CHECK(fixture.service.last_append().request_fingerprint ==
          base64url_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}));

    const auto replay = fixture.post(body, "k1");
    CHECK(replay->status() == 200);
    CHECK(replay->get().body == first->get().body);
    CHECK(fixture.post(event_json("b"), "k1")->problem(422) == "idempotency-key-reused");
    CHECK(fixture.post(event_json("b"), "k2")->member("results").at(0).find("pos")->integer() == 2);
    CHECK(fixture.post(event_json("c"), "not visible")->problem(400) == "bad-parameter");
}

TEST_CASE("Without Idempotency-Key no fingerprint is made", "[rest]") {
    EventsFixture fixture;
    fixture.post(event_json("a"));
    CHECK(fixture.service.last_append().idempotency_key.empty());
    CHECK(fixture.service.last_append().request_fingerprint.empty());
}

TEST_CASE("POST wants application/json, whatever its parameters and case", "[rest]") {
    EventsFixture fixture;
    const auto status_of = [&](const char* type) {
        auto request = make_post(event_json("a"));
        request.headers = {{"content-type", type}};
        return fixture.send_and_pump(fixture.handler, std::move(request))->status();
    };
    for (const auto* const good : {"application/json", "application/json; charset=utf-8",
                                   "Application/JSON", "application/json ;charset=UTF-8"}) {
        CAPTURE(good);
        CHECK(status_of(good) < 300);
    }
    for (const auto* const bad : {"", "text/plain", "application/jsonx", "application/problem+json",
                                  ";", "application/x-www-form-urlencoded"}) {
        CAPTURE(bad);
        CHECK(status_of(bad) == 415);
    }
    auto request = make_post(event_json("a"));
    request.headers.clear();
    CHECK(fixture.send_and_pump(fixture.handler, request)->problem(415) ==
          "unsupported-media-type");
    request = make_post(event_json("a"));
    request.headers.emplace_back("content-encoding", "identity");
    CHECK(fixture.send_and_pump(fixture.handler, request)->status() == 200);
    request.headers.back().second = "gzip";
    CHECK(fixture.send_and_pump(fixture.handler, request)->problem(415) ==
          "unsupported-media-type");
}

TEST_CASE("What is not JSON is 400, what is not an event 422 with its place", "[rest]") {
    EventsFixture fixture;
    for (const auto* const bad : {"", "{", "[1,", "nonsense", "{}x"}) {
        CAPTURE(bad);
        const auto answer = fixture.post(bad);
        CHECK((answer->status() == 400 || answer->status() == 422));
    }
    CHECK(fixture.post("{")->problem(400) == "bad-json");

    const auto wrong = fixture.post("[" + event_json("a") + R"(,{"stream":7}])");
    CHECK(wrong->problem(422) == "bad-event");
    CHECK(wrong->details().find("index")->integer() == 1);
    CHECK(wrong->details().find("field")->string() == "stream");
    CHECK(wrong->details().find("expected")->string().find("1 to 64") != std::string::npos);
    CHECK(wrong->details().find("found")->string() == "number");
    CHECK(wrong->text().find("event 1, field 'stream': expected a string") == 0);

    CHECK(fixture.post("[]")->problem(422) == "bad-event");
    CHECK(fixture.service.last_append().events.empty());
}

TEST_CASE("POST takes 1000 events and refuses 1001", "[rest]") {
    EventsFixture fixture;
    std::string body = "[" + event_json("x0");
    for (int i = 1; i < 1000; ++i) {
        body += "," + event_json("x" + std::to_string(i));
    }
    const auto most = fixture.post(body + "]");
    CHECK(most->status() == 201);
    CHECK(most->member("results").size() == 1000);
    CHECK(fixture.post(body + "," + event_json("x1000") + "]")->problem(422) == "bad-event");
}

TEST_CASE("POST refuses callers without token, scope or role before it writes", "[rest]") {
    EventsFixture fixture;
    CHECK(fixture.post(event_json("a"), "", "")->problem(401) == "unauthorized");
    CHECK(fixture.post(event_json("a"), "", "forged")->problem(401) == "unauthorized");
    CHECK(fixture.post(event_json("a"), "", "salto")->problem(403) == "forbidden");
    CHECK(fixture.post(event_json("a"), "", "reader")->problem(403) == "forbidden");
    const auto others = event_json("a", R"(,"site_id":"s1","user_id":"u2")");
    const auto own = event_json("a", R"(,"site_id":"s1","user_id":"u1")");
    const auto refused = fixture.post("[" + own + "," + others + "]", "", "reader");
    CHECK(refused->problem(403) == "forbidden");
    CHECK(refused->details().find("index")->integer() == 1);
    CHECK(refused->details().find("site_id")->string() == "s1");
    CHECK(fixture.service.last_append().events.empty());
    CHECK(fixture.post(own, "", "reader")->status() == 201);
}

TEST_CASE("A full append queue and a store that fails are 503 with Retry-After", "[rest]") {
    EventsFixture fixture;
    fixture.service.set_appends(storage::FakeLogService::Appends::refused);
    const auto full = fixture.post(event_json("a"));
    CHECK(full->problem(503) == "overloaded");
    CHECK(full->header("Retry-After") == "1");

    fixture.service.set_appends(storage::FakeLogService::Appends::taken);
    for (const auto code : {storage::StoreErrc::unavailable, storage::StoreErrc::corrupt,
                            storage::StoreErrc::failed}) {
        fixture.store.fail_appends(1, code);
        const auto failed = fixture.post(event_json("a"));
        CHECK(failed->problem(503) == "unavailable");
        CHECK(failed->header("Retry-After") == "2");
        CHECK(failed->get().body.find("the test said so") == std::string::npos);
    }
    CHECK(fixture.post(event_json("a"))->status() == 201);
}

TEST_CASE("GET shows an event as every channel does", "[rest]") {
    EventsFixture fixture;
    fixture.fill(2);
    auto reader = fixture.store.open_reader();
    const auto stored = (*reader)->at("t", 2);
    std::string expected;
    protocol::append_event_json(expected, **stored, fixture.cursor_at(2));
    const auto answer = fixture.show("e2");
    CHECK(answer->status() == 200);
    CHECK(answer->get().body == expected);
    auto head = make_get("/api/v1/events/e2");
    head.method = "HEAD";
    CHECK(fixture.send_and_pump(fixture.handler, head)->status() == 200);
}

TEST_CASE("GET hides what does not exist and what the token may not see alike", "[rest]") {
    EventsFixture fixture;
    fixture.fill(1, "s1", "u1");
    fixture.fill(1, "s1", "u2");
    fixture.fill(1, "s2", "u2");
    fixture.fill(1, "", "u1");
    const auto missing = fixture.show("nothing", "reader");
    CHECK(missing->problem(404) == "not-found");
    CHECK(fixture.show("e1", "reader")->status() == 200);
    CHECK(fixture.show("e3", "reader")->status() == 200);
    CHECK(fixture.show("e2", "reader")->get().body == missing->get().body);
    CHECK(fixture.show("e4", "reader")->get().body == missing->get().body);
    CHECK(fixture.show("e1", "blind")->get().body == missing->get().body);
    CHECK(fixture.show("e1", "other")->get().body == missing->get().body);
    CHECK(fixture.show("e4", "super")->status() == 200);
    CHECK(fixture.show("e1", "")->problem(401) == "unauthorized");
    CHECK(fixture.show("e1", "writer")->problem(403) == "forbidden");
}

TEST_CASE("GET does not look up what cannot be an id", "[rest]") {
    EventsFixture fixture;
    const std::string most(128, 'x');
    fixture.post(event_json(most));
    CHECK(fixture.show(most)->status() == 200);
    for (const auto& bad : {std::string(), most + "x", std::string("a/b"), std::string("a b"),
                            std::string("\xff"), std::string("a\0", 2)}) {
        const auto answer = fixture.send(fixture.handler, make_get("/api/v1/events/" + bad));
        CHECK(answer->problem(404) == "not-found");
    }
    CHECK(fixture.service.waiting() == 0);
}

TEST_CASE("GET answers 410 for an event below the floor or before a reset", "[rest]") {
    EventsFixture fixture;
    fixture.fill(3, "s1", "u1");
    fixture.set_floor(3);
    CHECK(fixture.show("e2")->problem(410) == "event-expired");
    CHECK(fixture.show("e3")->status() == 200);
    CHECK(fixture.show("e2", "blind")->problem(404) == "not-found");
    fixture.reset_log();
    CHECK(fixture.show("e3")->problem(410) == "event-expired");
}

// Goal: a reset between the two looks at the log must not show an event with the new epoch.
TEST_CASE("GET notices a reset between finding the event and reading the head", "[rest]") {
    EventsFixture fixture;
    fixture.fill(1);
    const auto answer = fixture.send(fixture.handler, make_get("/api/v1/events/e1"));
    REQUIRE(fixture.service.run_one());  // found
    fixture.reset_log();
    fixture.pump();
    CHECK(answer->problem(410) == "event-expired");
}

TEST_CASE("GET answers 503 when the store fails at either look", "[rest]") {
    EventsFixture fixture;
    fixture.fill(1);
    fixture.store.fail_reads(1);
    CHECK(fixture.show("e1")->problem(503) == "unavailable");
    const auto answer = fixture.send(fixture.handler, make_get("/api/v1/events/e1"));
    fixture.service.run_one();
    fixture.store.fail_reads(1);
    fixture.pump();
    CHECK(answer->problem(503) == "unavailable");
    CHECK(answer->header("Retry-After") == "2");
}

TEST_CASE("Answers come on the loop, and one that nobody waits for does no harm", "[rest]") {
    EventsFixture fixture;
    const auto answer = fixture.send(fixture.handler, make_post(event_json("a")));
    fixture.service.run();
    CHECK_FALSE(answer->ready());
    fixture.loop.run();
    CHECK(answer->status() == 201);

    // The session drops answers whose connection has gone, by a flag that the reply keeps alive.
    const auto alive = std::make_shared<bool>(false);
    fixture.handler.handle(make_post(event_json("b")),
                           [alive](transport::HttpResponse) { CHECK_FALSE(*alive); });
    CHECK(alive.use_count() > 1);
    fixture.pump();
    CHECK(alive.use_count() == 1);

    // A loop that has stopped drops them too.
    const auto lost = fixture.send(fixture.handler, make_post(event_json("c")));
    fixture.loop.stop();
    fixture.service.run();
    CHECK_FALSE(lost->ready());
}

}  // namespace hubtrail::rest
