#include "bench/statistics.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hubtrail::bench {
namespace {

std::int64_t integer(std::string_view text) {
    std::int64_t value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

double Samples::percentile_us(double percent) {
    if (values_.empty()) {
        return 0.0;
    }
    if (sorted_ != values_.size()) {
        std::sort(values_.begin(), values_.end());
        sorted_ = values_.size();
    }
    const double rank = std::ceil(percent / 100.0 * static_cast<double>(values_.size()));
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return static_cast<double>(values_[std::min(index, values_.size() - 1)]) / 1e3;
}

std::int64_t kib_of_status(std::string_view status, std::string_view key) {
    for (std::size_t line = 0; line < status.size();) {
        const auto end = std::min(status.find('\n', line), status.size());
        std::string_view text = status.substr(line, end - line);
        if (text.substr(0, key.size()) == key) {
            text.remove_prefix(key.size());
            text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
            return integer(text);
        }
        line = end + 1;
    }
    return -1;
}

}  // namespace hubtrail::bench
