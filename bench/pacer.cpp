#include "bench/pacer.h"

#include <cmath>
#include <ctime>
#include <utility>

#include <sys/prctl.h>

#include "base/random.h"

namespace hubtrail::bench {
namespace {

constexpr std::uint64_t kSeed = 20;
constexpr double kNsPerS = 1e9;
constexpr std::int64_t kWholeNs = 1'000'000'000;

}  // namespace

std::vector<std::int64_t> due_times(std::size_t count, double per_s) {
    SeededRandom random(kSeed);
    std::vector<std::int64_t> due(count);
    double at_ns = 0;
    for (auto& time : due) {
        // Uniform in (0, 1], then the gaps of a Poisson process.
        const auto drawn = static_cast<double>(random.next_u64() >> 11U) + 1;
        at_ns += -std::log(drawn / 9007199254740992.0) / per_s * kNsPerS;
        time = static_cast<std::int64_t>(at_ns);
    }
    return due;
}

void sleep_until(std::int64_t at_ns) {
    timespec at{};
    at.tv_sec = at_ns / kWholeNs;
    at.tv_nsec = at_ns % kWholeNs;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) {
    }
}

void Senders::start(std::size_t threads, std::size_t count,
                    const std::function<Send(std::size_t thread)>& make) {
    for (std::size_t thread = 0; thread < threads; ++thread) {
        threads_.emplace_back([this, thread, threads, count, make] {
            prctl(PR_SET_TIMERSLACK, 1);
            const auto send = make(thread);
            for (auto number = thread; number < count && state() && send(number);
                 number += threads) {
            }
        });
    }
}

void Senders::fail(BenchError error) {
    const MutexLock lock(mutex_);
    if (failure_.empty()) {
        failure_ = std::move(error.text);
    }
}

Result<void, BenchError> Senders::state() const {
    const MutexLock lock(mutex_);
    if (failure_.empty()) {
        return {};
    }
    return Failure{BenchError{failure_}};
}

void Senders::join() {
    for (auto& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

}  // namespace hubtrail::bench
