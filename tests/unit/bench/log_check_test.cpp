#include "bench/log_check.h"

#include <string>
#include <vector>

#include "bench/json_scan.h"
#include "tests/support/catch.h"

using namespace hubtrail::bench;
using Verdict = LogCheck::Verdict;

namespace {

std::string event(std::uint64_t pos, const std::string& id) {
    return R"({"id":")" + id + R"(","pos":)" + std::to_string(pos) + "}";
}

std::string batch(std::uint64_t from, std::uint64_t to, const std::string& items) {
    return R"({"type":2,"invocationId":"1","item":{"k":"batch","epoch":1,"from":)" +
           std::to_string(from) + R"(,"to":)" + std::to_string(to) + R"(,"items":[)" + items +
           "]}}";
}

/// Two connections that follow from position 10 on; the run `r-` has four events.
struct Fixture {
    LogCheck check{2, "r-", 10, 4};
};

}  // namespace

TEST_CASE("Events that follow each other are good on every connection", "[bench]") {
    Fixture f;
    const auto first = batch(11, 11, event(11, "r-2"));
    const auto second = batch(12, 13, event(12, "r-0") + "," + event(13, "r-1"));
    for (std::size_t connection = 0; connection < 2; ++connection) {
        CHECK(f.check.accept(connection, first) == Verdict::events);
        CHECK(f.check.numbers() == std::vector<std::uint64_t>{2});
        CHECK(f.check.accept(connection, second) == Verdict::events);
        CHECK(f.check.numbers() == std::vector<std::uint64_t>{0, 1});
    }
    CHECK(f.check.delivered() == 6);
}

TEST_CASE("Reaching the head is counted, and a heartbeat is nothing", "[bench]") {
    Fixture f;
    CHECK(f.check.accept(0, R"({"type":2,"invocationId":"1","item":{"k":"live","cursor":"c"}})") ==
          Verdict::live);
    CHECK(f.check.accept(0, R"({"type":2,"invocationId":"1","item":{"k":"hb","cursor":"c"}})") ==
          Verdict::quiet);
    CHECK(f.check.live() == 1);
    CHECK(f.check.delivered() == 0);
}

TEST_CASE("What was lost, doubled, moved or never sent is wrong", "[bench]") {
    const auto good = batch(11, 11, event(11, "r-0"));
    const auto wrong = GENERATE_COPY(values<std::string>({
        good,                                                     // a second time
        batch(13, 13, event(13, "r-1")),                          // one is missing
        batch(12, 12, event(12, "r-0")),                          // at a second position
        batch(12, 12, event(13, "r-1")),                          // not where the batch says
        batch(12, 13, event(12, "r-1")),                          // fewer than the batch says
        batch(12, 12, event(12, "r-4")),                          // never sent
        batch(12, 12, event(12, "r-x")),                          // not a number
        batch(12, 12, event(12, "s-1")),                          // of another run
        R"({"type":3,"invocationId":"1"})",                       // the end of the stream
        R"({"type":2,"invocationId":"1","item":{"k":"reset"}})",  // the log is another
        "",
    }));
    CAPTURE(wrong);
    Fixture f;
    REQUIRE(f.check.accept(0, good) == Verdict::events);
    CHECK(f.check.accept(0, wrong) == Verdict::wrong);
    CHECK_FALSE(f.check.failure().empty());
    CHECK(f.check.delivered() == 1);
}

TEST_CASE("An event of a run has the id that the check reads", "[bench]") {
    const auto text = log_event("r-", 3, 5);
    CHECK(json_member(text, "id") == "\"r-3\"");
    CHECK(json_member(text, "data") == "{\"x\":\"xxxxx\"}");
    CHECK(run_name() != run_name());
}
