#include "transport/gathering.h"

#include <algorithm>

namespace hubtrail::transport {
namespace {

constexpr std::int64_t kPercent = 100;

}  // namespace

std::int64_t Gathering::wait_ns(const LoopWork& now) {
    measure(now);
    const auto over = std::max<std::int64_t>(load_percent_ - kGatherLoadMinPercent, 0);
    const auto rest = round_ns_ * over / (kPercent - kGatherLoadMinPercent);
    const auto left = round_end_ns_ + rest - now.now_ns;
    return left < kGatherWaitMinNs ? 0 : std::min(left, wait_ns_max_);
}

void Gathering::wrote(const LoopWork& begin, const LoopWork& end) {
    round_ns_ = end.now_ns - begin.now_ns;
    round_end_ns_ = end.now_ns;
}

void Gathering::measure(const LoopWork& now) {
    const auto wall = now.now_ns - window_.now_ns;
    if (wall < kGatherWindowNs) {
        return;
    }
    load_percent_ = std::min((now.busy_ns - window_.busy_ns) * kPercent / wall, kPercent);
    window_ = now;
}

}  // namespace hubtrail::transport
