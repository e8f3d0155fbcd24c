// Measures, on demand: `contract_test "[.speed]"`. Not run by ctest. The figures of a machine;
// build Release.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "storage/log_service.h"
#include "tests/contract/log_store_contract.h"

namespace hubtrail::storage::contract {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Of this thread, system calls included: what remains when others use the machine and the disk too.
double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// The floor under every commit: overwriting 64 KiB of a file and waiting for the disk.
void measure_sync(const std::string& path) {
    const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    REQUIRE(file >= 0);
    const std::string block(64 * 1024, 'x');
    REQUIRE(::pwrite(file, block.data(), block.size(), 0) == static_cast<ssize_t>(block.size()));
    REQUIRE(::fdatasync(file) == 0);
    const auto start = std::chrono::steady_clock::now();
    int count = 0;
    for (; seconds_since(start) < 0.5; ++count) {
        REQUIRE(::pwrite(file, block.data(), block.size(), 0) ==
                static_cast<ssize_t>(block.size()));
        REQUIRE(::fdatasync(file) == 0);
    }
    std::printf("write 64 KiB + fdatasync: %.0f us\n", seconds_since(start) / count * 1e6);
    ::close(file);
}

std::vector<AppendRequest> make_group(Random& random, int requests, bool ordered_ids,
                                      std::int64_t now_us) {
    std::vector<AppendRequest> group;
    for (int i = 0; i < requests; ++i) {
        const std::string id = ordered_ids ? make_uuid_v7(now_us, random)
                                           : std::to_string(random.next_u64()) + std::to_string(i);
        group.push_back(make_request("t", {make_event(id, std::string(300, 'x'))}));
    }
    return group;
}

void measure_append(ContractLog<SqliteUnderTest>& log, int group_size, bool ordered_ids,
                    double seconds) {
    SeededRandom random(static_cast<std::uint64_t>(group_size) * 2 + (ordered_ids ? 1 : 0));
    double spent = 0;
    double cpu = 0;
    std::size_t events = 0;
    std::size_t commits = 0;
    std::int64_t now_us = 1'700'000'000'000'000;
    while (spent < seconds) {
        const auto group = make_group(random, group_size, ordered_ids, now_us += 1000);
        const auto start = std::chrono::steady_clock::now();
        const double cpu_start = cpu_seconds();
        log.append(group, now_us);
        cpu += cpu_seconds() - cpu_start;
        spent += seconds_since(start);
        events += group.size();
        ++commits;
    }
    std::printf(
        "append groups of %4d, %s ids: %8.0f events/s, %6.0f commits/s, %5.1f us CPU an event\n",
        group_size, ordered_ids ? "UUIDv7" : "random", static_cast<double>(events) / spent,
        static_cast<double>(commits) / spent, cpu / static_cast<double>(events) * 1e6);
}

void measure_read(ContractLog<SqliteUnderTest>& log, const char* what, const EventFilter& filter) {
    ReadRequest request = read_after("t", 0);
    request.filter = filter;
    const auto start = std::chrono::steady_clock::now();
    const double cpu_start = cpu_seconds();
    std::int64_t looked_at = 0;
    std::size_t rows = 0;
    while (seconds_since(start) < 1.5) {
        const Page page = log.read(request);
        rows += page.events.size();
        looked_at += page.to - request.after_pos;
        request.after_pos = page.to == page.head.last_pos ? 0 : page.to;
    }
    const double spent = seconds_since(start);
    std::printf(
        "read pages of 1000, %-24s: %8.0f events/s, %8.0f positions/s, %5.2f us CPU a position\n",
        what, static_cast<double>(rows) / spent, static_cast<double>(looked_at) / spent,
        (cpu_seconds() - cpu_start) / static_cast<double>(looked_at) * 1e6);
}

// Every acknowledgement makes its producer append its next event, on the writer's own thread.
void measure_service(int producers, double seconds) {
    SqliteUnderTest under_test;
    const SystemClock clock;
    const auto log = make_null_log();
    std::atomic<std::size_t> commits{0};
    std::atomic<std::size_t> events{0};
    std::atomic<bool> running{true};
    auto started = start_log_service(
        under_test.store(), clock, *log, {},
        [&](const std::shared_ptr<const CommittedBatch>&) { ++commits; }, nullptr);
    REQUIRE(started);
    LogService& service = **started;
    SeededRandom random(1);  // of the writer's thread once it runs
    std::function<void()> produce = [&] {
        const std::string id = make_uuid_v7(clock.wall_us(), random);
        const bool taken =
            service.append(make_request("t", {make_event(id, std::string(300, 'x'))}),
                           [&](const Result<AppendResult, StoreError>& result) {
                               events += result ? 1 : 0;
                               if (running) {
                                   produce();
                               }
                           });
        if (!taken) {
            std::abort();
        }
    };
    const auto start = std::chrono::steady_clock::now();
    // The first acknowledgement starts the others, so that `random` has one thread.
    REQUIRE(service.append(make_request("t", {make_event("first")}),
                           [&](const Result<AppendResult, StoreError>&) {
                               for (int i = 0; i < producers; ++i) {
                                   produce();
                               }
                           }));
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    running = false;
    started = Failure{StoreError{}};  // ends the service
    const double spent = seconds_since(start);
    std::printf("service, %4d producers of singles: %8.0f events/s, %6.0f commits/s\n", producers,
                static_cast<double>(events) / spent, static_cast<double>(commits) / spent);
}

TEST_CASE("Speed of the log service on SQLite", "[.speed]") {
    measure_service(1, 1);
    measure_service(16, 1);
    measure_service(128, 2);
    measure_service(1000, 2);
}

TEST_CASE("Speed of the SQLite log", "[.speed]") {
    ContractLog<SqliteUnderTest> log;
    measure_sync(log.under_test.path() + "-sync");
    measure_append(log, 1, true, 0.5);
    measure_append(log, 10, true, 0.5);
    measure_append(log, 100, true, 2);
    measure_append(log, 100, false, 2);
    measure_append(log, 1000, true, 1);
    measure_read(log, "no filter", {});
    EventFilter filter;
    filter.types = {"entry.*"};
    filter.any_site = false;
    filter.sites = {"site-1", "site-2", "site-3"};
    measure_read(log, "filter, all match", filter);
    filter.types = {"file.*"};
    measure_read(log, "filter, none matches", filter);
}

}  // namespace
}  // namespace hubtrail::storage::contract
