#include "rest/append_answer.h"

#include <chrono>

#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {

TEST_CASE("An event error without a field names the event alone", "[rest]") {
    const Answer answer{{make_event_problem({3, "", "an event object", "number", false})}};
    CHECK(answer.problem(422) == "bad-event");
    CHECK(answer.text() == "event 3: expected an event object, found number");
    CHECK(answer.details().find("field")->string().empty());
}

TEST_CASE("What an event error quotes is escaped", "[rest]") {
    const Answer answer{{make_event_problem({0, "a\"b", "\\", "\n", false})}};
    CHECK(answer.details().find("field")->string() == "a\"b");
    CHECK(answer.details().find("expected")->string() == "\\");
    CHECK(answer.details().find("found")->string() == "\n");
}

// Run by hand, in a release build: rest_test "[.speed]".
TEST_CASE("The answer to one event costs under 2 microseconds", "[.speed]") {
    const protocol::CursorCodec codec("0123456789abcdef0123456789abcdef");
    storage::AppendResult result;
    result.events.push_back(
        {"0197a0c0-0000-7000-8000-000000000000", 123456789, 1, 77, 1'777'881'600'000'000, false});
    constexpr int kRounds = 200'000;
    std::size_t bytes = 0;
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) {
        bytes += make_append_answer(codec, "tenant", result).body.size();
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
    WARN("ns per answer: " << took.count() / kRounds << ", bytes " << bytes / kRounds);
    CHECK(took.count() / kRounds < 2000);
}

}  // namespace hubtrail::rest
