#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "clients/cpp-sync/stop_signal.h"

namespace hubtrail::sync {

inline constexpr double kDemoRateMax = 100'000;
/// An entry has about 20 JSON members; the server's guard takes 10,000 in one text.
inline constexpr std::size_t kDemoBatchEventsMax = 250;

struct DemoFeedOptions {
    std::string url;
    std::string token;
    std::string site;
    std::uint64_t seed = 1;
    /// Empty: a fresh one for each run, so that a second run adds events. See DemoBuilding.
    std::string run_prefix;
    double events_per_second = 2;
    std::optional<std::uint64_t> count;  ///< nothing: until the user stops
    int utc_offset_minutes = 60;
};

/// `hubtrail demo-feed`: sends what happens in an invented building; answers the exit code.
int run_demo_feed(const DemoFeedOptions& options, const StopSignal& stop);

/// When event `number` (from 0) is due, in nanoseconds after the first.
std::int64_t demo_due_ns(std::uint64_t number, double events_per_second);

}  // namespace hubtrail::sync
