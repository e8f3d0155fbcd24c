#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "bench/log_check.h"
#include "bench/progress.h"
#include "bench/swarm.h"

namespace hubtrail::bench {

/// Connections of the hub of all changes that follow the log by `Subscribe` and check what they
/// get. Thread: main.
class LogFollowers final : public SwarmSink {
public:
    using OnEvent = std::function<void(std::uint64_t number)>;

    /// Opens them and waits until all are live. From then on the log gets the `events` events of
    /// `run` and no others. `on_event` is called for each event on each connection.
    static Result<std::unique_ptr<LogFollowers>, BenchError> open(
        Target target, std::size_t connections, const std::string& run, std::uint64_t events,
        Progress& progress, OnEvent on_event);

    Swarm& swarm() { return *swarm_; }
    const LogCheck& check() const { return *check_; }
    std::string on_record(std::size_t connection, std::string_view record) override;

private:
    explicit LogFollowers(OnEvent on_event) : on_event_(std::move(on_event)) {}

    OnEvent on_event_;
    std::unique_ptr<LogCheck> check_;
    std::unique_ptr<Swarm> swarm_;
};

}  // namespace hubtrail::bench
