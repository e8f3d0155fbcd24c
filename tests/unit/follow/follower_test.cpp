#include "follow/follower.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/follow/fake_sink.h"

namespace hubtrail::follow {
namespace {

using List = std::vector<std::int64_t>;
using Kind = FakeSink::Kind;

List up_to(std::int64_t last) {
    List list;
    for (std::int64_t pos = 1; pos <= last; ++pos) {
        list.push_back(pos);
    }
    return list;
}

protocol::EventFilter only(const std::string& site) {
    protocol::EventFilter filter;
    filter.any_site = false;
    filter.sites = {site};
    return filter;
}

}  // namespace

TEST_CASE("A follower from the beginning gets the past, then what comes", "[follow]") {
    const auto kind = GENERATE(Kind::sharing, Kind::alone);
    FollowedLog f;
    f.append_each(2);
    FakeSink sink(f, {"t", {}, 0}, kind);
    f.settle();
    CHECK(sink.positions == List{1, 2});
    CHECK(sink.live_told);
    CHECK(sink.live() == (kind == Kind::sharing));
    f.append_each(1);
    f.settle();
    CHECK(sink.positions == List{1, 2, 3});
}

TEST_CASE("A range accounts for what the filter hides", "[follow]") {
    FollowedLog f;
    f.append_each(3);
    FakeSink sink(f, {"t", only("b"), 0}, Kind::alone);
    f.settle();
    CHECK(sink.positions.empty());
    REQUIRE(sink.ranges.size() == 1);
    CHECK(sink.ranges[0].cursor.pos == 3);
    CHECK(sink.ranges[0].cursor.fingerprint != 0);
    f.append({f.event("a", "u"), f.event("b", "u")});
    f.settle();
    CHECK(sink.positions == List{5});
    REQUIRE(sink.ranges.size() == 2);
    CHECK(sink.ranges[1].from == 4);
    CHECK(sink.ranges[1].cursor.pos == 5);
    CHECK(sink.ranges[1].head == storage::LogHead{1, 1, 5});
}

TEST_CASE("A range has at most its events and bytes, and one event always", "[follow]") {
    const bool of_ring = GENERATE(false, true);
    FollowedLog f;
    std::unique_ptr<FakeSink> watcher;
    if (of_ring) {
        watcher = std::make_unique<FakeSink>(f, Following{"t", {}, 0});
        f.settle();
    }
    f.append({f.event("a", "u", 100), f.event("a", "u", 100), f.event("a", "u", 100),
              f.event("a", "u", 900), f.event("a", "u", 100)});
    f.settle();
    Following following{"t", {}, 0};
    List expected;
    SECTION("events") {
        following.events_max = 2;
        expected = {2, 4, 5};
    }
    SECTION("bytes") {
        following.bytes_max = 400;
        expected = {2, 3, 4, 5};
    }
    FakeSink sink(f, following, Kind::alone);
    f.settle();
    List ends;
    for (const auto& range : sink.ranges) {
        ends.push_back(range.cursor.pos);
    }
    CHECK(ends == expected);
    CHECK(sink.positions == up_to(5));
}

TEST_CASE("A page of catching up has at most its events", "[follow]") {
    FollowedLog f;
    f.append_each(static_cast<int>(kCatchUpEventsMax) + 1);
    FakeSink sink(f, {"t", {}, 0});
    f.settle();
    CHECK(sink.positions.size() == kCatchUpEventsMax + 1);
    CHECK(sink.ranges.size() == 2);
}

TEST_CASE("A page of catching up has at most its bytes", "[follow]") {
    FollowedLog f;
    const auto fit = kCatchUpBytesMax / 1024;
    for (std::size_t i = 0; i < fit + 1; ++i) {
        auto event = f.event("a", "u");
        event.body.insert(event.body.size() - 2, 1024 - event.body.size(), 'x');
        f.append({std::move(event)});
    }
    FakeSink sink(f, {"t", {}, 0});
    f.settle();
    REQUIRE(sink.ranges.size() == 2);
    CHECK(sink.ranges[0].cursor.pos == static_cast<std::int64_t>(fit));
}

TEST_CASE("A sink that takes no more costs nothing until it goes on", "[follow]") {
    FollowedLog f;
    FakeSink sink(f, {"t", {}, 0});
    f.settle();
    sink.let(2);
    f.append_each(3);
    while (f.tell_one()) {
    }
    f.settle();
    f.append_each(5000);
    f.settle();
    CHECK(sink.positions == List{1, 2, 3});
    CHECK_FALSE(sink.live());
    const auto reads = f.service.reads();
    sink.let(FakeSink::kUnlimited);
    f.settle();
    CHECK(sink.positions == up_to(5003));
    CHECK(sink.live());
    CHECK(f.service.reads() > reads);
}

TEST_CASE("A follower behind the floor is told what it lost", "[follow]") {
    FollowedLog f;
    f.append_each(10);
    REQUIRE(f.service.set_floor_now("t", 8));
    FakeSink sink(f, {"t", {}, 2});
    f.settle();
    REQUIRE(sink.lost);
    CHECK(sink.lost->reason == Loss::Reason::expired);
    CHECK(sink.lost->lost_at_least == 5);
    CHECK(sink.lost->head == storage::LogHead{1, 8, 10});
    CHECK(sink.positions.empty());
}

TEST_CASE("A reset ends every follower, live, waiting or behind", "[follow]") {
    FollowedLog f;
    FakeSink live(f, {"t", {}, 0});
    FakeSink alone(f, {"t", {}, 0}, Kind::alone);
    FakeSink slow(f, {"t", {}, 0});
    f.settle();
    slow.let(0);
    f.settle();
    f.append_each(3);
    f.settle();
    REQUIRE(f.service.reset_now("t"));
    f.settle();
    for (const auto* sink : {&live, &alone, &slow}) {
        REQUIRE(sink->lost);
        CHECK(sink->lost->reason == Loss::Reason::log_reset);
        CHECK(sink->lost->head == storage::LogHead{2, 4, 3});
    }
    CHECK(live.lost->lost_at_least == 0);
    CHECK(alone.lost->lost_at_least == 0);
    CHECK(slow.lost->lost_at_least == 3);
}

TEST_CASE("A follower that knows of a reset before its loop is told waits for the news",
          "[follow]") {
    FollowedLog f;
    FakeSink old(f, {"t", {}, 0});
    f.settle();
    f.append_each(2);
    f.settle();
    REQUIRE(f.service.reset_now("t"));
    FakeSink young(f, {"t", {}, 2, 2});
    f.append_each(1);
    SECTION("that come") {
        f.settle();
    }
    SECTION("that are lost") {
        f.untold.clear();
        f.settle();
    }
    CHECK_FALSE(young.lost);
    CHECK(young.positions == List{3});
    REQUIRE(old.lost);
    CHECK(old.lost->reason == Loss::Reason::log_reset);
}

TEST_CASE("A stopped follower is given nothing more", "[follow]") {
    FollowedLog f;
    FakeSink sink(f, {"t", {}, 0});
    f.settle();
    sink.stop();
    f.append_each(1);
    f.settle();
    CHECK(sink.positions.empty());
    CHECK(f.tails.followers() == 0);
}

TEST_CASE("Beats reach channels every 15 seconds", "[follow]") {
    FollowedLog f;
    FakeSink sink(f, {"t", {}, 0});
    f.settle();
    f.loop.advance(kBeatNs - 1);
    f.tails.tick(f.loop.now_ns());
    CHECK(sink.channel()->beats == 0);
    f.loop.advance(1);
    f.tails.tick(f.loop.now_ns());
    CHECK(sink.channel()->beats == 1);
}

TEST_CASE("Who starts at the head of a tenant that nobody follows costs it one question",
          "[follow]") {
    FollowedLog f;
    f.append_each(3);
    std::vector<std::unique_ptr<FakeSink>> sinks;
    for (int i = 0; i < 100; ++i) {
        sinks.push_back(std::make_unique<FakeSink>(f, Following{"t", {}, 3}));
    }
    f.settle();
    CHECK(f.service.reads() == 1);
    CHECK(sinks.back()->live());
}

// Tails end with their followers.

TEST_CASE("A question for the head leaves no tail behind", "[follow]") {
    FollowedLog f;
    f.append_each(3);
    std::int64_t head = 0;
    f.tails.resolve("t", protocol::LogStart{}, [&](const auto& start) { head = start->after_pos; });
    f.settle();
    f.tails.tick(f.loop.now_ns());
    CHECK(head == 3);
    CHECK(f.tails.tails() == 0);
}

TEST_CASE("A tail that nobody follows any more is let go, known or not", "[follow]") {
    FollowedLog f;
    {
        FakeSink sink(f, {"t", {}, 0});
        if (GENERATE(false, true)) {
            f.settle();
        }
        CHECK(f.tails.tails() == 1);
    }
    f.tails.tick(f.loop.now_ns());
    CHECK(f.tails.tails() == 0);
    f.settle();  // an answer that comes late finds nobody
    FakeSink again(f, {"t", {}, 0});
    f.append_each(1);
    f.settle();
    CHECK(again.positions == List{1});
}

TEST_CASE("Tails that die stop who follows", "[follow]") {
    FollowedLog f;
    auto tails = std::make_unique<Tails>(f.loop, f.service, f.codec);
    struct Idle final : Sink {
        Credit credit() override { return Credit::open; }
        void on_event(const protocol::LogEvent&) override {}
        void on_range(const Range&) override {}
        void on_live(const protocol::Cursor&) override {}
        void on_lost(const Loss&) override {}
        void on_failed(const storage::StoreError&) override {}
    } sink;
    const auto follower = std::make_shared<Follower>(*tails, sink, Following{"t", {}, 0});
    follower->start();
    tails.reset();
    follower->resume();
    follower->stop();
    f.settle();
}

// News may be lost, doubled or late.

TEST_CASE("A commit that was not told is read by those who were live", "[follow]") {
    FollowedLog f;
    FakeSink sharing(f, {"t", {}, 0});
    FakeSink alone(f, {"t", {}, 0}, Kind::alone);
    FakeSink filtered(f, {"t", only("b"), 0});
    f.settle();
    f.append_each(1);
    f.settle();
    f.append({f.event("b", "u"), f.event("a", "u")});
    f.untold.pop_back();
    f.append_each(2);
    f.settle();
    CHECK(sharing.positions == up_to(5));
    CHECK(alone.positions == up_to(5));
    CHECK(filtered.positions == List{2});
    CHECK(sharing.live());
    CHECK(filtered.live());
    CHECK(sharing.channel() != filtered.channel());
}

TEST_CASE("A commit that is told twice or late is given once", "[follow]") {
    const auto kind = GENERATE(Kind::sharing, Kind::alone);
    FollowedLog f;
    FakeSink sink(f, {"t", {}, 0}, kind);
    f.settle();
    f.append_each(3);
    SECTION("twice") {
        f.untold.push_back(f.untold[0]);
        f.untold.push_front(f.untold[1]);
        f.untold.push_front(f.untold[1]);
    }
    SECTION("backwards") {
        std::swap(f.untold[0], f.untold[2]);
    }
    SECTION("the first one last") {
        f.untold.push_back(f.untold[0]);
        f.untold.pop_front();
    }
    f.settle();
    CHECK(sink.positions == up_to(3));
    f.append_each(2);
    f.settle();
    CHECK(sink.positions == up_to(5));
}

TEST_CASE("A batch that overlaps what is known gives its rest", "[follow]") {
    FollowedLog f;
    FakeSink sink(f, {"t", {}, 0});
    f.settle();
    f.append_each(2);
    f.settle();
    f.append_each(1);
    f.untold.clear();
    auto batch = std::make_shared<storage::CommittedBatch>();
    batch->tenant = "t";
    auto reader = f.store.open_reader();
    for (std::int64_t pos = 2; pos <= 3; ++pos) {
        batch->events.push_back(**(*reader)->at("t", pos));
    }
    const auto reads = f.service.reads();
    f.tails.on_commit(batch);
    f.settle();
    CHECK(sink.positions == up_to(3));
    CHECK(f.service.reads() == reads);
}

TEST_CASE("A head that is further than was told sends everybody to the log", "[follow]") {
    FollowedLog f;
    FakeSink sharing(f, {"t", {}, 0});
    FakeSink alone(f, {"t", {}, 0}, Kind::alone);
    f.settle();
    f.append_each(3);
    f.untold.clear();
    f.tails.on_head("t", {1, 1, 3});
    f.settle();
    CHECK(sharing.positions == up_to(3));
    CHECK(alone.positions == up_to(3));
    CHECK(sharing.live());
}

// Reads fail, for a while or for good.

TEST_CASE("A log that cannot be read for a while is asked again, ever more slowly", "[follow]") {
    FollowedLog f;
    f.append_each(1);
    f.settle();  // told to nobody: the ring does not have it
    const bool page_fails = GENERATE(false, true);
    std::unique_ptr<FakeSink> sink;
    if (page_fails) {
        FakeSink watcher(f, {"t", {}, 1});
        f.settle();
        f.store.fail_reads(8);
        sink = std::make_unique<FakeSink>(f, Following{"t", {}, 0});
        f.settle();
    } else {
        f.store.fail_reads(8);
        sink = std::make_unique<FakeSink>(f, Following{"t", {}, 0});
        f.settle();
    }
    std::vector<std::int64_t> delays_ms;
    while (sink->positions.empty()) {
        REQUIRE(f.loop.timers() == 1);
        const auto delay_ns = f.loop.next_timer_ns() - f.loop.now_ns();
        delays_ms.push_back(delay_ns / 1'000'000);
        f.loop.advance(delay_ns);
        f.settle();
    }
    CHECK(delays_ms == std::vector<std::int64_t>{250, 500, 1000, 2000, 4000, 8000, 10000, 10000});
    CHECK(sink->positions == List{1});
}

TEST_CASE("News do not hurry a reader whose read has just failed", "[follow]") {
    FollowedLog f;
    f.append_each(1);
    f.settle();
    FakeSink watcher(f, {"t", {}, 1});
    f.settle();
    f.store.fail_reads(100);
    FakeSink sink(f, {"t", {}, 0});
    f.settle();
    const auto reads = f.service.reads();
    f.append_each(5);
    f.settle();
    CHECK(f.service.reads() == reads);
}

TEST_CASE("An error that does not pass reaches the sink, once", "[follow]") {
    const auto code = GENERATE(storage::StoreErrc::corrupt, storage::StoreErrc::failed);
    const bool head_fails = GENERATE(false, true);
    FollowedLog f;
    f.append_each(1);
    f.settle();
    std::unique_ptr<FakeSink> watcher;
    if (!head_fails) {
        watcher = std::make_unique<FakeSink>(f, Following{"t", {}, 1});
        f.settle();
    }
    f.store.fail_reads(1, code);
    FakeSink one(f, {"t", {}, 0});
    FakeSink two(f, {"t", {}, 0});
    f.settle();
    REQUIRE(one.failed);
    CHECK(one.failed->code == code);
    CHECK(two.failed.has_value() == head_fails);
    CHECK(f.loop.timers() == 0);
    if (watcher) {
        f.append_each(1);
        f.settle();
        CHECK_FALSE(watcher->failed);
        CHECK(watcher->positions == List{2});
    }
}

}  // namespace hubtrail::follow
