#include "host/log/event_log.h"

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include <unistd.h>

#include "host/host.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/simulated_network.h"
#include "tests/unit/transport_session/client_bytes.h"

namespace hubtrail::host {
namespace {

using Catch::Matchers::Contains;

constexpr auto kDeadline = std::chrono::seconds(20);

/// An empty directory, for as long as it lives.
struct Directory {
    Directory() {
        std::string pattern = "/tmp/hubtrail-log-XXXXXX";
        path = ::mkdtemp(pattern.data());
    }
    ~Directory() { std::filesystem::remove_all(path); }
    std::string path;
};

AppendOutcome append(EventLog& log, const std::string& events) {
    auto promise = std::make_shared<std::promise<AppendOutcome>>();
    auto future = promise->get_future();
    log.append("t", events,
               [promise](AppendOutcome outcome) { promise->set_value(std::move(outcome)); });
    REQUIRE(future.wait_for(kDeadline) == std::future_status::ready);
    return future.get();
}

}  // namespace

TEST_CASE("A program appends, is told where, and finds it again", "[log]") {
    const Directory directory;
    {
        EventLog log({directory.path});
        const auto two = append(log, R"([{"id":"a","stream":"s","type":"x"},
                                         {"id":"b","stream":"s","type":"x"}])");
        REQUIRE(two);
        CHECK(two->back().pos == 2);
        CHECK_FALSE(two->back().duplicate);
    }
    EventLog log({directory.path});
    const auto again = append(log, R"({"id":"b","stream":"s","type":"x"})");
    REQUIRE(again);
    CHECK(again->front().pos == 2);
    CHECK(again->front().duplicate);
}

TEST_CASE("A bad event says which and what was expected, and nothing is written", "[log]") {
    const Directory directory;
    EventLog log({directory.path});
    const auto bad = append(log, R"([{"stream":"s","type":"x"},{"stream":"S","type":"x"}])");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().kind == AppendError::Kind::bad_event);
    CHECK_THAT(bad.error().text, Contains("event 1: stream: expected"));
    CHECK(append(log, R"({"stream":"s","type":"x"})")->front().pos == 1);
}

TEST_CASE("Another event under a known id is refused by its place in the array", "[log]") {
    const Directory directory;
    EventLog log({directory.path});
    REQUIRE(append(log, R"({"id":"a","stream":"s","type":"x"})"));
    const auto taken =
        append(log, R"([{"id":"b","stream":"s","type":"x"},{"id":"a","stream":"s","type":"y"}])");
    REQUIRE_FALSE(taken);
    CHECK(taken.error().kind == AppendError::Kind::id_taken);
    CHECK_THAT(taken.error().text, Contains("event 1:"));
    CHECK(append(log, R"({"id":"b","stream":"s","type":"x"})")->front().pos == 2);
}

TEST_CASE("One process has the directory", "[log]") {
    const Directory directory;
    const EventLog log({directory.path});
    CHECK_THROWS_WITH(EventLog({directory.path}), Contains("another hubtrail"));
}

TEST_CASE("A commit that comes when the server has gone is told to nobody", "[log]") {
    const Directory directory;
    EventLog log({directory.path});
    {
        SimulatedNetwork network;
        auto loops = std::make_shared<LoopGroup>(network, 2);
        const FakeClock clock;
        SeededRandom random{4};
        const auto lines = make_null_log();
        Host host(network, loops, clock, random, *lines, {});
        Site site;
        site.listen = "simulated";
        site.features = {&log.feature()};
        host.add_site(std::move(site));
        host.start();
        REQUIRE(append(log, R"({"stream":"s","type":"x"})"));
        CHECK(network.loops[0]->fake.posted() == 1);
        CHECK(network.loops[1]->fake.posted() == 1);
    }
    CHECK(append(log, R"({"stream":"s","type":"x"})")->front().pos == 2);
}

}  // namespace hubtrail::host
