#pragma once

#include <cstdint>

#include "transport/loop.h"

namespace hubtrail::transport {

/// What a server sets unless it is told otherwise.
inline constexpr std::int64_t kGatherNsDefault = 10'000'000;

/// A loop below this load writes everything at the end of its turn.
inline constexpr int kGatherLoadMinPercent = 50;
/// Over which the load is measured: many turns, and no longer than a burst lasts.
inline constexpr std::int64_t kGatherWindowNs = 100'000'000;
/// A shorter wait is not worth its timer.
inline constexpr std::int64_t kGatherWaitMinNs = 200'000;

/// How long a busy loop lets what it has for many connections wait for more. A write costs the same
/// for one frame and for ten, so frames that come one by one keep a core busy with a tenth of what
/// it can deliver. The loop then rests after each round of writing for a part of the time that the
/// round took: for none of it at half load, for all of it at full load. Whatever comes meanwhile
/// leaves together. The wait so follows the cost: a round of microseconds delays nobody visibly.
/// Thread: strand.
class Gathering {
public:
    /// `wait_ns_max`: the longest that a frame waits; 0: never.
    explicit Gathering(std::int64_t wait_ns_max) : wait_ns_max_(wait_ns_max) {}

    bool on() const { return wait_ns_max_ > 0; }
    /// How long the next round should still wait; 0: write now.
    std::int64_t wait_ns(const LoopWork& now);
    /// A round was written between the two.
    void wrote(const LoopWork& begin, const LoopWork& end);

private:
    void measure(const LoopWork& now);

    const std::int64_t wait_ns_max_;
    LoopWork window_;  ///< where it began
    std::int64_t load_percent_ = 0;
    std::int64_t round_ns_ = 0;
    std::int64_t round_end_ns_ = 0;
};

}  // namespace hubtrail::transport
