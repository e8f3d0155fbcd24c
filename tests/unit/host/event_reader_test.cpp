#include "host/log/event_reader.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/log_query.h"
#include "tests/support/catch.h"
#include "tests/unit/host/simulation.h"

namespace hubtrail::host {
namespace {

using Catch::Matchers::Contains;
using List = std::vector<std::int64_t>;
using Kind = FollowEnd::Kind;

/// Notes what it is told. Thread: strand.
struct Notes final : EventListener {
    void on_event(const FollowedEvent& event) override {
        CHECK_FALSE(end);
        positions.push_back(event.pos);
        json = event.json;
        if (then) {
            then(event);
        }
    }
    void on_cursor(std::string_view text) override { cursor = text; }
    void on_live() override { ++live; }
    void on_end(const FollowEnd& told) override {
        CHECK_FALSE(end);
        end = told;
    }

    List positions;
    std::string json;
    std::string cursor;
    int live = 0;
    std::optional<FollowEnd> end;
    std::function<void(const FollowedEvent&)> then;
};

/// A simulated server whose log a program follows. Thread: strand.
struct Program : Simulation {
    std::unique_ptr<EventReader> follow(const protocol::QueryItems& items) {
        auto reading = std::make_shared<EventReading>("t", protocol::parse_log_query(items), notes);
        return std::make_unique<EventReader>(events, std::move(reading));
    }
    void append(int count, const std::string& on_site = "s1") {
        for (int i = 0; i < count; ++i) {
            protocol::NewEvent event;
            event.id = "e" + std::to_string(++ids);
            event.stream = "doors";
            event.type = "a";
            event.site_id = on_site;
            event.body = R"({"tenant_id":"t","id":")" + event.id + "\"}";
            REQUIRE(service.append_now({"t", {event}, {}, {}}));
        }
    }

    int ids = 0;
    std::shared_ptr<Notes> notes = std::make_shared<Notes>();  ///< shared with the reader
};

}  // namespace

TEST_CASE("A program follows from a start, through the head, and on by cursor", "[log]") {
    Program p;
    p.append(3);
    auto reader = p.follow({{"since", "earliest"}});  // before the server is there
    p.start();
    p.settle();
    CHECK(p.notes->positions == List{1, 2, 3});
    CHECK(p.notes->live == 1);
    CHECK_THAT(p.notes->json, Contains("\"pos\":3,\"cursor\":\"c1.") && Contains("\"id\":\"e3\""));
    p.append(1);
    p.settle();
    CHECK(p.notes->positions == List{1, 2, 3, 4});
    CHECK(p.notes->live == 1);
    reader.reset();
    p.settle();
    p.append(2);
    p.settle();
    CHECK(p.notes->positions == List{1, 2, 3, 4});
    reader = p.follow({{"since", p.notes->cursor}});
    p.settle();
    CHECK(p.notes->positions == List{1, 2, 3, 4, 5, 6});
}

TEST_CASE("A program is given what it asked for, and the cursor of all", "[log]") {
    Program p;
    p.start();
    const auto reader = p.follow({{"site_id", "s2"}, {"since", "earliest"}});
    p.append(1, "s1");
    p.append(1, "s2");
    p.append(1, "s1");
    p.settle();
    CHECK(p.notes->positions == List{2});
    const auto rest = p.follow({{"since", p.notes->cursor}});
    p.settle();
    CHECK(p.notes->positions == List{2});
}

TEST_CASE("A pause holds what comes and a resume gives it", "[log]") {
    Program p;
    p.start();
    const auto reader = p.follow({{"since", "earliest"}});
    p.notes->then = [&](const FollowedEvent&) { reader->pause(); };
    p.append(1);
    p.settle();
    p.append(2);
    p.settle();
    CHECK(p.notes->positions == List{1});
    p.notes->then = nullptr;
    reader->resume();
    p.settle();
    CHECK(p.notes->positions == List{1, 2, 3});
}

TEST_CASE("A pause comes behind the run that has begun", "[log][limits]") {
    constexpr auto kRun = static_cast<std::int64_t>(kFollowRunEventsMax);
    const auto beyond = GENERATE(0, 1);
    Program p;
    p.append(static_cast<int>(kRun) + beyond);
    p.start();
    const auto reader = p.follow({{"since", "earliest"}});
    p.notes->then = [&](const FollowedEvent&) { reader->pause(); };
    p.settle();
    CHECK(p.notes->positions.back() == kRun);
    reader->resume();
    p.settle();
    CHECK(p.notes->positions.back() == kRun + beyond);
}

TEST_CASE("A reader that is let go of within a call gets no further one", "[log]") {
    Program p;
    p.start();
    auto reader = p.follow({{"since", "earliest"}});
    p.notes->then = [&](const FollowedEvent& event) {
        if (event.pos == 2) {
            reader.reset();
        }
    };
    p.append(3);
    p.settle();
    CHECK(p.notes->positions == List{1, 2});
    CHECK(p.notes->cursor.empty());
    CHECK_FALSE(p.notes->end);
}

TEST_CASE("What cannot be followed is told, with the way out", "[log]") {
    Program p;
    p.start();
    p.append(3);
    SECTION("a question that means nothing") {
        const auto reader = p.follow({{"stream", "Doors"}});
        p.settle();
        REQUIRE(p.notes->end);
        CHECK(p.notes->end->kind == Kind::bad_query);
        CHECK_THAT(p.notes->end->text, Contains("stream: expected"));
    }
    SECTION("a cursor of another installation") {
        const protocol::CursorCodec other(std::string(32, 'o'));
        const auto reader = p.follow({{"since", other.encode("t", {1, 2, 0, 0})}});
        p.settle();
        REQUIRE(p.notes->end);
        CHECK(p.notes->end->kind == Kind::bad_start);
    }
    SECTION("what is no longer kept") {
        REQUIRE(p.service.set_floor_now("t", 3));
        const auto reader = p.follow({{"since", p.codec.encode("t", {1, 0, 0, 0})}});
        p.settle();
        REQUIRE(p.notes->end);
        CHECK(p.notes->end->kind == Kind::lost);
        CHECK(p.notes->end->lost_at_least == 2);
        const auto again = p.follow({{"since", p.notes->end->oldest_cursor}});
        p.notes->end.reset();
        p.settle();
        CHECK(p.notes->positions == List{3});
    }
    SECTION("a log that is reset meanwhile") {
        const auto reader = p.follow({{"since", "earliest"}});
        p.settle();
        REQUIRE(p.service.reset_now("t"));
        p.events.on_head("t", {2, 4, 3});
        p.settle();
        REQUIRE(p.notes->end);
        CHECK(p.notes->end->kind == Kind::lost);
    }
}

TEST_CASE("A reader ends with its server, and may outlive it", "[log]") {
    Program p;
    p.start();
    const auto reader = p.follow({{"since", "earliest"}});
    p.append(1);
    p.settle();
    p.host.take_down();
    CHECK(p.notes.use_count() == 2);  // the reader's: the loop has let go of it
    reader->resume();
    p.append(1);
    CHECK(p.notes->positions == List{1});
    CHECK_FALSE(p.notes->end);
}

TEST_CASE("A reader that went before a server came is not kept for it", "[log]") {
    Program p;
    p.append(1);
    auto reader = p.follow({{"since", "earliest"}});
    reader->pause();
    reader->resume();
    reader.reset();
    CHECK(p.notes.use_count() == 1);
    p.start();
    p.settle();
    CHECK(p.notes->positions.empty());
}

}  // namespace hubtrail::host
