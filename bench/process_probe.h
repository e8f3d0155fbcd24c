#pragma once

#include <cstdint>

namespace hubtrail::bench {

/// Nanoseconds of the machine's steady clock.
std::int64_t now_ns();

/// CPU seconds that this process has used.
double own_cpu_s();

/// Watches the server. CPU is user + system of all its threads, those that have ended included and
/// children not, by the kernel's clock of the process, which counts nanoseconds; memory is read
/// from /proc.
/// Thread: main.
class ProcessProbe {
public:
    explicit ProcessProbe(int pid) : pid_(pid) {}

    bool present() const { return pid_ > 0; }
    /// Seconds since the process began; 0.0 when there is no process to watch.
    double cpu_s() const;
    /// Resident memory in KiB; 0.0 when there is no process to watch.
    double rss_kib() const;
    /// Sleeps in small steps until RSS has stood still for 0.3 s, at most `limit_ms`; then reads
    /// it.
    double settled_rss_kib(int limit_ms) const;

private:
    int pid_;
};

}  // namespace hubtrail::bench
