#include "bench/process_probe.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/statistics.h"

namespace hubtrail::bench {
namespace {

constexpr int kSettleStepMs = 50;
constexpr int kSettledSteps = 6;

std::string read_proc(int pid, const char* name) {
    const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return {};
    }
    std::array<char, 8192> text;
    const auto got = read(fd, text.data(), text.size());
    close(fd);
    return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string();
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

std::int64_t now_ns() {
    return SystemClock().steady_ns();
}

double own_cpu_s() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ProcessProbe::cpu_s() const {
    if (!present()) {
        return 0.0;
    }
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0.0;
    }
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double ProcessProbe::rss_kib() const {
    if (!present()) {
        return 0.0;
    }
    return static_cast<double>(
        std::max<std::int64_t>(kib_of_status(read_proc(pid_, "status"), "VmRSS:"), 0));
}

double ProcessProbe::settled_rss_kib(int limit_ms) const {
    double last = rss_kib();
    int same = 0;
    for (int waited = 0; present() && waited < limit_ms && same < kSettledSteps;
         waited += kSettleStepMs) {
        std::this_thread::sleep_for(std::chrono::milliseconds(kSettleStepMs));
        const double now = rss_kib();
        same = now == last ? same + 1 : 0;
        last = now;
    }
    return last;
}

}  // namespace hubtrail::bench
