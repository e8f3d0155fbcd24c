#include <algorithm>
#include <charconv>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/bench.h"
#include "bench/http_wire.h"
#include "bench/log_check.h"
#include "bench/log_followers.h"
#include "bench/pacer.h"
#include "bench/scenario.h"
#include "bench/sequence_check.h"
#include "bench/statistics.h"
#include "bench/swarm.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kInFlight = 64;
constexpr double kAfterOpenS = 0.3;
constexpr double kSurplusS = 0.2;
constexpr std::int64_t kLeadNs = 200'000'000;  // from the last preparation to the first message
constexpr std::size_t kPosters = 16;           // each waits for its answer

/// How long each message took from when it was due. Thread: main.
class Delays {
public:
    explicit Delays(const std::vector<std::int64_t>& due) : due_(due) {}
    void begin(std::int64_t begin_ns) { begin_ns_ = begin_ns; }
    void arrived(std::uint64_t number) {
        samples_.add(now_ns() - begin_ns_ - due_[static_cast<std::size_t>(number)]);
    }
    Samples& samples() { return samples_; }

private:
    const std::vector<std::int64_t>& due_;
    std::int64_t begin_ns_ = 0;
    Samples samples_;
};

/// Messages of the bench hub. Thread: main.
class MessageSink final : public SwarmSink {
public:
    MessageSink(std::size_t connections, const DelayOptions& options, std::size_t messages,
                Delays& delays)
        : check_(connections, messages, options.bytes), delays_(delays) {}

    std::string on_record(std::size_t connection, std::string_view record) override {
        switch (check_.accept(connection, record)) {
            case SequenceCheck::Verdict::message:
                delays_.arrived(check_.next_of(connection) - 1);
                return {};
            case SequenceCheck::Verdict::other:
                return completion_fault(record);
            case SequenceCheck::Verdict::wrong:
                break;
        }
        return check_.failure();
    }
    std::uint64_t delivered() const { return check_.delivered(); }

private:
    SequenceCheck check_;
    Delays& delays_;
};

/// The same when several send at once: each connection must get each message once, in any order.
/// Thread: main.
class AnyOrderSink final : public SwarmSink {
public:
    AnyOrderSink(std::size_t connections, const DelayOptions& options, std::size_t messages,
                 Delays& delays)
        : had_(connections, std::vector<bool>(messages)), bytes_(options.bytes), delays_(delays) {}

    std::string on_record(std::size_t connection, std::string_view record) override {
        std::size_t number = had_[connection].size();
        const auto tail = record.substr(std::min(kBegin.size(), record.size()));
        std::from_chars(tail.data(), tail.data() + tail.size(), number);
        if (number >= had_[connection].size() || had_[connection][number] ||
            record != expected(number)) {
            return "not a message that is still due: " + std::string(record.substr(0, 200));
        }
        had_[connection][number] = true;
        ++delivered_;
        delays_.arrived(number);
        return {};
    }
    std::uint64_t delivered() const { return delivered_; }

private:
    static constexpr std::string_view kBegin = R"({"type":1,"target":"m","arguments":[")";

    const std::string& expected(std::size_t number) {
        if (expected_number_ != number || expected_.empty()) {
            expected_number_ = number;
            expected_ = kBegin;
            append_sequence_argument(expected_, number, bytes_);
            expected_ += "\"]}";
        }
        return expected_;
    }

    std::vector<std::vector<bool>> had_;
    std::uint32_t bytes_;
    Delays& delays_;
    std::size_t expected_number_ = 0;
    std::string expected_;
    std::uint64_t delivered_ = 0;
};

/// The sender is among those who get what it sends. Thread: the sender's.
class IgnoringSink final : public SwarmSink {
public:
    std::string on_record(std::size_t, std::string_view) override { return {}; }
};

/// What all ways to send have in common.
struct Run {
    const DelayOptions& options;
    const std::vector<std::int64_t>& due;
    Delays& delays;
    const ProcessProbe& probe;
    Progress& progress;
    Report& report;
};

/// Lets the senders go, waits for all that is due, and adds the figures.
Result<void, BenchError> measure(const Run& run, Swarm& swarm, std::size_t threads,
                                 const std::function<std::uint64_t()>& delivered,
                                 const std::function<Senders::Send(Senders&)>& make) {
    if (auto result = swarm.run_for(kAfterOpenS); !result) {
        return result;
    }
    const std::uint64_t expected = std::uint64_t{run.due.size()} * run.options.connections;
    const std::uint64_t writes = swarm.writes();
    const std::int64_t begin_ns = now_ns() + kLeadNs;
    run.delays.begin(begin_ns);
    Senders senders;
    senders.start(threads, run.due.size(), [&](std::size_t) {
        auto send = make(senders);
        return [&run, begin_ns, send = std::move(send)](std::size_t number) {
            sleep_until(begin_ns + run.due[number]);
            return send(number);
        };
    });
    auto result = swarm.run([begin_ns] { return now_ns() < begin_ns; });
    const CpuMeter meter(run.probe);
    Result<void, BenchError> sent;
    if (result) {
        result = swarm.run([&] {
            run.progress.show(static_cast<double>(delivered()), static_cast<double>(expected));
            sent = senders.state();
            return sent && delivered() < expected;
        });
    }
    if (!result) {
        senders.fail(result.error());
    }
    senders.join();
    if (!result || !sent) {
        return result ? sent : result;
    }
    const auto count = static_cast<double>(expected);
    const auto took_s = static_cast<double>(now_ns() - begin_ns) / 1e9;
    auto& report = run.report;
    report.add("deliveries_per_s", count / took_s);
    add_cpu(report, run.probe, meter, count, "delivery");
    report.add("writes_per_delivery", static_cast<double>(swarm.writes() - writes) / count);
    report.add("p50_us", run.delays.samples().percentile_us(50));
    report.add("p99_us", run.delays.samples().percentile_us(99));
    report.add("max_us", run.delays.samples().percentile_us(100));
    return swarm.run_for(kSurplusS);
}

/// Posts `body_of(number)` and waits for the answer.
Senders::Send poster(const DelayOptions& options, std::string path, Senders& senders,
                     std::function<std::string(std::size_t)> body_of) {
    const auto client = std::make_shared<HttpClient>(options.target);
    const auto deadline_ns = now_ns() + std::int64_t{options.target.time_limit_s} * 1'000'000'000;
    return [client, deadline_ns, path = std::move(path), &senders,
            body_of = std::move(body_of)](std::size_t number) {
        const auto answer = client->post(path, body_of(number), deadline_ns);
        if (!answer) {
            senders.fail(answer.error());
        }
        return static_cast<bool>(answer);
    };
}

/// Calls the hub on a connection of its own.
Senders::Send caller(const DelayOptions& options, Senders& senders) {
    struct Caller {
        IgnoringSink sink;
        std::unique_ptr<Swarm> swarm;
    };
    const auto own = std::make_shared<Caller>();
    own->swarm = make_swarm(options.target, 1, own->sink);
    own->swarm->stay_awake();
    Progress silent("");
    if (const auto opened = own->swarm->open(1, silent); !opened) {
        senders.fail(opened.error());
    }
    return [own, bytes = options.bytes, &senders](std::size_t number) {
        own->swarm->send(0, round_call(number, 1, bytes, Answer::unwanted));
        int turns = 1;
        const auto result = own->swarm->run([&turns] { return turns-- > 0; });
        if (!result) {
            senders.fail(result.error());
        }
        return static_cast<bool>(result);
    };
}

/// `Sink` is a MessageSink or an AnyOrderSink.
template <typename Sink>
Result<void, BenchError> to_all(const Run& run, std::size_t threads,
                                const std::function<Senders::Send(Senders&)>& make) {
    const auto& options = run.options;
    Sink sink(options.connections, options, run.due.size(), run.delays);
    const auto swarm = make_swarm(options.target, options.connections, sink);
    if (auto result = swarm->open(kInFlight, run.progress); !result) {
        return result;
    }
    return measure(
        run, *swarm, threads, [&sink] { return sink.delivered(); }, make);
}

Result<void, BenchError> by_connection(const Run& run) {
    return to_all<MessageSink>(run, 1,
                               [&](Senders& senders) { return caller(run.options, senders); });
}

Result<void, BenchError> by_post(const Run& run) {
    const auto& options = run.options;
    return to_all<AnyOrderSink>(run, kPosters, [&](Senders& senders) {
        return poster(options, options.by, senders, [&options](std::size_t number) {
            std::string text;
            append_sequence_argument(text, number, options.bytes);
            return text;
        });
    });
}

Result<void, BenchError> by_log(const Run& run) {
    const auto& options = run.options;
    const auto name = run_name();
    auto followers =
        LogFollowers::open(options.target, options.connections, name, run.due.size(), run.progress,
                           [&run](std::uint64_t number) { run.delays.arrived(number); });
    if (!followers) {
        return Failure{followers.error()};
    }
    return measure(
        run, (*followers)->swarm(), kPosters, [&] { return (*followers)->check().delivered(); },
        [&](Senders& senders) {
            return poster(options, "/api/v1/events", senders, [&](std::size_t number) {
                return log_event(name, number, options.bytes);
            });
        });
}

Result<void, BenchError> delay(const DelayOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    const auto due = due_times(
        std::size_t{options.rate} * static_cast<std::size_t>(options.seconds), options.rate);
    Delays delays(due);
    Progress progress("delay");
    const Run run{options, due, delays, probe, progress, report};
    if (options.by == "log") {
        return by_log(run);
    }
    return options.by == "connection" ? by_connection(run) : by_post(run);
}

}  // namespace

Report run_delay(const DelayOptions& options) {
    Report report{"delay",
                  {{"connections", static_cast<double>(options.connections)},
                   {"rate", static_cast<double>(options.rate)},
                   {"seconds", static_cast<double>(options.seconds)},
                   {"bytes", static_cast<double>(options.bytes)}},
                  {},
                  {}};
    if (const auto result = delay(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

}  // namespace hubtrail::bench
