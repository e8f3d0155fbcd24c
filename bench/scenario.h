#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bench/bench.h"
#include "bench/process_probe.h"
#include "bench/progress.h"

/// What all run functions share; not for callers of bench.h.
namespace hubtrail::bench {

constexpr double kPerMicrosecond = 1e6;

/// CPU of the server and of this client between its construction and each reading.
/// Thread: main.
class CpuMeter {
public:
    explicit CpuMeter(const ProcessProbe& probe)
        : probe_(probe), server_s_(probe.cpu_s()), own_s_(own_cpu_s()), begin_ns_(now_ns()) {}

    double server_s() const { return probe_.cpu_s() - server_s_; }
    double own_s() const { return own_cpu_s() - own_s_; }
    double elapsed_s() const { return static_cast<double>(now_ns() - begin_ns_) / 1e9; }

private:
    const ProcessProbe& probe_;
    double server_s_;
    double own_s_;
    std::int64_t begin_ns_;
};

/// Adds `server_cpu_us_per_<unit>`, `server_cpu_percent`, `client_cpu_percent`; the server's only
/// when it can be watched.
inline void add_cpu(Report& report, const ProcessProbe& probe, const CpuMeter& meter, double units,
                    const std::string& unit) {
    const double elapsed = meter.elapsed_s();
    const double server = meter.server_s();
    if (probe.present()) {
        if (units > 0) {
            report.add("server_cpu_us_per_" + unit, server / units * kPerMicrosecond);
        }
        report.add("server_cpu_percent", server / elapsed * 100);
        report.add("server_cpu_s", server);
    }
    report.add("client_cpu_percent", meter.own_s() / elapsed * 100);
    report.add("elapsed_s", elapsed);
}

enum class Answer { wanted, unwanted };

/// The call that has the bench hub send the messages `first` to `first + count - 1` to all.
std::string round_call(std::uint64_t first, std::uint32_t count, std::uint32_t bytes,
                       Answer answer);

/// Empty, or the error of a completion record (SignalR message type 3) or of a close (type 7).
std::string completion_fault(std::string_view record);

}  // namespace hubtrail::bench
