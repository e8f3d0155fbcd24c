#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hubtrail::bench {

/// Durations of one kind. Thread: main.
class Samples {
public:
    void add(std::int64_t nanoseconds) { values_.push_back(nanoseconds); }
    std::size_t size() const { return values_.size(); }

    /// The smallest value that is not below `percent` of all (nearest rank), in microseconds.
    /// 0 is the smallest, 100 the largest; 0.0 when there are no values. Sorts on first use.
    double percentile_us(double percent);

private:
    std::vector<std::int64_t> values_;
    std::size_t sorted_ = 0;
};

/// The KiB behind `key` (`VmRSS:`) in the text of /proc/PID/status; -1 when absent.
std::int64_t kib_of_status(std::string_view status, std::string_view key);

}  // namespace hubtrail::bench
