#include "storage/head_rules.h"

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "tests/support/catch.h"

namespace hubtrail::storage {

TEST_CASE("A floor moves up, and at most behind the last event", "[storage]") {
    const LogHead head{2, 5, 9};
    CHECK(move_floor(head, 7) == LogHead{2, 7, 9});
    CHECK(move_floor(head, 5) == head);
    CHECK(move_floor(head, 1) == head);
    CHECK(move_floor(head, 10) == LogHead{2, 10, 9});
    CHECK(move_floor(head, 99) == LogHead{2, 10, 9});
    CHECK(move_floor(LogHead{}, 99) == LogHead{});
}

TEST_CASE("A new epoch shows nothing of the old one and numbers on", "[storage]") {
    CHECK(begin_epoch({2, 5, 9}) == LogHead{3, 10, 9});
    CHECK(begin_epoch({}) == LogHead{2, 1, 0});
}

TEST_CASE("A head and its rows agree or are told apart in numbers", "[storage]") {
    const LogHead head{1, 3, 7};
    CHECK_FALSE(check_rows("t", head, {7, true}));
    CHECK(check_rows("t", head, {6, true}));
    CHECK(check_rows("t", head, {8, true}));
    CHECK(check_rows("t", head, {7, false}) ==
          "tenant \"t\": the head says positions 3 to 7, the highest event stored is 7, and the "
          "first one is missing");
    CHECK_FALSE(check_rows("t", {1, 8, 7}, {7, false}));
    CHECK_FALSE(check_rows("t", {1, 8, 7}, {0, false}));
    CHECK(check_rows("t", {1, 8, 7}, {8, true}));
    CHECK(check_rows("t", {1, 9, 7}, {7, false}));
    CHECK(check_rows("t", {1, 0, 7}, {7, true}));
    CHECK_FALSE(check_rows("t", {}, {0, false}));
}

// Goal: the halving finds what a look at every row finds. Method: small logs with many equal times,
// every time asked.
TEST_CASE("The search by time finds the last position before it", "[storage]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        SeededRandom random(seed);
        const auto lowest = static_cast<std::int64_t>(1 + random.below(5));
        std::vector<std::int64_t> times(random.below(12));
        for (auto& time : times) {
            time = static_cast<std::int64_t>(random.below(6));
        }
        std::sort(times.begin(), times.end());
        const auto last = lowest + static_cast<std::int64_t>(times.size()) - 1;
        for (std::int64_t wanted = 0; wanted <= 7; ++wanted) {
            std::int64_t expected = 0;
            for (std::size_t i = 0; i < times.size(); ++i) {
                expected = times[i] < wanted ? lowest + static_cast<std::int64_t>(i) : expected;
            }
            TimeSearch search(lowest, last, wanted);
            int probes = 0;
            while (const auto pos = search.probe()) {
                REQUIRE(*pos >= lowest);
                REQUIRE(*pos <= last);
                search.tell(times[static_cast<std::size_t>(*pos - lowest)]);
                ++probes;
            }
            REQUIRE(search.found() == expected);
            REQUIRE(probes <= 4);
        }
    }
}

}  // namespace hubtrail::storage
