#include "bench/pacer.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "tests/support/catch.h"

using namespace hubtrail::bench;

TEST_CASE("Messages are due in order, at random, and at the rate on average", "[bench]") {
    const auto due = due_times(10'000, 1'000);
    REQUIRE(due.size() == 10'000);
    CHECK(std::is_sorted(due.begin(), due.end()));
    CHECK(due.front() > 0);
    CHECK(due.back() > 9'500'000'000);
    CHECK(due.back() < 10'500'000'000);
    // Independent of each other: a fifth of the gaps is shorter than a fifth of the mean or so.
    std::size_t shorter = 0;
    for (std::size_t i = 1; i < due.size(); ++i) {
        shorter += due[i] - due[i - 1] < 200'000 ? 1 : 0;
    }
    CHECK(shorter > 1'600);
    CHECK(shorter < 2'000);
    CHECK(due_times(10'000, 1'000) == due);
    CHECK(due_times(0, 1'000).empty());
}

TEST_CASE("Senders share the messages and end with the first that fails", "[bench]") {
    std::vector<std::atomic<int>> sent(100);
    {
        Senders senders;
        senders.start(3, sent.size(), [&](std::size_t) {
            return [&](std::size_t number) { return ++sent[number] == 1; };
        });
        senders.join();
        CHECK(senders.state());
    }
    CHECK(std::all_of(sent.begin(), sent.end(), [](const auto& count) { return count == 1; }));

    std::atomic<std::size_t> tried{0};
    Senders senders;
    senders.start(1, 100, [&](std::size_t) {
        return [&](std::size_t number) {
            ++tried;
            if (number == 4) {
                senders.fail({"number 4"});
                senders.fail({"later"});
            }
            return true;
        };
    });
    senders.join();
    REQUIRE_FALSE(senders.state());
    CHECK(senders.state().error().text == "number 4");
    CHECK(tried == 5);
}
