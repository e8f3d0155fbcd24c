#include "clients/cpp-sync/event_poster.h"

#include <set>

#include "tests/unit/cpp_sync/fakes.h"

namespace hubtrail::sync {
namespace {

OutEvent event(int number, std::size_t padding = 0) {
    const auto id = "e" + std::to_string(number);
    return {id, "{\"id\":\"" + id + "\",\"data\":{\"p\":\"" + std::string(padding, 'x') + "\"}}"};
}

std::vector<std::string> ids_of(const std::string& body) {
    std::vector<std::string> ids;
    const auto elements = protocol::array_elements(body).value();
    for (const auto element : elements) {
        ids.push_back(protocol::find_string(element, "id").value());
    }
    return ids;
}

/// A poster on a scripted server.
struct Bench {
    explicit Bench(PosterOptions options = {}, BatchJournal* journal = nullptr)
        : sender(http, pause, random, [this](const std::string& text) { said.push_back(text); }),
          poster(sender, journal, random, clock, stop, options) {
        http.acknowledge_rest = true;
    }

    void submit(int from, int to) {
        for (int i = from; i <= to; ++i) {
            REQUIRE(poster.try_submit(event(i)) == EventPoster::Submitted::accepted);
        }
    }
    std::vector<std::string> received() const {
        std::vector<std::string> all;
        for (const auto& request : http.seen) {
            const auto ids = ids_of(request.body);
            all.insert(all.end(), ids.begin(), ids.end());
        }
        return all;
    }

    FakeHttp http;
    FakePause pause;
    SeededRandom random{7};
    FakeClock clock;
    StopSignal stop;
    std::vector<std::string> said;
    BatchSender sender;
    EventPoster poster;
};

class FakeJournal final : public BatchJournal {
public:
    Result<void, SyncError> before_send(const Batch& batch) override {
        log.push_back("before " + std::to_string(batch.events.size()));
        if (fails) {
            return Failure{SyncError{SyncErrc::file, "disk full"}};
        }
        return {};
    }
    Result<void, SyncError> acknowledged(const Batch& batch) override {
        log.push_back("after " + std::to_string(batch.events.size()));
        return {};
    }
    std::vector<std::string> log;
    bool fails = false;
};

}  // namespace

TEST_CASE("A batch holds at most 500 events and events keep their order", "[sync]") {
    Bench bench;
    bench.submit(1, 1001);
    bench.poster.start();
    REQUIRE(bench.poster.finish());
    REQUIRE(bench.http.seen.size() == 3);
    CHECK(ids_of(bench.http.seen[0].body).size() == kBatchEventsMax);
    CHECK(ids_of(bench.http.seen[1].body).size() == kBatchEventsMax);
    CHECK(ids_of(bench.http.seen[2].body).size() == 1);
    const auto all = bench.received();
    for (std::size_t i = 0; i < all.size(); ++i) {
        REQUIRE(all[i] == "e" + std::to_string(i + 1));
    }
    CHECK(bench.poster.sent() == 1001);
    CHECK(bench.poster.pending() == 0);
    CHECK(bench.http.most_at_once == 1);
    CHECK(bench.http.seen[0].target == "/api/v1/events");
}

TEST_CASE("A batch is cut before it exceeds its bytes, and one larger event goes alone", "[sync]") {
    PosterOptions options;
    const auto size = event(1, 100).json.size() + 1;
    options.batch_bytes_max = 2 * size;
    Bench bench(options);
    for (int i = 1; i <= 3; ++i) {
        REQUIRE(bench.poster.try_submit(event(i, 100)) == EventPoster::Submitted::accepted);
    }
    REQUIRE(bench.poster.try_submit(event(4, 1000)) == EventPoster::Submitted::accepted);
    bench.poster.start();
    REQUIRE(bench.poster.finish());
    REQUIRE(bench.http.seen.size() == 3);
    CHECK(ids_of(bench.http.seen[0].body) == std::vector<std::string>{"e1", "e2"});
    CHECK(ids_of(bench.http.seen[1].body) == std::vector<std::string>{"e3"});
    CHECK(ids_of(bench.http.seen[2].body) == std::vector<std::string>{"e4"});
}

TEST_CASE("The queue takes exactly its limit of events", "[sync]") {
    PosterOptions options;
    options.queue_events_max = 3;
    Bench bench(options);
    bench.submit(1, 3);
    CHECK(bench.poster.try_submit(event(4)) == EventPoster::Submitted::full);
    CHECK(bench.poster.pending() == 3);
    bench.poster.start();
    CHECK(bench.poster.submit(event(4)) == EventPoster::Submitted::accepted);
    REQUIRE(bench.poster.finish());
    CHECK(bench.received() == std::vector<std::string>{"e1", "e2", "e3", "e4"});
}

TEST_CASE("The queue takes exactly its limit of bytes", "[sync]") {
    PosterOptions options;
    options.queue_bytes_max = 2 * event(1).json.size();
    Bench bench(options);
    bench.submit(1, 2);
    CHECK(bench.poster.try_submit(event(3)) == EventPoster::Submitted::full);

    PosterOptions one_less = options;
    one_less.queue_bytes_max -= 1;
    Bench other(one_less);
    other.submit(1, 1);
    CHECK(other.poster.try_submit(event(2)) == EventPoster::Submitted::full);
}

TEST_CASE("A retried batch keeps its key, its body and its place", "[sync]") {
    Bench bench;
    bench.http.add(refused_connection());
    bench.http.add(HttpReply{503, {}, ""});
    bench.http.add(HttpReply{429, {}, ""});
    bench.http.add(HttpReply{408, {}, ""});
    bench.http.add(HttpReply{200, {}, "ACK"});  // the first attempt had arrived after all
    bench.submit(1, 501);
    bench.poster.start();
    REQUIRE(bench.poster.finish());
    REQUIRE(bench.http.seen.size() == 6);
    for (std::size_t i = 1; i < 5; ++i) {
        CHECK(bench.http.seen[i].key == bench.http.seen[0].key);
        CHECK(bench.http.seen[i].body == bench.http.seen[0].body);
    }
    CHECK_FALSE(bench.http.seen[0].key.empty());
    CHECK(bench.http.seen[5].key != bench.http.seen[0].key);
    CHECK(ids_of(bench.http.seen[5].body) == std::vector<std::string>{"e501"});
    CHECK(bench.pause.waits.size() == 4);
    REQUIRE(bench.said.size() == 2);
    CHECK(bench.said[0].find("connection refused") != std::string::npos);
    CHECK(bench.said[1] == "the server answers again");
}

TEST_CASE("Retry-After stretches the wait", "[sync]") {
    Bench bench;
    bench.http.add(HttpReply{503, {{"Retry-After", "3"}}, ""});
    bench.http.add(HttpReply{201, {}, "ACK"});
    bench.submit(1, 1);
    bench.poster.start();
    REQUIRE(bench.poster.finish());
    CHECK(bench.pause.waits == std::vector<std::int64_t>{3000});
}

TEST_CASE("A success that does not name the events is asked for again", "[sync]") {
    Bench bench;
    bench.http.add(HttpReply{200, {}, "<html>welcome</html>"});
    bench.http.add(HttpReply{201, {}, R"({"results":[{"id":"e1"},{"id":"other"}]})"});
    bench.http.add(HttpReply{201, {}, R"({"results":[{"id":"e1"}]})"});
    bench.http.add(HttpReply{201, {}, "ACK"});
    bench.submit(1, 2);
    bench.poster.start();
    REQUIRE(bench.poster.finish());
    CHECK(bench.http.seen.size() == 4);
    CHECK(bench.poster.sent() == 2);
}

TEST_CASE("A refused batch stops the poster and shows the event", "[sync]") {
    Bench bench;
    bench.http.add(HttpReply{
        422,
        {},
        R"({"code":"bad-event","detail":"no","error":{"details":{"index":1,"field":"type"}}})"});
    bench.submit(1, 2);
    bench.poster.start();
    const auto done = bench.poster.finish();
    REQUIRE_FALSE(done);
    CHECK(done.error().code == SyncErrc::refused);
    CHECK(done.error().text.find("bad-event: no (index 1, field type)") != std::string::npos);
    CHECK(done.error().text.find("\"id\":\"e2\"") != std::string::npos);
    CHECK(bench.poster.try_submit(event(3)) == EventPoster::Submitted::ended);
    CHECK(bench.poster.pending() == 2);
    CHECK(bench.http.seen.size() == 1);
}

TEST_CASE("After a stop a failing batch gets a few attempts more, and no others", "[sync]") {
    for (const bool server_returns : {true, false}) {
        Bench bench;
        bench.pause.stop_at_wait = 2;
        const int failures = 1 + kAttemptsAfterStop + (server_returns ? 0 : 1);
        for (int i = 0; i < failures; ++i) {
            bench.http.add(refused_connection());
        }
        bench.submit(1, 1);
        bench.poster.start();
        const auto done = bench.poster.finish();
        CHECK(static_cast<bool>(done) == server_returns);
        CHECK(bench.http.seen.size() == 2 + kAttemptsAfterStop);
        CHECK(bench.poster.pending() == (server_returns ? 0U : 1U));
        CHECK(bench.pause.waits_after_stop ==
              std::vector<std::int64_t>(kAttemptsAfterStop - 1, kWaitAfterStopMs));
        if (!done) {
            CHECK(done.error().code == SyncErrc::stopped);
        }
    }
}

TEST_CASE("A producer that waits for room is let go by a stop", "[sync]") {
    PosterOptions options;
    options.queue_events_max = 1;
    Bench bench(options);
    bench.submit(1, 1);
    bench.stop.request();
    CHECK(bench.poster.submit(event(2)) == EventPoster::Submitted::ended);
}

TEST_CASE("A producer that has to be heard waits for room after a stop too", "[sync]") {
    PosterOptions options;
    options.queue_events_max = 1;
    options.linger_ms = 0;
    Bench bench(options);
    bench.http.hold();
    bench.poster.start();
    bench.submit(1, 1);
    bench.http.wait_for_request();
    bench.submit(2, 2);
    bench.stop.request();
    CHECK(bench.poster.submit(event(3)) == EventPoster::Submitted::ended);
    std::thread producer([&] {
        CHECK(bench.poster.submit(event(3), EventPoster::AtStop::wait) ==
              EventPoster::Submitted::accepted);
    });
    bench.http.release();
    producer.join();
    REQUIRE(bench.poster.finish());
    CHECK(bench.received() == std::vector<std::string>{"e1", "e2", "e3"});
}

TEST_CASE("A producer that has to be heard is let go when the poster gives up", "[sync]") {
    PosterOptions options;
    options.queue_events_max = 1;
    Bench bench(options);
    bench.pause.stop_at_wait = 1;
    for (int i = 0; i < 2 + kAttemptsAfterStop; ++i) {
        bench.http.add(refused_connection());
    }
    bench.submit(1, 1);
    bench.stop.request();
    bench.poster.start();
    // One may find the room that the batch on its way has left, the other cannot.
    static_cast<void>(bench.poster.submit(event(2), EventPoster::AtStop::wait));
    CHECK(bench.poster.submit(event(3), EventPoster::AtStop::wait) ==
          EventPoster::Submitted::ended);
    CHECK_FALSE(bench.poster.finish());
}

TEST_CASE("A producer waits for room while a batch is on its way", "[sync]") {
    PosterOptions options;
    options.queue_events_max = 1;
    options.linger_ms = 0;
    Bench bench(options);
    bench.http.hold();
    bench.poster.start();
    bench.submit(1, 1);
    bench.http.wait_for_request();
    bench.submit(2, 2);
    CHECK(bench.poster.try_submit(event(3)) == EventPoster::Submitted::full);
    std::thread producer(
        [&] { CHECK(bench.poster.submit(event(3)) == EventPoster::Submitted::accepted); });
    bench.http.release();
    producer.join();
    REQUIRE(bench.poster.finish());
    CHECK(bench.received() == std::vector<std::string>{"e1", "e2", "e3"});
    CHECK(bench.http.most_at_once == 1);
}

TEST_CASE("The journal hears of a batch before it is sent and after it is in", "[sync]") {
    FakeJournal journal;
    Bench bench({}, &journal);
    bench.http.add(refused_connection());
    bench.submit(1, 2);
    bench.poster.start();
    REQUIRE(bench.poster.finish());
    CHECK(journal.log == std::vector<std::string>{"before 2", "after 2"});
    CHECK(bench.http.seen.size() == 2);
}

TEST_CASE("Nothing is sent that the journal could not keep", "[sync]") {
    FakeJournal journal;
    journal.fails = true;
    Bench bench({}, &journal);
    bench.submit(1, 1);
    bench.poster.start();
    const auto done = bench.poster.finish();
    REQUIRE_FALSE(done);
    CHECK(done.error().text == "disk full");
    CHECK(bench.http.seen.empty());
}

TEST_CASE("A batch of an earlier run goes first under its old key", "[sync]") {
    Bench bench;
    bench.poster.resume({"old-key", {event(90), event(91)}});
    bench.submit(1, 1);
    bench.poster.start();
    REQUIRE(bench.poster.finish());
    REQUIRE(bench.http.seen.size() == 2);
    CHECK(bench.http.seen[0].key == "old-key");
    CHECK(bench.received() == std::vector<std::string>{"e90", "e91", "e1"});
}

TEST_CASE("Keys of different batches differ", "[sync]") {
    PosterOptions options;
    options.batch_events_max = 1;
    Bench bench(options);
    bench.submit(1, 20);
    bench.poster.start();
    REQUIRE(bench.poster.finish());
    std::set<std::string> keys;
    for (const auto& request : bench.http.seen) {
        keys.insert(request.key);
    }
    CHECK(keys.size() == 20);
}

}  // namespace hubtrail::sync
