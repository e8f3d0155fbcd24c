#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "bench/report.h"

namespace hubtrail::bench {

/// When each of `count` messages is due, in nanoseconds from the beginning: at random, as
/// independent people send, with `per_s` on average. The same for every server and run.
std::vector<std::int64_t> due_times(std::size_t count, double per_s);

/// Sleeps until the moment of the steady clock, to within a few microseconds.
void sleep_until(std::int64_t at_ns);

/// Threads beside the one that receives, which do their part of a work and may fail at it. The
/// first failure ends the others. Thread: any; `mutex_` guards the failure.
class Senders {
public:
    /// False ends the thread, with fail() or without.
    using Send = std::function<bool(std::size_t number)>;

    Senders() = default;
    ~Senders() { join(); }
    Senders(const Senders&) = delete;
    Senders& operator=(const Senders&) = delete;

    /// Message `number` of `count` is sent by thread `number` modulo `threads`; `make` gives each
    /// thread its own way to send.
    void start(std::size_t threads, std::size_t count,
               const std::function<Send(std::size_t thread)>& make);
    void fail(BenchError error);
    /// What the first that failed said.
    Result<void, BenchError> state() const;
    /// All have sent what they had. Thread: main.
    void join();

private:
    mutable Mutex mutex_;
    std::string failure_ HUBTRAIL_GUARDED_BY(mutex_);
    std::vector<std::thread> threads_;
};

}  // namespace hubtrail::bench
