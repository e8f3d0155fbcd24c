#include <algorithm>
#include <limits>
#include <utility>

#include "rest/changes_poll.h"
#include "rest/sync_handler.h"
#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

struct PollFixture : RestFixture {
    std::shared_ptr<Answer> begin(Query query, const std::string& token = "super",
                                  const std::string& prefer = "") {
        auto request = make_get("/api/v1/sync/changes", std::move(query), token);
        if (!prefer.empty()) {
            request.headers.emplace_back("prefer", prefer);
        }
        return send(handler, std::move(request));
    }
    /// A request that has come to rest at the head.
    std::shared_ptr<Answer> wait(const std::string& token = "super") {
        auto answer = begin({{"wait", "10"}}, token);
        pump();
        REQUIRE_FALSE(answer->ready());
        return answer;
    }
    /// Advances the time, the log service included.
    void advance_s(std::int64_t seconds) {
        loop.advance(seconds * kSecond);
        pump();
    }

    SyncHandler handler{context};
};

std::string shape(const Answer& answer) {
    INFO(answer.get().body);
    REQUIRE(answer.status() == 200);
    const auto body = answer.json();
    return std::to_string(body.find("changes")->size()) + " of " +
           std::to_string(body.find("from")->integer()) + ".." +
           std::to_string(body.find("to")->integer());
}

}  // namespace

TEST_CASE("A poll at the head is woken by a commit", "[rest]") {
    PollFixture fixture;
    fixture.fill(3);
    const auto answer = fixture.wait();
    CHECK(fixture.handler.waits() == 1);
    fixture.fill(2);
    fixture.pump();
    CHECK(shape(*answer) == "2 of 4..5");
    CHECK(answer->member("cursor").string() == fixture.cursor_at(5));
    CHECK(fixture.handler.waits() == 0);
    CHECK(fixture.loop.timers() == 0);
    CHECK(fixture.tails.followers() == 0);
}

TEST_CASE("A poll answers at once when there is something to show or no wish to wait", "[rest]") {
    PollFixture fixture;
    fixture.fill(1);
    const auto full = fixture.begin({{"since", "earliest"}, {"wait", "10"}});
    const auto impatient = fixture.begin({{"wait", "0"}});
    fixture.pump();
    CHECK(shape(*full) == "1 of 1..1");
    CHECK(shape(*impatient) == "0 of 2..1");
    CHECK(fixture.handler.waits() == 0);
    CHECK(fixture.loop.timers() == 0);
}

TEST_CASE("A poll that nothing wakes answers 200, empty, with the cursor where it stands",
          "[rest]") {
    PollFixture fixture;
    fixture.fill(3);
    const auto answer = fixture.wait();
    fixture.advance_s(8);
    CHECK_FALSE(answer->ready());
    fixture.advance_s(2);
    CHECK(shape(*answer) == "0 of 4..3");
    CHECK(answer->member("cursor").string() == fixture.cursor_at(3));
    CHECK_FALSE(answer->member("has_more").boolean());
    CHECK(fixture.tails.followers() == 0);
}

TEST_CASE("Deadlines are spread over the last tenth of the wait, never beyond it", "[rest]") {
    PollFixture fixture;
    std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
    std::int64_t latest = 0;
    for (int i = 0; i < 200; ++i) {
        const auto began_ns = fixture.loop.now_ns();
        const auto answer = fixture.begin({{"wait", "60"}});
        fixture.pump();
        const auto delay_ns = fixture.loop.next_timer_ns() - began_ns;
        earliest = std::min(earliest, delay_ns);
        latest = std::max(latest, delay_ns);
        fixture.advance_s(60);
        REQUIRE(answer->status() == 200);
    }
    CHECK(earliest >= 54 * kSecond);
    CHECK(earliest < 55 * kSecond);
    CHECK(latest > 59 * kSecond);
    CHECK(latest <= 60 * kSecond);
}

// Goal: no commit is missed, wherever it falls. Method: commit before each step of the request in
// turn.
TEST_CASE("A commit at any moment reaches the poll", "[rest]") {
    for (int commit_at = 0; commit_at <= 8; ++commit_at) {
        CAPTURE(commit_at);
        PollFixture fixture;
        fixture.fill(1);
        const auto answer = fixture.begin({{"cursor", fixture.cursor_at(1)}, {"wait", "10"}});
        for (int step = 0; step <= 8; ++step) {
            if (step == commit_at) {
                // The news come to the loop behind what the store has answered; a test below lets
                // them overtake it.
                fixture.fill(1);
            }
            if (step % 2 == 0) {
                fixture.service.run_one();
            } else {
                fixture.loop.run_turn();
            }
        }
        fixture.pump();
        CHECK(shape(*answer) == "1 of 2..2");
        CHECK(fixture.handler.waits() == 0);
        CHECK(fixture.loop.timers() == 0);
    }
}

TEST_CASE("A commit that lands between the read and its answer is not missed", "[rest]") {
    PollFixture fixture;
    const auto answer = fixture.begin({{"wait", "10"}});
    fixture.service.run_one();  // the start
    fixture.loop.run();
    fixture.service.run_one();  // the read: nothing there, its answer is posted
    const auto reads = fixture.service.reads();
    fixture.fill(1);  // its news are posted behind the answer
    fixture.loop.run_turn();
    CHECK_FALSE(answer->ready());
    fixture.pump();
    CHECK(shape(*answer) == "1 of 1..1");
    CHECK(fixture.service.reads() == reads + 1);
}

TEST_CASE("News that overtake the answer of the read are not missed", "[rest]") {
    PollFixture fixture;
    const auto answer = fixture.begin({{"wait", "10"}});
    fixture.service.run_one();
    fixture.loop.run();
    // The store reads an empty page; its answer is on its way.
    fixture.service.run_one();
    // The loop hears of the commit first, when nobody follows yet.
    fixture.service.on_commit = [&](const auto& batch) { fixture.tails.on_commit(batch); };
    fixture.fill(1);
    fixture.loop.run();
    CHECK_FALSE(answer->ready());
    CHECK(fixture.service.waiting() == 1);  // it asks again at once and needs no other news
    fixture.pump();
    CHECK(shape(*answer) == "1 of 1..1");
}

TEST_CASE("Commits that the reader does not see move its cursor and leave it waiting", "[rest]") {
    PollFixture fixture;
    fixture.fill(1);
    const auto answer = fixture.wait("reader");
    const auto deadline_ns = fixture.loop.next_timer_ns();
    fixture.fill(2, "s9", "u9");
    fixture.pump();
    CHECK_FALSE(answer->ready());
    CHECK(fixture.loop.next_timer_ns() == deadline_ns);
    const auto reads = fixture.service.reads();
    // What it has read that far is no reason to look again.
    std::shared_ptr<const storage::CommittedBatch> known;
    fixture.service.on_commit = [&](const auto& batch) { known = batch; };
    fixture.fill(1, "s9", "u9");
    fixture.tails.on_commit(known);
    fixture.tails.on_commit(known);
    fixture.pump();
    CHECK(fixture.service.reads() == reads);
    fixture.service.on_commit = [&](const auto& batch) { fixture.tails.on_commit(batch); };

    SECTION("until the deadline") {
        fixture.advance_s(10);
        CHECK(shape(*answer) == "0 of 2..4");
        CHECK(answer->member("cursor").string() == fixture.cursor_at(4));
    }
    SECTION("until one that it sees") {
        fixture.fill(1, "s2", "u9");
        fixture.pump();
        CHECK(shape(*answer) == "1 of 2..5");
    }
}

TEST_CASE("Commits of another tenant wake nobody", "[rest]") {
    PollFixture fixture;
    fixture.fill(1);
    const auto answer = fixture.wait("other");
    const auto reads = fixture.service.reads();
    fixture.fill(1);
    fixture.pump();
    CHECK_FALSE(answer->ready());
    CHECK(fixture.service.reads() == reads);
}

TEST_CASE("A poll is woken from memory, without a read of the store", "[rest]") {
    PollFixture fixture;
    const auto answer = fixture.wait();
    const auto reads = fixture.service.reads();
    fixture.fill(1, "s9", "u9");
    fixture.loop.run();
    CHECK(shape(*answer) == "1 of 1..1");
    CHECK(fixture.service.reads() == reads);
}

TEST_CASE("A commit that was not told is read by the polls that wait, when the next one is",
          "[rest]") {
    PollFixture fixture;
    const auto answer = fixture.wait();
    const auto told = std::exchange(fixture.service.on_commit, nullptr);
    fixture.fill(1);
    fixture.service.on_commit = told;
    fixture.fill(1);
    fixture.loop.run();
    CHECK_FALSE(answer->ready());
    SECTION("in time") {
        fixture.pump();
        CHECK(shape(*answer) == "2 of 1..2");
    }
    SECTION("and the deadline, which comes first, leaves it to the next poll") {
        fixture.loop.advance(10 * kSecond);
        CHECK(shape(*answer) == "0 of 1..0");
        fixture.pump();
        CHECK(fixture.handler.waits() == 0);
        CHECK(fixture.tails.followers() == 0);
    }
}

TEST_CASE("Prefer: wait is answered by Preference-Applied", "[rest]") {
    PollFixture fixture;
    fixture.fill(1);
    const auto applied = [&](Query query, const char* prefer) {
        query.emplace_back("since", "earliest");
        const auto answer = fixture.begin(std::move(query), "super", prefer);
        fixture.pump();
        return answer->header("Preference-Applied");
    };
    CHECK(applied({}, "wait=10") == "wait=10");
    CHECK(applied({}, "wait=600") == "wait=60");
    CHECK(applied({{"wait", "5"}}, "wait=10") == "(none)");
    CHECK(applied({{"wait", "5"}}, "") == "(none)");
    CHECK(applied({}, "wait=soon") == "(none)");

    const auto waiting = fixture.begin({}, "super", "wait=10");
    fixture.pump();
    CHECK_FALSE(waiting->ready());
    fixture.advance_s(10);
    CHECK(waiting->header("Preference-Applied") == "wait=10");
}

TEST_CASE("A log that is reset or loses the place of a waiting poll answers 410", "[rest]") {
    PollFixture fixture;
    fixture.fill(3);
    const auto answer = fixture.wait();
    fixture.reset_log();
    fixture.pump();
    CHECK(answer->problem(410) == "log-reset");
    CHECK(fixture.handler.waits() == 0);
    CHECK(fixture.loop.timers() == 0);
    CHECK(fixture.tails.followers() == 0);
}

TEST_CASE("A floor that moves up to a waiting poll leaves it waiting", "[rest]") {
    PollFixture fixture;
    fixture.fill(3);
    const auto answer = fixture.wait();
    fixture.set_floor(4);
    fixture.pump();
    CHECK_FALSE(answer->ready());
    fixture.fill(1);
    fixture.pump();
    CHECK(shape(*answer) == "1 of 4..4");
}

TEST_CASE("A store that fails before a poll waits is 503 and leaves nothing behind", "[rest]") {
    PollFixture fixture;
    const auto answer = fixture.begin({{"wait", "10"}});
    fixture.service.run_one();
    fixture.loop.run();
    fixture.store.fail_reads(1);
    fixture.pump();
    CHECK(answer->problem(503) == "unavailable");
    CHECK(fixture.handler.waits() == 0);
    CHECK(fixture.loop.timers() == 0);
    CHECK(fixture.tails.followers() == 0);
}

TEST_CASE(
    "A store that fails while a poll waits is asked again, and fails it if that will not pass",
    "[rest]") {
    PollFixture fixture;
    const auto answer = fixture.wait();
    const auto told = std::exchange(fixture.service.on_commit, nullptr);
    fixture.fill(1);
    fixture.service.on_commit = told;
    fixture.fill(1);
    SECTION("for a while") {
        fixture.store.fail_reads(1);
        fixture.pump();
        CHECK_FALSE(answer->ready());
        fixture.advance_s(1);
        CHECK(shape(*answer) == "2 of 1..2");
    }
    SECTION("for good") {
        fixture.store.fail_reads(1, storage::StoreErrc::corrupt);
        fixture.pump();
        CHECK(answer->problem(500) == "log-failed");
    }
    CHECK(fixture.handler.waits() == 0);
    CHECK(fixture.loop.timers() == 0);
    CHECK(fixture.tails.followers() == 0);
}

TEST_CASE("10,000 polls may wait, one more is 503 unless it has something to read", "[rest]") {
    PollFixture fixture;
    fixture.fill(1);
    std::vector<std::shared_ptr<Answer>> answers;
    for (std::size_t i = 0; i < kPollsMax; ++i) {
        answers.push_back(fixture.begin({{"wait", "60"}}));
    }
    fixture.pump();
    CHECK(fixture.handler.waits() == 10'000);
    CHECK_FALSE(answers.back()->ready());

    const auto refused = fixture.begin({{"wait", "60"}});
    const auto reading = fixture.begin({{"since", "earliest"}, {"wait", "60"}});
    fixture.pump();
    CHECK(refused->problem(503) == "overloaded");
    CHECK(refused->header("Retry-After") == "1");
    CHECK(shape(*reading) == "1 of 1..1");

    // One commit wakes all of them; they are answered in turns, and without a read each.
    const auto reads = fixture.service.reads();
    fixture.fill(1);
    fixture.loop.run_turn();
    CHECK(fixture.handler.waits() == kPollsMax - kPollReadsMax);
    fixture.pump();
    CHECK(fixture.service.reads() == reads);
    for (const auto& answer : answers) {
        REQUIRE(shape(*answer) == "1 of 2..2");
    }
    CHECK(fixture.handler.waits() == 0);
    CHECK(fixture.loop.timers() == 0);
}

TEST_CASE("finish_waits answers every waiting poll, also those in a read", "[rest]") {
    PollFixture fixture;
    const auto waiting = fixture.wait();
    const auto reading = fixture.begin({{"wait", "10"}});
    fixture.service.run_one();
    fixture.loop.run();
    CHECK(fixture.handler.waits() == 2);
    fixture.handler.finish_waits();
    CHECK(shape(*waiting) == "0 of 1..0");
    CHECK_FALSE(reading->ready());
    fixture.pump();
    CHECK(shape(*reading) == "0 of 1..0");
    CHECK(fixture.handler.waits() == 0);
    CHECK(fixture.loop.timers() == 0);
}

TEST_CASE("finish_waits answers polls whose turn to read has not come", "[rest]") {
    PollFixture fixture;
    std::vector<std::shared_ptr<Answer>> answers;
    for (std::size_t i = 0; i < kPollReadsMax + 5; ++i) {
        answers.push_back(fixture.begin({{"wait", "10"}}));
    }
    fixture.pump();
    fixture.fill(1);
    fixture.loop.run_turn();
    const auto answered = [&] {
        return std::count_if(answers.begin(), answers.end(),
                             [](const auto& answer) { return answer->ready(); });
    };
    CHECK(answered() == kPollReadsMax);
    fixture.handler.finish_waits();
    CHECK(answered() == kPollReadsMax + 5);
    fixture.pump();
    for (const auto& answer : answers) {
        REQUIRE(answer->status() == 200);
    }
    CHECK(fixture.service.waiting() == 0);
}

TEST_CASE("A poll whose peer has gone ends at its deadline and frees all it held", "[rest]") {
    PollFixture fixture;
    const auto gone = std::make_shared<int>(0);
    fixture.handler.handle(make_get("/api/v1/sync/changes", {{"wait", "10"}}),
                           [gone](transport::HttpResponse) { ++*gone; });
    fixture.pump();
    CHECK(gone.use_count() > 1);
    fixture.advance_s(10);
    CHECK(*gone == 1);
    CHECK(gone.use_count() == 1);
    CHECK(fixture.handler.waits() == 0);
}

}  // namespace hubtrail::rest
