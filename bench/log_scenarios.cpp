#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/http_wire.h"
#include "bench/log_check.h"
#include "bench/log_followers.h"
#include "bench/pacer.h"
#include "bench/scenario.h"
#include "bench/statistics.h"
#include "bench/swarm.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr const char* kEvents = "/api/v1/events";
constexpr double kAfterOpenS = 0.3;
constexpr double kSurplusS = 0.2;
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kNsPerS = 1'000'000'000;
constexpr std::size_t kPageBytes = 4096;
constexpr std::uint32_t kPayloadBytes = 120;
constexpr std::uint32_t kPostEventsMax = 1'000;  // the most that the server takes

std::int64_t deadline_of(const Target& target) {
    return now_ns() + std::int64_t{target.time_limit_s} * kNsPerS;
}

/// The events `first` to `first + count - 1` as one request.
std::string events_body(const std::string& run, std::uint64_t first, std::uint32_t count,
                        std::uint32_t bytes) {
    std::string body = "[";
    for (std::uint32_t i = 0; i < count; ++i) {
        body += (i == 0 ? "" : ",") + log_event(run, first + i, bytes);
    }
    return body + "]";
}

// -- fan-out ---------------------------------------------------------------------------------

Result<void, BenchError> log_fanout(const LogFanoutOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    const auto run = run_name();
    const std::uint64_t events = std::uint64_t{options.rounds} * options.per_turn;
    Progress progress("logfanout");
    auto opened = LogFollowers::open(options.target, options.connections, run, events, progress,
                                     [](std::uint64_t) {});
    if (!opened) {
        return Failure{opened.error()};
    }
    auto& followers = **opened;
    auto& swarm = followers.swarm();
    if (auto result = swarm.run_for(kAfterOpenS); !result) {
        return result;
    }
    const std::uint64_t of_round = std::uint64_t{options.per_turn} * options.connections;
    const std::uint64_t writes = swarm.writes();
    const CpuMeter meter(probe);
    // A thread of its own appends, so that this one receives as the clients of others do.
    std::atomic<std::uint32_t> asked{1};
    Senders sender;
    const auto deadline_ns = deadline_of(options.target);
    sender.start(1, options.rounds, [&](std::size_t) {
        const auto client = std::make_shared<HttpClient>(options.target);
        return [&, client](std::size_t round) {
            asked.wait(static_cast<std::uint32_t>(round));
            const auto answer =
                client->post(kEvents,
                             events_body(run, std::uint64_t{round} * options.per_turn,
                                         options.per_turn, options.bytes),
                             deadline_ns);
            if (!answer) {
                sender.fail(answer.error());
            }
            return static_cast<bool>(answer);
        };
    });
    std::uint32_t round = 1;
    Result<void, BenchError> sent;
    auto result = swarm.run([&] {
        const auto delivered = followers.check().delivered();
        progress.show(static_cast<double>(delivered),
                      static_cast<double>(events * options.connections));
        sent = sender.state();
        if (!sent || (delivered == round * of_round && round == options.rounds)) {
            return false;
        }
        if (delivered == round * of_round) {
            asked.store(++round);
            asked.notify_one();
        }
        return true;
    });
    if (!result || !sent) {
        sender.fail(result ? sent.error() : result.error());
        asked.store(options.rounds + 1);
        asked.notify_one();
        sender.join();
        return result ? sent : result;
    }
    sender.join();
    const auto count = static_cast<double>(followers.check().delivered());
    report.add("deliveries_per_s", count / meter.elapsed_s());
    add_cpu(report, probe, meter, count, "delivery");
    report.add("writes_per_delivery", static_cast<double>(swarm.writes() - writes) / count);
    return swarm.run_for(kSurplusS);
}

// -- one event at a time ---------------------------------------------------------------------

/// How long the disk takes for a page at the end of a file, as a log writes it.
Result<Samples, BenchError> time_disk(const LatencyOptions& options) {
    const auto path = options.directory + "/fsync-" + std::to_string(getpid());
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) {
        return Failure{BenchError{path + ": " + std::strerror(errno)}};
    }
    unlink(path.c_str());
    Samples samples;
    const std::string page(kPageBytes, 'x');
    bool fine = true;
    for (std::uint32_t i = 0; i < options.events && fine; ++i) {
        sleep_until(now_ns() + options.pause_ms * kNsPerMs);
        const auto begin_ns = now_ns();
        fine = write(file, page.data(), page.size()) == static_cast<ssize_t>(page.size()) &&
               fdatasync(file) == 0;
        samples.add(now_ns() - begin_ns);
    }
    const int error = errno;
    close(file);
    if (!fine) {
        return Failure{BenchError{path + ": " + std::strerror(error)}};
    }
    return samples;
}

void add_times(Report& report, const std::string& what, Samples& samples) {
    report.add(what + "_p50_us", samples.percentile_us(50));
    report.add(what + "_p99_us", samples.percentile_us(99));
}

Result<void, BenchError> latency(const LatencyOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, 1); !ready) {
        return ready;
    }
    const auto run = run_name();
    Progress progress("latency");
    std::vector<std::atomic<std::int64_t>> sent_ns(options.events);
    Samples delivered;
    Samples acknowledged;  // the sender's until it has been joined
    auto opened =
        LogFollowers::open(options.target, 1, run, options.events, progress, [&](auto number) {
            delivered.add(now_ns() - sent_ns[static_cast<std::size_t>(number)].load());
        });
    if (!opened) {
        return Failure{opened.error()};
    }
    auto& swarm = (*opened)->swarm();
    if (auto result = swarm.run_for(kAfterOpenS); !result) {
        return result;
    }
    const auto deadline_ns = deadline_of(options.target);
    Senders sender;
    sender.start(1, options.events, [&](std::size_t) {
        const auto client = std::make_shared<HttpClient>(options.target);
        return [&, client](std::size_t number) {
            sleep_until(now_ns() + options.pause_ms * kNsPerMs);
            const auto body = log_event(run, number, kPayloadBytes);
            const auto begin_ns = now_ns();
            sent_ns[number].store(begin_ns);
            const auto answer = client->post(kEvents, body, deadline_ns);
            acknowledged.add(now_ns() - begin_ns);
            if (!answer) {
                sender.fail(answer.error());
            }
            return static_cast<bool>(answer);
        };
    });
    Result<void, BenchError> sent;
    auto result = swarm.run([&] {
        progress.show(static_cast<double>(delivered.size()), options.events);
        sent = sender.state();
        return sent && delivered.size() < options.events;
    });
    if (!result) {
        sender.fail(result.error());
    }
    sender.join();
    if (!result || !sent) {
        return result ? sent : result;
    }
    add_times(report, "acknowledged", acknowledged);
    add_times(report, "delivered", delivered);
    if (!options.directory.empty()) {
        auto disk = time_disk(options);
        if (!disk) {
            return Failure{disk.error()};
        }
        add_times(report, "fsync", *disk);
    }
    return swarm.run_for(kSurplusS);
}

// -- a storm that resumes --------------------------------------------------------------------

/// Pushed events, each a string of JSON: every connection gets the same positions in order. The
/// text of a position is read once and then compared. Thread: main.
class ResumeSink final : public SwarmSink {
public:
    ResumeSink(std::size_t connections, std::uint64_t last_pos, std::string run,
               std::uint32_t events)
        : next_(connections, 0), last_pos_(last_pos), run_(std::move(run)), texts_(events) {}

    std::string on_record(std::size_t connection, std::string_view record) override {
        auto& next = next_[connection];
        if (next == texts_.size()) {
            return "more than was missed: " + std::string(record.substr(0, kQuotedBytesMax));
        }
        auto& text = texts_[next];
        if (text.empty()) {
            const auto has = [&](const std::string& part) {
                return record.find(part) != std::string_view::npos;
            };
            if (!has(R"("target":"ReceiveMessage")") || !has(R"(\"id\":\")" + run_) ||
                !has(R"(\"pos\":)" + std::to_string(last_pos_ + 1 + next) + ",")) {
                return "not the event at " + std::to_string(last_pos_ + 1 + next) + ": " +
                       std::string(record.substr(0, kQuotedBytesMax));
            }
            text = record;
        }
        if (text != record) {
            return "not what another connection had: " +
                   std::string(record.substr(0, kQuotedBytesMax));
        }
        ++next;
        ++received_;
        whole_ += next == texts_.size() ? 1 : 0;
        return {};
    }

    std::uint64_t received() const { return received_; }
    std::size_t whole() const { return whole_; }

private:
    static constexpr std::size_t kQuotedBytesMax = 300;

    std::vector<std::size_t> next_;
    std::uint64_t last_pos_;
    std::string run_;
    std::vector<std::string> texts_;
    std::uint64_t received_ = 0;
    std::size_t whole_ = 0;
};

Result<void, BenchError> resume(const ResumeOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.connections); !ready) {
        return ready;
    }
    const ProcessProbe probe(options.target.server_pid);
    const auto deadline_ns = deadline_of(options.target);
    const auto run = run_name();
    HttpClient client(options.target);
    const auto before = read_log_bounds(client, deadline_ns);
    if (!before) {
        return Failure{before.error()};
    }
    for (std::uint32_t first = 0; first < options.events; first += kPostEventsMax) {
        const auto count = std::min(options.events - first, kPostEventsMax);
        const auto answer =
            client.post(kEvents, events_body(run, first, count, kPayloadBytes), deadline_ns);
        if (!answer) {
            return Failure{answer.error()};
        }
    }
    Target target = options.target;
    target.path = "/v1/hub/changes?since=" + before->latest_cursor;
    ResumeSink sink(options.connections, before->last_pos, run, options.events);
    Progress progress("resume");
    const auto swarm = make_swarm(target, options.connections, sink);
    const CpuMeter meter(probe);
    if (auto result = swarm->open(options.in_flight, progress); !result) {
        return result;
    }
    const double opened_s = meter.elapsed_s();
    auto result = swarm->run([&] {
        progress.show(static_cast<double>(sink.whole()), static_cast<double>(options.connections));
        return sink.whole() < options.connections;
    });
    if (!result) {
        return Failure{BenchError{result.error().text + " (" + std::to_string(sink.whole()) +
                                  " connections have everything)"}};
    }
    const auto count = static_cast<double>(options.connections);
    report.add("connections_per_s", count / meter.elapsed_s());
    report.add("opened_s", opened_s);
    report.add("events_per_s", static_cast<double>(sink.received()) / meter.elapsed_s());
    add_cpu(report, probe, meter, count, "connection");
    return swarm->run_for(kSurplusS);
}

template <typename Options>
Report finished(Report report, Result<void, BenchError> (*run)(const Options&, Report&),
                const Options& options) {
    if (const auto result = run(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

}  // namespace

Report run_log_fanout(const LogFanoutOptions& options) {
    return finished(Report{"logfanout",
                           {{"connections", static_cast<double>(options.connections)},
                            {"rounds", static_cast<double>(options.rounds)},
                            {"per_turn", static_cast<double>(options.per_turn)},
                            {"bytes", static_cast<double>(options.bytes)}},
                           {},
                           {}},
                    log_fanout, options);
}

Report run_latency(const LatencyOptions& options) {
    return finished(Report{"latency",
                           {{"events", static_cast<double>(options.events)},
                            {"pause_ms", static_cast<double>(options.pause_ms)}},
                           {},
                           {}},
                    latency, options);
}

Report run_resume(const ResumeOptions& options) {
    return finished(Report{"resume",
                           {{"connections", static_cast<double>(options.connections)},
                            {"in_flight", static_cast<double>(options.in_flight)},
                            {"events", static_cast<double>(options.events)}},
                           {},
                           {}},
                    resume, options);
}

}  // namespace hubtrail::bench
