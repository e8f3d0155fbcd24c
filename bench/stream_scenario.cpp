#include <cstddef>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/json_scan.h"
#include "bench/scenario.h"
#include "bench/swarm.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kInFlight = 64;
constexpr double kAfterOpenS = 0.3;

/// The items 0, 1, 2, ... of one stream on each connection, then its completion. Thread: main.
class StreamSink final : public SwarmSink {
public:
    StreamSink(std::size_t connections, std::uint64_t items) : next_(connections), items_(items) {}

    std::string on_record(std::size_t connection, std::string_view record) override {
        auto& next = next_[connection];
        const auto item = json_unsigned(json_member(record, "item").value_or(""));
        if (item && json_member(record, "type") == "2" && *item == next && next < items_) {
            ++next;
            ++received_;
            return {};
        }
        if (next == items_) {
            ++completed_;
            return completion_fault(record);
        }
        return "not item " + std::to_string(next) + ": " + std::string(record.substr(0, 200));
    }

    std::uint64_t received() const { return received_; }
    std::size_t completed() const { return completed_; }

private:
    std::vector<std::uint64_t> next_;
    std::uint64_t items_;
    std::uint64_t received_ = 0;
    std::size_t completed_ = 0;
};

Result<void, BenchError> stream(const StreamOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    StreamSink sink(options.connections, options.items);
    Progress progress("stream");
    const auto swarm = make_swarm(options.target, options.connections, sink);
    if (auto result = swarm->open(kInFlight, progress); !result) {
        return result;
    }
    if (auto result = swarm->run_for(kAfterOpenS); !result) {
        return result;
    }
    const CpuMeter meter(probe);
    for (std::size_t i = 0; i < options.connections; ++i) {
        swarm->send(i, R"({"type":4,"invocationId":"1","target":"Count","arguments":[)" +
                           std::to_string(options.items) + "]}");
    }
    const auto expected = std::uint64_t{options.items} * options.connections;
    auto result = swarm->run([&] {
        progress.show(static_cast<double>(sink.received()), static_cast<double>(expected));
        return sink.completed() < options.connections;
    });
    if (!result) {
        return result;
    }
    const auto items = static_cast<double>(sink.received());
    report.add("items_per_s", items / meter.elapsed_s());
    add_cpu(report, probe, meter, items, "item");
    return {};
}

}  // namespace

Report run_stream(const StreamOptions& options) {
    Report report{"stream",
                  {{"connections", static_cast<double>(options.connections)},
                   {"items", static_cast<double>(options.items)}},
                  {},
                  {}};
    if (const auto result = stream(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

}  // namespace hubtrail::bench
