#include "rest/commit_watch.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::rest {

TEST_CASE("CommitWatch wakes once, for a commit of the tenant beyond the position", "[rest]") {
    CommitWatch watch;
    int woken = 0;
    CHECK(watch.wait_for_commit("t", 5, [&] { ++woken; }) != 0);
    watch.on_commit("other", 9);
    watch.on_commit("t", 5);
    CHECK(woken == 0);
    watch.on_commit("t", 6);
    CHECK(woken == 1);
    watch.on_commit("t", 7);
    CHECK(woken == 1);
    CHECK(watch.waiters() == 0);
}

TEST_CASE("CommitWatch forgets a cancelled waiter and ignores unknown ids", "[rest]") {
    CommitWatch watch;
    int woken = 0;
    const auto first = watch.wait_for_commit("t", 0, [&] { woken += 1; });
    const auto second = watch.wait_for_commit("t", 0, [&] { woken += 10; });
    CHECK(first != second);
    watch.cancel(first);
    watch.cancel(first);
    watch.cancel(0);
    watch.cancel(99);
    CHECK(watch.waiters() == 1);
    watch.on_commit("t", 1);
    CHECK(woken == 10);
    watch.cancel(second);
}

TEST_CASE("CommitWatch lets a wake register again and cancel others", "[rest]") {
    CommitWatch watch;
    std::string order;
    std::uint64_t second = 0;
    watch.wait_for_commit("t", 0, [&] {
        order += "a";
        watch.cancel(second);
        watch.wait_for_commit("t", 0, [&] { order += "A"; });
    });
    second = watch.wait_for_commit("t", 0, [&] { order += "b"; });
    watch.wait_for_commit("t", 0, [&] { order += "c"; });
    watch.on_commit("t", 1);
    CHECK(order == "ac");
    watch.on_commit("t", 2);
    CHECK(order == "acA");
}

}  // namespace hubtrail::rest
