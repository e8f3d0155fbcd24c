#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace hubtrail {

/// A clock that stands still until the test moves it. Starts at 2026-05-04T08:00:00Z.
/// Thread: any.
class FakeClock final : public Clock {
public:
    std::int64_t wall_us() const override { return wall_us_; }
    std::int64_t steady_ns() const override { return steady_ns_; }

    void advance_us(std::int64_t us) {
        wall_us_ += us;
        steady_ns_ += us * 1000;
    }
    /// The wall clock alone, as when an operator sets it.
    void set_wall_us(std::int64_t us) { wall_us_ = us; }

private:
    std::atomic<std::int64_t> wall_us_{1'777'881'600'000'000};
    std::atomic<std::int64_t> steady_ns_{1'000'000'000};
};

}  // namespace hubtrail
