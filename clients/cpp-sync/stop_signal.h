#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace hubtrail::sync {

/// The user's wish to stop. `server/` owns one and calls request() from its SIGINT/SIGTERM handler.
/// Thread: any. request() is async-signal-safe; everything else reads an atomic or a descriptor.
class StopSignal {
public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    void request() noexcept;
    bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }
    /// Readable from the first request() on, for poll().
    int descriptor() const noexcept { return descriptor_; }

private:
    std::atomic<bool> requested_{false};
    int descriptor_;
};

/// How the client waits, so that a test can own the time.
/// Thread: any; implementations keep no state or guard it.
class Pause {
public:
    enum class Woken { by_time, by_stop };

    virtual ~Pause() = default;
    /// Waits at most this many milliseconds; comes back early when the user wants to stop.
    virtual Woken wait(std::int64_t milliseconds) = 0;
    /// Waits that long although the user wants to stop, for what must still be brought to its end.
    virtual void wait_after_stop(std::int64_t milliseconds) = 0;
};

/// Waits on the machine's clock. Thread: any. The signal must outlive it.
class StopPause final : public Pause {
public:
    explicit StopPause(const StopSignal& stop) : stop_(stop) {}
    Woken wait(std::int64_t milliseconds) override;
    void wait_after_stop(std::int64_t milliseconds) override;

private:
    const StopSignal& stop_;
};

inline std::int64_t steady_ms(const Clock& clock) {
    return clock.steady_ns() / 1'000'000;
}

}  // namespace hubtrail::sync
