#pragma once

#include <cstdint>

namespace hubtrail {

/// Where time comes from, so that a test or a simulation can own it.
/// Thread: any; implementations are stateless or synchronise themselves.
class Clock {
public:
    virtual ~Clock() = default;

    /// Microseconds since 1970-01-01 UTC. May jump; only for what people and tokens mean by "now".
    virtual std::int64_t wall_us() const = 0;

    /// Nanoseconds from an arbitrary start. Never goes back; for timeouts and intervals.
    virtual std::int64_t steady_ns() const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
public:
    std::int64_t wall_us() const override;
    std::int64_t steady_ns() const override;
};

}  // namespace hubtrail
