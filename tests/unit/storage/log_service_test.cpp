#include "storage/log_service.h"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "tests/support/catch.h"
#include "tests/support/fake_log_store.h"

namespace hubtrail::storage {
namespace {

/// Thread: any.
class ManualClock final : public Clock {
public:
    std::int64_t wall_us() const override { return now_us_; }
    std::int64_t steady_ns() const override { return now_us_ * 1000; }
    void advance_us(std::int64_t us) { now_us_ += us; }

private:
    std::atomic<std::int64_t> now_us_{1'000'000};
};

/// What the log was told, by event name. Thread: any.
class CountingLog final : public Log {
public:
    void write(LogLevel, std::string_view event, std::initializer_list<LogField>) override {
        const MutexLock lock(mutex_);
        ++counts_[std::string(event)];
    }
    int count(const std::string& event) const {
        const MutexLock lock(mutex_);
        const auto found = counts_.find(event);
        return found == counts_.end() ? 0 : found->second;
    }

private:
    mutable Mutex mutex_;
    std::map<std::string, int> counts_ HUBTRAIL_GUARDED_BY(mutex_);
};

template <typename T>
T wait_for(std::future<T>& future) {
    REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    return future.get();
}

/// A callback and the future of what it is told. Thread: any.
template <typename T>
struct Answer {
    std::shared_ptr<std::promise<Result<T, StoreError>>> promise =
        std::make_shared<std::promise<Result<T, StoreError>>>();
    std::future<Result<T, StoreError>> future = promise->get_future();

    std::function<void(Result<T, StoreError>)> done() {
        return [promise = promise](Result<T, StoreError> result) {
            promise->set_value(std::move(result));
        };
    }
    Result<T, StoreError> wait() { return wait_for(future); }
};

AppendRequest request_of(const std::string& tenant, const std::string& id, std::size_t events = 1,
                         std::size_t body_bytes = 10) {
    AppendRequest request;
    request.tenant = tenant;
    for (std::size_t i = 0; i < events; ++i) {
        request.events.push_back(
            {id + "-" + std::to_string(i), "s", "t", "", "", std::string(body_bytes, 'b')});
    }
    return request;
}

/// A service on a fake store with everything it says written down. Thread: main.
class ServiceUnderTest {
public:
    ServiceUnderTest() {
        auto started = start_log_service(
            store, clock, log, {2},
            [this](std::shared_ptr<const CommittedBatch> batch) {
                const MutexLock lock(mutex_);
                trace_.push_back("commit " + batch->tenant + " " + std::to_string(batch->from()) +
                                 "-" + std::to_string(batch->to()));
                batches_.push_back(std::move(batch));
            },
            [this](const std::string& tenant, LogHead head) {
                note("head " + tenant + " " + std::to_string(head.epoch) + " " +
                     std::to_string(head.first_pos) + "-" + std::to_string(head.last_pos));
            });
        REQUIRE(started);
        service = std::move(*started);
    }

    Result<AppendResult, StoreError> append(AppendRequest request) {
        Answer<AppendResult> answer;
        const bool taken = service->append(std::move(request), answer.done());
        REQUIRE(taken);
        return answer.wait();
    }

    void note(std::string what) {
        const MutexLock lock(mutex_);
        trace_.push_back(std::move(what));
    }
    std::vector<std::string> trace() const {
        const MutexLock lock(mutex_);
        return trace_;
    }
    std::vector<std::shared_ptr<const CommittedBatch>> batches() const {
        const MutexLock lock(mutex_);
        return batches_;
    }

    FakeLogStore store;
    ManualClock clock;
    CountingLog log;

private:
    mutable Mutex mutex_;
    std::vector<std::string> trace_ HUBTRAIL_GUARDED_BY(mutex_);
    std::vector<std::shared_ptr<const CommittedBatch>> batches_ HUBTRAIL_GUARDED_BY(mutex_);

public:
    std::unique_ptr<LogService> service;  // last: its threads use all of the above
};

TEST_CASE("A commit is told to the listener before its appends are acknowledged", "[storage]") {
    ServiceUnderTest under_test;
    under_test.store.hold_appends();
    std::vector<Answer<AppendResult>> answers(4);
    const auto push = [&](std::size_t i, AppendRequest request) {
        auto done = answers[i].done();
        const std::string name = "ack " + request.events[0].id;
        const bool taken = under_test.service->append(
            std::move(request), [&under_test, name, done](Result<AppendResult, StoreError> result) {
                under_test.note(name);
                done(std::move(result));
            });
        REQUIRE(taken);
    };
    push(0, request_of("a", "1"));
    under_test.store.wait_until_append_held();
    push(1, request_of("a", "2", 2));
    push(2, request_of("b", "3"));
    push(3, request_of("a", "4"));
    under_test.store.release_appends();
    for (auto& answer : answers) {
        REQUIRE(answer.wait());
    }
    // The first went alone because the writer was idle; those that came meanwhile went together.
    CHECK(under_test.trace() == std::vector<std::string>{"commit a 1-1", "ack 1-0", "commit a 2-4",
                                                         "commit b 1-1", "ack 2-0", "ack 3-0",
                                                         "ack 4-0"});
    CHECK(under_test.store.commit_sizes() == std::vector<std::size_t>{1, 3});
    CHECK(under_test.batches()[1]->events[0].body == "bbbbbbbbbb");
    CHECK(under_test.service->healthy());
}

TEST_CASE("Duplicates and replays are acknowledged and told to nobody", "[storage]") {
    ServiceUnderTest under_test;
    AppendRequest keyed = request_of("a", "1");
    keyed.idempotency_key = "k";
    REQUIRE(under_test.append(keyed));
    const auto replayed = under_test.append(keyed);
    REQUIRE(replayed);
    CHECK(Result<AppendResult, StoreError>(replayed)->replayed);
    auto duplicate = under_test.append(request_of("a", "1"));
    REQUIRE(duplicate);
    CHECK(duplicate->events.at(0).duplicate);
    CHECK(under_test.trace() == std::vector<std::string>{"commit a 1-1"});
}

TEST_CASE("The append queue takes kAppendQueueEventsMax events and not one more", "[storage]") {
    ServiceUnderTest under_test;
    under_test.store.hold_appends();
    std::atomic<int> acknowledged{0};
    const auto done = [&](const Result<AppendResult, StoreError>& result) {
        acknowledged += result ? 1 : 0;
    };
    REQUIRE(under_test.service->append(request_of("t", "in the writer"), done));
    under_test.store.wait_until_append_held();
    const std::size_t requests = kAppendQueueEventsMax / 1000;
    for (std::size_t i = 0; i + 1 < requests; ++i) {
        REQUIRE(
            under_test.service->append(request_of("t", "r" + std::to_string(i), 1000, 1), done));
    }
    REQUIRE(under_test.service->append(request_of("t", "nearly", 999, 1), done));
    CHECK_FALSE(under_test.service->append(request_of("t", "two", 2, 1), done));
    REQUIRE(under_test.service->append(request_of("t", "last", 1, 1), done));
    CHECK_FALSE(under_test.service->append(request_of("t", "one too many", 1, 1), done));
    CHECK_FALSE(under_test.service->append(request_of("t", "an empty one counts", 0), done));
    Answer<void> reset;
    under_test.service->reset("t", reset.done());
    const auto refused = reset.wait();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == StoreErrc::unavailable);
    under_test.store.release_appends();
    under_test.service.reset();
    CHECK(acknowledged == static_cast<int>(requests) + 2);
}

TEST_CASE("The append queue takes kAppendQueueBytesMax bytes and not one more", "[storage]") {
    ServiceUnderTest under_test;
    under_test.store.hold_appends();
    const auto ignore = [](const Result<AppendResult, StoreError>&) {};
    REQUIRE(under_test.service->append(request_of("t", "in the writer"), ignore));
    under_test.store.wait_until_append_held();
    // An event has 5 bytes beside its body here: id "x-0", stream "s", type "t".
    const std::size_t body = kAppendQueueBytesMax - 5;
    CHECK_FALSE(under_test.service->append(request_of("t", "x", 1, body + 1), ignore));
    CHECK(under_test.service->append(request_of("t", "x", 1, body), ignore));
    CHECK_FALSE(under_test.service->append(request_of("t", "", 1, 0), ignore));
    under_test.store.release_appends();
}

TEST_CASE("A commit takes whole requests up to kAppendBatchEventsMax events", "[storage]") {
    ServiceUnderTest under_test;
    under_test.store.hold_appends();
    const auto ignore = [](const Result<AppendResult, StoreError>&) {};
    REQUIRE(under_test.service->append(request_of("t", "in the writer"), ignore));
    under_test.store.wait_until_append_held();
    for (const std::size_t events :
         {kAppendBatchEventsMax - 1, std::size_t{1},  // together exactly full
          kAppendBatchEventsMax - 1, std::size_t{2},  // one too many
          kAppendBatchEventsMax + 1,                  // alone, whole
          std::size_t{1}}) {
        static int request = 0;
        REQUIRE(under_test.service->append(
            request_of("t", "r" + std::to_string(request++), events, 1), ignore));
    }
    under_test.store.release_appends();
    under_test.service.reset();
    CHECK(under_test.store.commit_sizes() == std::vector<std::size_t>{1, 2, 1, 1, 1, 1});
}

TEST_CASE("A commit takes whole requests up to kAppendBatchBytesMax bytes", "[storage]") {
    ServiceUnderTest under_test;
    under_test.store.hold_appends();
    const auto ignore = [](const Result<AppendResult, StoreError>&) {};
    REQUIRE(under_test.service->append(request_of("t", "in the writer"), ignore));
    under_test.store.wait_until_append_held();
    const std::size_t half = kAppendBatchBytesMax / 2 - 5;
    for (const auto& [id, body] : {std::pair{"a", half},
                                   {"b", half},
                                   {"c", half},
                                   {"d", half + 1},
                                   {"e", kAppendBatchBytesMax + 1},
                                   {"f", half}}) {
        REQUIRE(under_test.service->append(request_of("t", id, 1, body), ignore));
    }
    under_test.store.release_appends();
    under_test.service.reset();
    CHECK(under_test.store.commit_sizes() == std::vector<std::size_t>{1, 2, 1, 1, 1, 1});
}

TEST_CASE("A commit that fails answers its appends and the next one is healthy again",
          "[storage]") {
    ServiceUnderTest under_test;
    CHECK(under_test.service->healthy());
    under_test.store.fail_appends(2);
    for (int i = 0; i < 2; ++i) {
        const auto failed = under_test.append(request_of("t", "1"));
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == StoreErrc::unavailable);
        CHECK_FALSE(under_test.service->healthy());
    }
    CHECK(under_test.trace().empty());
    auto worked = under_test.append(request_of("t", "1"));
    REQUIRE(worked);
    CHECK(worked->events.at(0).pos == 1);
    CHECK_FALSE(worked->events.at(0).duplicate);
    CHECK(under_test.service->healthy());
    CHECK(under_test.log.count("log_write_failed") == 1);  // a line per change, not per request
    CHECK(under_test.log.count("log_writes_again") == 1);
}

TEST_CASE("A corrupt log is written no more", "[storage]") {
    ServiceUnderTest under_test;
    SECTION("found by a commit") {
        under_test.store.fail_appends(1, StoreErrc::corrupt);
    }
    SECTION("found by a reader") {
        under_test.store.fail_reads(1, StoreErrc::corrupt);
        Answer<LogHead> head;
        under_test.service->head("t", head.done());
        const auto failed = head.wait();
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == StoreErrc::corrupt);
        CHECK_FALSE(under_test.service->healthy());
    }
    for (int i = 0; i < 3; ++i) {
        const auto failed = under_test.append(request_of("t", "1"));
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == StoreErrc::corrupt);
    }
    Answer<void> reset;
    under_test.service->reset("t", reset.done());
    CHECK_FALSE(reset.wait());
    CHECK(under_test.store.commit_sizes().empty());
    CHECK_FALSE(under_test.service->healthy());
    CHECK(under_test.log.count("log_corrupt") == 1);
    CHECK(under_test.trace().empty());
}

TEST_CASE("Floor and reset keep their place among the appends and are told", "[storage]") {
    ServiceUnderTest under_test;
    under_test.store.hold_appends();
    const auto ignore = [](const Result<AppendResult, StoreError>&) {};
    REQUIRE(under_test.service->append(request_of("t", "1", 3), ignore));
    under_test.store.wait_until_append_held();
    Answer<void> floor;
    Answer<void> reset;
    REQUIRE(under_test.service->append(request_of("t", "2"), ignore));
    under_test.service->set_floor("t", 3, floor.done());
    REQUIRE(under_test.service->append(request_of("t", "3"), ignore));
    under_test.service->reset("t", reset.done());
    REQUIRE(under_test.service->append(request_of("t", "4"), ignore));
    under_test.store.release_appends();
    CHECK(floor.wait());
    CHECK(reset.wait());
    under_test.service.reset();
    CHECK(under_test.trace() == std::vector<std::string>{"commit t 1-3", "commit t 4-4",
                                                         "head t 1 3-4", "commit t 5-5",
                                                         "head t 2 6-5", "commit t 6-6"});
    CHECK(under_test.batches().back()->epoch == 2);
}

TEST_CASE("The read queue takes kReadQueueMax reads and refuses the next", "[storage]") {
    ServiceUnderTest under_test;
    under_test.store.hold_reads();
    std::atomic<int> answered{0};
    std::atomic<int> refused{0};
    const auto done = [&](const Result<LogHead, StoreError>& head) {
        ++(head ? answered : refused);
    };
    under_test.service->head("t", done);
    under_test.service->head("t", done);
    under_test.store.wait_until_reads_held(2);  // both readers have theirs, the queue is empty
    for (std::size_t i = 0; i < kReadQueueMax; ++i) {
        under_test.service->head("t", done);
    }
    CHECK(refused == 0);
    under_test.service->head("t", done);
    CHECK(refused == 1);
    under_test.store.release_reads();
    under_test.service.reset();
    CHECK(answered == static_cast<int>(kReadQueueMax) + 2);
    CHECK(refused == 1);
}

TEST_CASE("Every reading call reaches the store", "[storage]") {
    ServiceUnderTest under_test;
    REQUIRE(under_test.append(request_of("t", "e", 3)));
    Answer<Page> page;
    Answer<LogHead> head;
    Answer<std::optional<protocol::LogEvent>> at;
    Answer<std::optional<protocol::LogEvent>> found;
    Answer<std::int64_t> before;
    ReadRequest request;
    request.tenant = "t";
    request.after_pos = 1;
    under_test.service->read(request, page.done());
    under_test.service->head("t", head.done());
    under_test.service->at("t", 2, at.done());
    under_test.service->find("t", "e-2", {}, found.done());
    under_test.service->last_before("t", 2'000'000, before.done());
    CHECK(page.wait()->events.size() == 2);
    CHECK(*head.wait() == LogHead{1, 1, 3});
    CHECK((*at.wait())->id == "e-1");
    CHECK((*found.wait())->pos == 3);
    CHECK(*before.wait() == 3);
    under_test.store.fail_reads(1);
    Answer<Page> failed;
    under_test.service->read(request, failed.done());
    CHECK(failed.wait().error().code == StoreErrc::unavailable);
    CHECK(under_test.service->healthy());
}

TEST_CASE("An outage of reads is one line of the log, whoever tries how often", "[storage]") {
    ServiceUnderTest under_test;
    const auto read = [&] {
        Answer<LogHead> head;
        under_test.service->head("t", head.done());
        return bool(head.wait());
    };
    under_test.store.fail_reads(5);
    for (int i = 0; i < 5; ++i) {
        CHECK_FALSE(read());
    }
    CHECK(under_test.log.count("log_read_failed") == 1);
    CHECK(under_test.log.count("log_reads_again") == 0);
    CHECK(read());
    CHECK(read());
    CHECK(under_test.log.count("log_reads_again") == 1);
    under_test.store.fail_reads(1);
    CHECK_FALSE(read());
    CHECK(under_test.log.count("log_read_failed") == 2);
    under_test.store.fail_reads(2, StoreErrc::failed);  // each ends a reader: each is said
    CHECK_FALSE(read());
    CHECK_FALSE(read());
    CHECK(under_test.log.count("log_read_failed") == 4);
}

TEST_CASE("Idempotency keys are forgotten a day later, at the next hour", "[storage]") {
    ServiceUnderTest under_test;
    AppendRequest keyed = request_of("t", "1");
    keyed.idempotency_key = "k";
    REQUIRE(under_test.append(keyed));
    const auto tick = [&](std::int64_t us) {
        static int n = 0;
        under_test.clock.advance_us(us);
        // The writer looks at the clock between commits: the second one follows the look.
        REQUIRE(under_test.append(request_of("t", "tick" + std::to_string(n++))));
        REQUIRE(under_test.append(request_of("t", "tick" + std::to_string(n++))));
    };
    tick(kIdempotencyKeyLifeUs);
    CHECK(under_test.append(keyed)->replayed);  // exactly a day old
    tick(kForgetKeysEveryNs / 1000 - 1);
    CHECK(under_test.append(keyed)->replayed);  // over a day, but the hour is not over
    tick(1);
    CHECK_FALSE(under_test.append(keyed)->replayed);
}

TEST_CASE("Shutting down commits and answers what is queued", "[storage]") {
    ServiceUnderTest under_test;
    under_test.store.hold_appends();
    under_test.store.hold_reads();
    std::atomic<int> appended{0};
    std::atomic<int> read{0};
    for (int i = 0; i < 500; ++i) {
        REQUIRE(under_test.service->append(
            request_of("t", std::to_string(i)),
            [&](const Result<AppendResult, StoreError>& result) { appended += result ? 1 : 0; }));
        under_test.service->head(
            "t", [&](const Result<LogHead, StoreError>& result) { read += result ? 1 : 0; });
    }
    std::thread release([&] {
        under_test.store.wait_until_append_held();
        under_test.store.release_appends();
        under_test.store.release_reads();
    });
    under_test.service.reset();
    release.join();
    CHECK(appended == 500);
    CHECK(read == 500);
    CHECK(under_test.batches().back()->to() == 500);
}

TEST_CASE("Many producers get dense positions and one ordered stream of batches", "[storage]") {
    constexpr int kThreads = 8;
    constexpr int kEach = 500;
    ServiceUnderTest under_test;
    std::atomic<int> acknowledged{0};
    std::vector<std::thread> producers;
    for (int thread = 0; thread < kThreads; ++thread) {
        producers.emplace_back([&, thread] {
            for (int i = 0; i < kEach; ++i) {
                const bool taken = under_test.service->append(
                    request_of("t", std::to_string(thread) + "/" + std::to_string(i)),
                    [&](const Result<AppendResult, StoreError>& result) {
                        acknowledged += result ? 1 : 0;
                    });
                if (!taken) {
                    std::abort();  // 4000 events fit
                }
            }
        });
    }
    for (auto& producer : producers) {
        producer.join();
    }
    under_test.service.reset();
    CHECK(acknowledged == kThreads * kEach);
    std::int64_t next = 1;
    std::vector<int> next_of_thread(kThreads, 0);
    for (const auto& batch : under_test.batches()) {
        for (const auto& event : batch->events) {
            REQUIRE(event.pos == next++);
            const int thread = event.id[0] - '0';
            REQUIRE(event.id ==
                    std::to_string(thread) + "/" +
                        std::to_string(next_of_thread[static_cast<std::size_t>(thread)]++) + "-0");
        }
    }
    CHECK(next == kThreads * kEach + 1);
}

}  // namespace
}  // namespace hubtrail::storage
