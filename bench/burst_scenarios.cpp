#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "bench/bench.h"
#include "bench/scenario.h"
#include "bench/sequence_check.h"
#include "bench/statistics.h"
#include "bench/swarm.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kInFlight = 64;
constexpr double kAfterOpenS = 0.3;
constexpr double kSurplusS = 0.2;  // how long a message too many has to show itself
constexpr std::size_t kSender = 0;

/// Checks sequences and counts completions. Thread: main.
class BurstSink final : public SwarmSink {
public:
    BurstSink(std::size_t connections, std::uint64_t messages, std::uint32_t bytes)
        : check_(connections, messages, bytes) {}

    std::string on_record(std::size_t connection, std::string_view record) override {
        switch (check_.accept(connection, record)) {
            case SequenceCheck::Verdict::message:
                return {};
            case SequenceCheck::Verdict::other:
                ++completed_;
                return completion_fault(record);
            case SequenceCheck::Verdict::wrong:
                break;
        }
        return check_.failure();
    }

    std::uint64_t completed() const { return completed_; }
    std::uint64_t delivered() const { return check_.delivered(); }
    std::uint64_t next_of(std::size_t connection) const { return check_.next_of(connection); }

private:
    SequenceCheck check_;
    std::uint64_t completed_ = 0;
};

/// Runs `go_on` until it is false, then waits for a message too many. Adds the figures of what was
/// delivered meanwhile.
Result<void, BenchError> measure(Swarm& swarm, const BurstSink& sink, const ProcessProbe& probe,
                                 std::uint64_t expected, Progress& progress, Report& report,
                                 const std::function<bool()>& go_on) {
    if (auto result = swarm.run_for(kAfterOpenS); !result) {
        return result;
    }
    const std::uint64_t writes = swarm.writes();
    const CpuMeter meter(probe);
    auto result = swarm.run([&] {
        progress.show(static_cast<double>(sink.delivered()), static_cast<double>(expected));
        return go_on();
    });
    const auto delivered = static_cast<double>(sink.delivered());
    if (!result) {
        return Failure{BenchError{result.error().text + " (" + std::to_string(sink.delivered()) +
                                  " of " + std::to_string(expected) + " messages arrived)"}};
    }
    report.add("deliveries_per_s", delivered / meter.elapsed_s());
    add_cpu(report, probe, meter, delivered, "delivery");
    if (delivered > 0) {
        report.add("writes_per_delivery", static_cast<double>(swarm.writes() - writes) / delivered);
    }
    return swarm.run_for(kSurplusS);
}

/// The same with one call that has the server send all of it.
Result<void, BenchError> measure_call(Swarm& swarm, const BurstSink& sink,
                                      const ProcessProbe& probe, const std::string& invocation,
                                      std::uint64_t expected, Progress& progress, Report& report) {
    bool called = false;
    return measure(swarm, sink, probe, expected, progress, report, [&] {
        if (!std::exchange(called, true)) {
            swarm.send(kSender, invocation);
        }
        return sink.delivered() < expected || sink.completed() < 1;
    });
}

Result<void, BenchError> fanout(const FanoutOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    const std::uint64_t messages = std::uint64_t{options.rounds} * options.per_turn;
    const std::uint64_t of_round = std::uint64_t{options.per_turn} * options.connections;
    BurstSink sink(options.connections, messages, options.bytes);
    Progress progress("fanout");
    const auto swarm_of = make_swarm(options.target, options.connections, sink);
    Swarm& swarm = *swarm_of;
    if (auto result = swarm.open(kInFlight, progress); !result) {
        return result;
    }
    std::uint64_t round = 0;
    std::int64_t begin_ns = 0;
    std::int64_t arrived_ns = 0;
    Samples rounds;
    return measure(swarm, sink, probe, messages * options.connections, progress, report, [&] {
        if (sink.delivered() < round * of_round || sink.completed() < round) {
            return true;
        }
        if (round > 0 && arrived_ns == 0) {
            arrived_ns = now_ns();
            rounds.add(arrived_ns - begin_ns);
        }
        if (round == options.rounds) {
            report.add("round_p50_us", rounds.percentile_us(50));
            report.add("round_p99_us", rounds.percentile_us(99));
            return false;
        }
        if (now_ns() - arrived_ns >= std::int64_t{options.pause_ms} * 1'000'000) {
            begin_ns = now_ns();
            arrived_ns = 0;
            swarm.send(kSender, round_call(round++ * options.per_turn, options.per_turn,
                                           options.bytes, Answer::wanted));
        }
        return true;
    });
}

Result<void, BenchError> to_user(const ToUserOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    BurstSink sink(options.connections, options.rounds, kArgumentAnyBytes);
    Progress progress("touser");
    const auto swarm_of = make_swarm(options.target, options.connections, sink);
    Swarm& swarm = *swarm_of;
    swarm.paths([&](std::size_t i) { return options.target.path + "?user=u" + std::to_string(i); });
    if (auto result = swarm.open(kInFlight, progress); !result) {
        return result;
    }
    swarm.stay_awake();
    // In the middle, so that a server that walks its connections is met half way.
    const std::size_t receiver = options.connections / 2;
    auto result =
        measure_call(swarm, sink, probe,
                     R"({"type":1,"invocationId":"1","target":"ToUser","arguments":["u)" +
                         std::to_string(receiver) + "\"," + std::to_string(options.rounds) + "]}",
                     options.rounds, progress, report);
    if (result && sink.next_of(receiver) != options.rounds) {
        return Failure{BenchError{"messages for one user went to another"}};
    }
    return result;
}

Result<void, BenchError> group(const GroupOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    BurstSink sink(options.connections, options.rounds, kArgumentAnyBytes);
    Progress progress("group");
    const auto swarm_of = make_swarm(options.target, options.connections, sink);
    Swarm& swarm = *swarm_of;
    // The members are spread over the connections, as they would be in life.
    const auto step =
        options.members == 0 ? options.connections : options.connections / options.members;
    swarm.paths([&](std::size_t i) {
        const bool member = options.members > 0 && i % step == 0 && i / step < options.members;
        return options.target.path + "?group=g" + std::to_string(i % options.groups) +
               (member ? ",target" : "");
    });
    if (auto result = swarm.open(kInFlight, progress); !result) {
        return result;
    }
    auto result =
        measure_call(swarm, sink, probe,
                     R"({"type":1,"invocationId":"1","target":"ToGroup","arguments":["target",)" +
                         std::to_string(options.rounds) + "]}",
                     std::uint64_t{options.rounds} * options.members, progress, report);
    const auto cpu =
        std::find_if(report.figures.begin(), report.figures.end(),
                     [](const Figure& figure) { return figure.name == "server_cpu_s"; });
    if (cpu != report.figures.end()) {
        report.add("server_cpu_us_per_send", cpu->value / options.rounds * kPerMicrosecond);
    }
    return result;
}

}  // namespace

Report run_fanout(const FanoutOptions& options) {
    Report report{"fanout",
                  {{"connections", static_cast<double>(options.connections)},
                   {"rounds", static_cast<double>(options.rounds)},
                   {"per_turn", static_cast<double>(options.per_turn)},
                   {"bytes", static_cast<double>(options.bytes)},
                   {"pause_ms", static_cast<double>(options.pause_ms)}},
                  {},
                  {}};
    if (options.bytes == kArgumentAnyBytes) {
        report.failure = "bytes must be at least 1";
    } else if (const auto result = fanout(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

Report run_to_user(const ToUserOptions& options) {
    Report report{"touser",
                  {{"connections", static_cast<double>(options.connections)},
                   {"rounds", static_cast<double>(options.rounds)}},
                  {},
                  {}};
    if (const auto result = to_user(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

Report run_group(const GroupOptions& options) {
    Report report{"group",
                  {{"connections", static_cast<double>(options.connections)},
                   {"groups", static_cast<double>(options.groups)},
                   {"members", static_cast<double>(options.members)},
                   {"rounds", static_cast<double>(options.rounds)}},
                  {},
                  {}};
    if (options.members > options.connections) {
        report.failure = "there are more members than connections";
    } else if (const auto result = group(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

}  // namespace hubtrail::bench
