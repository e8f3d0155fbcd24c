#include "clients/cpp-sync/time_text.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace hubtrail::sync {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;

std::string seconds_text(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    return {text.data(), length};
}

}  // namespace

std::string utc_time_text(std::int64_t wall_us) {
    auto seconds = wall_us / kUsPerSecond;
    auto fraction = wall_us % kUsPerSecond;
    if (fraction < 0) {
        fraction += kUsPerSecond;
        --seconds;
    }
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), ".%06dZ", static_cast<int>(fraction));
    return seconds_text(seconds) + text.data();
}

std::string local_time_text(std::int64_t wall_us, int utc_offset_minutes) {
    return seconds_text(wall_us / kUsPerSecond + std::int64_t{utc_offset_minutes} * 60);
}

}  // namespace hubtrail::sync
