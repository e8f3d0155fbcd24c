#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "bench/bench.h"
#include "bench/json_scan.h"
#include "bench/scenario.h"
#include "bench/statistics.h"
#include "bench/swarm.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr int kSettleLimitMs = 3'000;
constexpr double kAfterOpenS =
    0.3;  // what the server still does for a connection after its handshake
constexpr int kPingIntervalS = 15;
constexpr std::size_t kInFlight = 64;

/// A sink for scenarios in which the server has nothing to say. Thread: main.
class SilentSink final : public SwarmSink {
public:
    std::string on_record(std::size_t, std::string_view record) override {
        return "unexpected: " + std::string(record.substr(0, 200));
    }
};

/// Answers of Echo: the next request of a connection is sent when the last came back right.
/// Thread: main.
class EchoSink final : public SwarmSink {
public:
    EchoSink(std::size_t connections, std::uint32_t bytes, Encoding encoding)
        : calls_(connections), bytes_(bytes), encoding_(encoding) {}

    void attach(Swarm& swarm) { swarm_ = &swarm; }
    void stop() { stopped_ = true; }
    std::size_t outstanding() const { return outstanding_; }
    Samples& samples() { return samples_; }

    void call(std::size_t connection) {
        Call& call = calls_[connection];
        const std::string id = std::to_string(++call.number);
        call.text = std::to_string(connection) + "-" + id + ":";
        call.text.resize(std::max<std::size_t>(bytes_, call.text.size()), 'e');
        call.sent_ns = now_ns();
        ++outstanding_;
        if (encoding_ == Encoding::messagepack) {
            swarm_->send(connection, std::string("\x95\x01\x80") + packed(id) + packed("Echo") +
                                         "\x91" + packed(call.text));
            return;
        }
        swarm_->send(connection, R"({"type":1,"invocationId":")" + id +
                                     R"(","target":"Echo","arguments":[")" + call.text + "\"]}");
    }

    std::string on_record(std::size_t connection, std::string_view record) override {
        const Call& call = calls_[connection];
        if (encoding_ == Encoding::messagepack) {
            // A completion with a result; written in full, since there is one way to write it.
            if (record != std::string("\x95\x03\x80") + packed(std::to_string(call.number)) +
                              "\x03" + packed(call.text)) {
                return "not the answer to call " + std::to_string(call.number);
            }
            return answered(connection);
        }
        if (std::string fault = completion_fault(record); !fault.empty()) {
            return fault;
        }
        const auto id = json_plain_string(json_member(record, "invocationId").value_or(""));
        const auto result = json_plain_string(json_member(record, "result").value_or(""));
        if (id != std::to_string(call.number) || result != call.text) {
            return "not the answer to call " + std::to_string(call.number) + ": " +
                   std::string(record.substr(0, 200));
        }
        return answered(connection);
    }

private:
    std::string answered(std::size_t connection) {
        samples_.add(now_ns() - calls_[connection].sent_ns);
        --outstanding_;
        if (!stopped_) {
            call(connection);
        }
        return {};
    }

    // The shortest form of a MessagePack string, up to 64 KiB.
    static std::string packed(std::string_view text) {
        const auto byte = [](std::size_t value) { return static_cast<char>(value & 0xffU); };
        std::string out;
        if (text.size() < 32) {
            out = {byte(0xa0U | text.size())};
        } else if (text.size() < 256) {
            out = {byte(0xd9), byte(text.size())};
        } else {
            out = {byte(0xda), byte(text.size() >> 8U), byte(text.size())};
        }
        return out.append(text);
    }

    struct Call {
        std::uint64_t number = 0;
        std::int64_t sent_ns = 0;
        std::string text;
    };

    std::vector<Call> calls_;
    std::uint32_t bytes_;
    Encoding encoding_;
    Swarm* swarm_ = nullptr;
    Samples samples_;
    std::size_t outstanding_ = 0;
    bool stopped_ = false;
};

/// Adds the memory of `connections` since `before_kib`, each and in all.
void add_rss(Report& report, const ProcessProbe& probe, double before_kib,
             std::size_t connections) {
    if (!probe.present()) {
        return;
    }
    const double after_kib = probe.settled_rss_kib(kSettleLimitMs);
    report.add("server_rss_kib_per_connection",
               (after_kib - before_kib) / static_cast<double>(connections));
    report.add("server_rss_before_kib", before_kib);
    report.add("server_rss_after_kib", after_kib);
}

Result<void, BenchError> connect(const ConnectOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    const double before_kib = probe.settled_rss_kib(kSettleLimitMs);
    SilentSink sink;
    Progress progress("connect");
    const auto swarm_of = make_swarm(options.target, options.connections, sink);
    Swarm& swarm = *swarm_of;
    const CpuMeter meter(probe);
    if (auto result = swarm.open(options.in_flight, progress); !result) {
        return result;
    }
    const double opened_s = meter.elapsed_s();
    if (auto result = swarm.run_for(kAfterOpenS); !result) {
        return result;
    }
    const auto count = static_cast<double>(options.connections);
    report.add("connections_per_s", count / opened_s);
    add_cpu(report, probe, meter, count, "connection");
    add_rss(report, probe, before_kib, options.connections);
    return swarm.run_for(0);
}

Result<void, BenchError> idle(const IdleOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    const double before_kib = probe.settled_rss_kib(kSettleLimitMs);
    SilentSink sink;
    Progress progress("idle: connect");
    const auto swarm_of = make_swarm(options.target, options.connections, sink);
    Swarm& swarm = *swarm_of;
    if (auto result = swarm.open(kInFlight, progress); !result) {
        return result;
    }
    if (auto result = swarm.run_for(kAfterOpenS); !result) {
        return result;
    }
    progress.label("idle");
    const std::uint64_t received = swarm.pings_received();
    const std::uint64_t sent = swarm.pings_sent();
    const CpuMeter meter(probe);
    auto result = swarm.run([&] {
        progress.show(meter.elapsed_s(), options.seconds);
        return meter.elapsed_s() < options.seconds;
    });
    if (!result) {
        return result;
    }
    add_cpu(report, probe, meter, 0, "connection");
    report.add("pings_received", static_cast<double>(swarm.pings_received() - received));
    report.add("pings_sent", static_cast<double>(swarm.pings_sent() - sent));
    add_rss(report, probe, before_kib, options.connections);
    // A stock client gives up after 30 s of silence, so a server that is compared must have pinged.
    if (options.seconds >= 2 * kPingIntervalS && swarm.connections_without_ping() > 0) {
        return Failure{BenchError{std::to_string(swarm.connections_without_ping()) +
                                  " connections had no ping from the server"}};
    }
    return {};
}

Result<void, BenchError> echo(const EchoOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    EchoSink sink(options.connections, options.bytes, options.target.encoding);
    Progress progress("echo");
    const auto swarm_of = make_swarm(options.target, options.connections, sink);
    Swarm& swarm = *swarm_of;
    sink.attach(swarm);
    if (auto result = swarm.open(kInFlight, progress); !result) {
        return result;
    }
    if (auto result = swarm.run_for(kAfterOpenS); !result) {
        return result;
    }
    const CpuMeter meter(probe);
    for (std::size_t i = 0; i < options.connections; ++i) {
        sink.call(i);
    }
    auto result = swarm.run([&] {
        const double elapsed = meter.elapsed_s();
        progress.show(elapsed, options.seconds);
        if (elapsed >= options.seconds) {
            sink.stop();
        }
        return sink.outstanding() > 0;
    });
    if (!result) {
        return result;
    }
    const auto echoes = static_cast<double>(sink.samples().size());
    report.add("echoes_per_s", echoes / meter.elapsed_s());
    add_cpu(report, probe, meter, echoes, "echo");
    report.add("p50_us", sink.samples().percentile_us(50));
    report.add("p99_us", sink.samples().percentile_us(99));
    return {};
}

}  // namespace

std::string round_call(std::uint64_t first, std::uint32_t count, std::uint32_t bytes,
                       Answer answer) {
    return std::string("{\"type\":1,") +
           (answer == Answer::wanted ? R"("invocationId":"1",)" : "") +
           R"("target":"Round","arguments":[)" + std::to_string(first) + "," +
           std::to_string(count) + "," + std::to_string(bytes) + "]}";
}

std::string completion_fault(std::string_view record) {
    const auto type = json_member(record, "type");
    const auto error = json_member(record, "error");
    if (type == "7" || error) {
        return "the server answered: " + std::string(record.substr(0, 200));
    }
    return type == "3" ? "" : "unexpected: " + std::string(record.substr(0, 200));
}

Report run_connect(const ConnectOptions& options) {
    Report report{"connect", {{"connections", static_cast<double>(options.connections)}}, {}, {}};
    report.options.push_back({"token", options.target.tokens.empty() ? 0.0 : 1.0});
    if (const auto result = connect(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

Report run_idle(const IdleOptions& options) {
    Report report{"idle",
                  {{"connections", static_cast<double>(options.connections)},
                   {"seconds", static_cast<double>(options.seconds)}},
                  {},
                  {}};
    if (const auto result = idle(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

Report run_echo(const EchoOptions& options) {
    Report report{"echo",
                  {{"connections", static_cast<double>(options.connections)},
                   {"bytes", static_cast<double>(options.bytes)},
                   {"seconds", static_cast<double>(options.seconds)}},
                  {},
                  {}};
    if (const auto result = echo(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

}  // namespace hubtrail::bench
