#include "host/log/counted_log_service.h"

#include <atomic>
#include <memory>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_log_service.h"
#include "tests/support/fake_log_store.h"

namespace hubtrail::host {

TEST_CASE("A counted service waits for every answer, and for what its callbacks hold", "[host]") {
    storage::FakeLogStore store;
    const FakeClock clock;
    storage::FakeLogService inner(store, clock);
    CountedLogService counted(inner);
    counted.wait_until_answered();

    const auto held = std::make_shared<int>(1);
    int answers = 0;
    counted.head("t", [&answers, held](const auto&) { ++answers; });
    CHECK(counted.append({"t", {}, {}, {}}, [&answers, held](const auto&) { ++answers; }));
    std::atomic<bool> waited{false};
    std::thread waiter([&] {
        counted.wait_until_answered();
        waited = true;
    });
    CHECK(inner.run_one());
    CHECK_FALSE(waited);
    CHECK(inner.run_one());
    waiter.join();
    CHECK(answers == 2);
    CHECK(held.use_count() == 1);
}

TEST_CASE("What a counted service did not take is not waited for", "[host]") {
    storage::FakeLogStore store;
    const FakeClock clock;
    storage::FakeLogService inner(store, clock);
    CountedLogService counted(inner);
    inner.set_appends(storage::FakeLogService::Appends::refused);
    CHECK_FALSE(counted.append({"t", {}, {}, {}}, [](const auto&) { FAIL("was called"); }));
    counted.wait_until_answered();
}

}  // namespace hubtrail::host
