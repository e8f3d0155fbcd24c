#pragma once

#include <algorithm>
#include <cstdint>

namespace hubtrail::follow {

// When a log that could not be read for a while is asked again (docs/limits.md).
inline constexpr std::int64_t kReadRetryFirstNs = 250'000'000;
inline constexpr std::int64_t kReadRetryMaxNs = 10'000'000'000;

/// Delays between the attempts of one outage, each twice the one before. It logs nothing: the log
/// service does, once per outage and not once per reader. Thread: strand.
class ReadRetry {
public:
    std::int64_t next_ns() {
        const auto delay_ns = delay_ns_;
        delay_ns_ = std::min(delay_ns_ * 2, kReadRetryMaxNs);
        return delay_ns;
    }
    /// A read succeeded.
    void over() { delay_ns_ = kReadRetryFirstNs; }

private:
    std::int64_t delay_ns_ = kReadRetryFirstNs;
};

}  // namespace hubtrail::follow
