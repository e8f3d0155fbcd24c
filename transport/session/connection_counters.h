#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "transport/connection.h"

namespace hubtrail::transport {

/// How a connection ended, as `signalr.connection.status` of the reference's metrics says it.
enum class EndStatus : std::uint8_t { normal_closure, timeout, app_shutdown };

inline constexpr std::size_t kTransportKinds = 3;
inline constexpr std::size_t kEndStatuses = 3;

/// Upper bounds in seconds of the buckets of `signalr.server.connection.duration`; one more bucket
/// has none.
inline constexpr std::array<double, 14> kDurationBounds = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,
                                                           2,    5,    10,   30,  60,  120, 300};

/// Connections of one loop, counted from their first transport request. Written by the loop, read
/// by any thread: each figure is right by itself, several need not be of one moment. Thread: strand
/// for started() and ended(), any for the rest.
class ConnectionCounters {
public:
    struct Durations {
        std::array<std::atomic<std::uint64_t>, kDurationBounds.size() + 1> buckets{};
        std::atomic<std::uint64_t> count{0};
        std::atomic<std::int64_t> sum_ns{0};
    };

    void started(TransportKind kind) { add(active_[index(kind)], std::int64_t{1}); }
    void ended(TransportKind kind, EndStatus status, std::int64_t duration_ns) {
        add(active_[index(kind)], std::int64_t{-1});
        auto& durations = durations_[index(kind)][static_cast<std::size_t>(status)];
        std::size_t bucket = 0;
        while (bucket < kDurationBounds.size() &&
               static_cast<double>(duration_ns) > kDurationBounds[bucket] * 1e9) {
            ++bucket;
        }
        add(durations.buckets[bucket], std::uint64_t{1});
        add(durations.count, std::uint64_t{1});
        add(durations.sum_ns, duration_ns);
    }

    std::int64_t active(TransportKind kind) const {
        return active_[index(kind)].load(std::memory_order_relaxed);
    }
    const Durations& durations(TransportKind kind, EndStatus status) const {
        return durations_[index(kind)][static_cast<std::size_t>(status)];
    }

private:
    static std::size_t index(TransportKind kind) { return static_cast<std::size_t>(kind); }
    // One writer: no locked instruction is needed.
    template <typename T>
    static void add(std::atomic<T>& figure, T by) {
        figure.store(figure.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    std::array<std::atomic<std::int64_t>, kTransportKinds> active_{};
    std::array<std::array<Durations, kEndStatuses>, kTransportKinds> durations_;
};

}  // namespace hubtrail::transport
