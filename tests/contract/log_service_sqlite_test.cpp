// The service on the real store: threads, connections and files together.
#include <atomic>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "storage/log_service.h"
#include "tests/contract/log_store_contract.h"

namespace hubtrail::storage::contract {
namespace {

TEST_CASE("Producers and readers on SQLite see one dense log", "[contract][sqlite]") {
    constexpr int kThreads = 8;
    constexpr int kEach = 500;
    SqliteUnderTest under_test;
    const SystemClock clock;
    const auto log = make_null_log();
    std::atomic<std::int64_t> committed{0};
    std::atomic<int> acknowledged{0};
    std::atomic<int> bad_pages{0};
    auto started = start_log_service(
        under_test.store(), clock, *log, {2},
        [&](const std::shared_ptr<const CommittedBatch>& batch) {
            if (batch->from() != committed + 1) {
                ++bad_pages;
            }
            committed = batch->to();
        },
        nullptr);
    REQUIRE(started);
    LogService& service = **started;
    std::vector<std::thread> producers;
    for (int thread = 0; thread < kThreads; ++thread) {
        producers.emplace_back([&, thread] {
            for (int i = 0; i < kEach; ++i) {
                const std::string id = std::to_string(thread) + "-" + std::to_string(i);
                if (service.append(make_request("t", {make_event(id)}),
                                   [&](const Result<AppendResult, StoreError>& result) {
                                       acknowledged += result ? 1 : 0;
                                   }) &&
                    i % 50 == 0) {
                    // What the listener was told is there to read.
                    const std::int64_t seen = committed;
                    service.read(read_after("t", 0), [&, seen](Result<Page, StoreError> page) {
                        const bool good = page && page->head.last_pos >= seen &&
                                          page->events.size() == static_cast<std::size_t>(page->to);
                        bad_pages += good ? 0 : 1;
                    });
                }
            }
        });
    }
    for (auto& producer : producers) {
        producer.join();
    }
    started = Failure{StoreError{}};  // ends the service
    CHECK(acknowledged == kThreads * kEach);
    CHECK(committed == kThreads * kEach);
    CHECK(bad_pages == 0);

    under_test.restart();
    auto reader = under_test.store().open_reader();
    REQUIRE(reader);
    ReadRequest all = read_after("t", 0);
    all.events_max = kThreads * kEach;
    all.bytes_max = 100'000'000;
    auto page = (*reader)->read(all);
    REQUIRE(page);
    CHECK(page->events.size() == kThreads * kEach);
}

}  // namespace
}  // namespace hubtrail::storage::contract
