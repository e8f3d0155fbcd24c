#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hub/code/worker_pool.h"
#include "tests/support/catch.h"
#include "tests/unit/hub_code/library_fixture.h"

namespace hubtrail::hub {
namespace {

using namespace std::chrono_literals;
using Notes = std::vector<std::string>;

/// Notes its own end. Thread: strand.
struct Guard {
    Notes* notes;
    std::string name;
    ~Guard() { notes->push_back("~" + name); }
};

// A Task as the outermost coroutine; what it throws is noted.
RootTask run(RootTasks&, TestScope* scope, Task<void> task, Notes& notes) {
    (void)scope;
    std::string failure;
    try {
        co_await task;
        notes.emplace_back("done");
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (!failure.empty()) {
        notes.push_back("threw " + failure);
    }
}

Task<int> answer(int value) {
    co_return value;
}
Task<int> fail(const char* text) {
    throw std::runtime_error(text);
    co_return 0;
}
Task<int> later(int value) {
    co_await delay(1ms);
    co_return value;
}
Stream<int> count(int n, std::chrono::nanoseconds pause) {
    for (int i = 0; i < n; ++i) {
        if (pause.count() > 0) {
            co_await delay(pause);
        }
        co_yield i;
    }
}

}  // namespace

TEST_CASE("A task runs when it is awaited, and not before", "[hub_library]") {
    TestScope scope;
    Notes notes;
    auto work = [](Notes& into) -> Task<void> {
        into.emplace_back("ran");
        co_return;
    };
    auto unused = work(notes);
    auto used = work(notes);
    CHECK(notes.empty());
    run(scope.tasks, &scope, std::move(used), notes);
    CHECK(notes == Notes{"ran", "done"});
    CHECK(scope.tasks.running() == 0);
}

TEST_CASE("Results and exceptions come out of the await, however deep and late", "[hub_library]") {
    TestScope scope;
    Notes notes;
    auto work = [](Notes& into) -> Task<void> {
        into.push_back(std::to_string(co_await answer(1) + co_await later(2)));
        std::string caught;
        try {
            co_await fail("first");
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
        into.push_back(caught);
        co_await later(3);
        co_await fail("second");
    };
    run(scope.tasks, &scope, work(notes), notes);
    CHECK(notes.empty());
    scope.fake_loop.advance(10'000'000);
    CHECK(notes == Notes{"3", "first", "threw second"});
}

TEST_CASE("A million awaits that need not wait take no stack", "[hub_library]") {
    TestScope scope;
    Notes notes;
    auto work = [](Notes& into) -> Task<void> {
        std::int64_t sum = 0;
        for (int i = 0; i < 1'000'000; ++i) {
            sum += co_await answer(1);
        }
        auto stream = count(1'000'000, 0ns);
        while (auto value = co_await stream.next()) {
            ++sum;
        }
        into.push_back(std::to_string(sum));
    };
    run(scope.tasks, &scope, work(notes), notes);
    CHECK(notes == Notes{"2000000", "done"});
}

TEST_CASE("A stream gives its items, waiting or not, and then nothing", "[hub_library]") {
    const auto pause = GENERATE(0ns, 5ns);
    TestScope scope;
    Notes notes;
    auto work = [](std::chrono::nanoseconds wait, Notes& into) -> Task<void> {
        auto stream = count(3, wait);
        while (auto value = co_await stream.next()) {
            into.push_back(std::to_string(*value));
        }
        into.push_back((co_await stream.next()) ? "more" : "end");
    };
    run(scope.tasks, &scope, work(pause, notes), notes);
    scope.fake_loop.advance(100);
    CHECK(notes == Notes{"0", "1", "2", "end", "done"});
}

TEST_CASE("A stream's exception comes after its items", "[hub_library]") {
    TestScope scope;
    Notes notes;
    auto broken = []() -> Stream<int> {
        co_yield 1;
        throw std::runtime_error("broken");
    };
    auto work = [](Stream<int> stream, Notes& into) -> Task<void> {
        while (auto value = co_await stream.next()) {
            into.push_back(std::to_string(*value));
        }
    };
    run(scope.tasks, &scope, work(broken(), notes), notes);
    CHECK(notes == Notes{"1", "threw broken"});
}

TEST_CASE("Whatever waits is destroyed with its loop, from the inside out", "[hub_library]") {
    TestScope scope;
    Notes notes;
    auto inner = [](Notes& into) -> Task<void> {
        Guard guard{&into, "inner"};
        co_await delay(1h);
    };
    auto outer = [&inner](Notes& into) -> Task<void> {
        Guard guard{&into, "outer"};
        co_await inner(into);
    };
    run(scope.tasks, &scope, outer(notes), notes);
    CHECK(scope.tasks.running() == 1);
    CHECK(scope.fake_loop.timers() == 1);
    scope.tasks.destroy_all();
    CHECK(notes == Notes{"~inner", "~outer"});
    CHECK(scope.fake_loop.timers() == 0);
}

TEST_CASE("A delay ends early when its token is requested", "[hub_library]") {
    TestScope scope;
    Notes notes;
    CancellationSource source;
    auto work = [](CancellationToken stop, Notes& into) -> Task<void> {
        into.push_back(co_await delay(1s, stop) ? "time" : "requested");
        into.push_back(co_await delay(1s, stop) ? "time" : "requested");
    };
    run(scope.tasks, &scope, work(source.token(), notes), notes);
    source.request();
    scope.fake_loop.run();
    CHECK(notes == Notes{"requested", "requested", "done"});
    CHECK(scope.fake_loop.timers() == 0);
}

TEST_CASE("A token calls back once, and nobody who has gone", "[hub_library]") {
    CancellationSource source;
    Notes notes;
    const auto token = source.token();
    CHECK_FALSE(CancellationToken().requested());
    auto second = CancellationRegistration();
    const auto first = token.on_request([&] {
        notes.emplace_back("first");
        second = {};
    });
    second = token.on_request([&] { notes.emplace_back("second"); });
    {
        const auto gone = token.on_request([&] { notes.emplace_back("gone"); });
    }
    source.request();
    source.request();
    CHECK(token.requested());
    const auto late = token.on_request([&] { notes.emplace_back("late"); });
    CHECK(notes == Notes{"first", "late"});
}

TEST_CASE("on_worker runs elsewhere and comes back to the loop", "[hub_library]") {
    TestScope scope;
    Notes notes;
    auto work = [](Notes& into) -> Task<void> {
        const auto here = std::this_thread::get_id();
        const auto there = co_await on_worker([] { return std::this_thread::get_id(); });
        into.emplace_back(here != there && here == std::this_thread::get_id() ? "moved" : "stayed");
        auto alive = std::make_shared<int>(0);
        into.push_back(
            co_await on_worker([](std::shared_ptr<int>, std::string text) { return text + "!"; },
                               alive, std::string("hey")));
        const auto work_of = [alive] { return alive.use_count() > 1; };
        into.emplace_back(co_await on_worker(work_of) ? "copied" : "not copied");
        co_await on_worker([] { throw std::runtime_error("blocked"); });
    };
    run(scope.tasks, &scope, work(notes), notes);
    while (scope.tasks.running() > 0) {
        scope.fake_loop.wait_until_posted();
        scope.fake_loop.run();
    }
    CHECK(notes == Notes{"moved", "hey!", "copied", "threw blocked"});
}

TEST_CASE("A worker may end after the coroutine that asked it", "[hub_library]") {
    TestScope scope;
    Notes notes;
    std::atomic<bool> begun{false};
    std::atomic<bool> may_end{false};
    auto work = [](std::atomic<bool>& is_begun, std::atomic<bool>& go) -> Task<void> {
        const auto block = [&] {
            is_begun = true;
            is_begun.notify_all();
            go.wait(false);
        };
        co_await on_worker(block);
    };
    run(scope.tasks, &scope, work(begun, may_end), notes);
    begun.wait(false);
    scope.tasks.destroy_all();
    may_end = true;
    may_end.notify_all();
    scope.pool.stop();
    scope.fake_loop.run();
    CHECK(notes.empty());
}

TEST_CASE("The queue for workers takes kWorkerQueueMax functions and no more", "[hub_library]") {
    std::atomic<bool> begun{false};
    std::atomic<bool> may_end{false};
    WorkerPool pool(1);
    REQUIRE(pool.submit([&] {
        begun = true;
        begun.notify_all();
        may_end.wait(false);
    }));
    begun.wait(false);
    std::size_t taken = 0;
    while (taken <= kWorkerQueueMax && pool.submit([] {})) {
        ++taken;
    }
    CHECK(taken == kWorkerQueueMax);
    may_end = true;
    may_end.notify_all();
    pool.stop();
    CHECK_FALSE(pool.submit([] {}));
}

}  // namespace hubtrail::hub
