#include <algorithm>
#include <cstddef>
#include <ctime>
#include <string>

#include <unistd.h>

#include "bench/bench.h"
#include "bench/http_wire.h"
#include "bench/json_scan.h"
#include "bench/post_load.h"
#include "bench/scenario.h"
#include "bench/swarm.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kQuotedBytesMax = 300;
constexpr std::uint64_t kEventsPerPost = 1'000;  // the most that the server takes
constexpr std::size_t kFillers = 4;
constexpr std::int64_t kSampleNs = 50'000'000;
constexpr double kAfterLiveS = 0.5;
constexpr double kKibPerMib = 1024;

/// Arrays of events until `events` were sent. Thread: main.
class FillSource final : public PostSource {
public:
    explicit FillSource(std::uint64_t events)
        : run_("f" + std::to_string(std::time(nullptr)) + "." + std::to_string(getpid()) + "-"),
          left_(events) {}

    bool next(std::size_t, std::string& body) override {
        const std::uint64_t count = std::min(left_, kEventsPerPost);
        body = "[";
        for (std::uint64_t i = 0; i < count; ++i, --left_) {
            body += (i == 0 ? "" : ",");
            body += R"({"id":")" + run_ + std::to_string(left_) +
                    "\",\"stream\":\"files\",\"type\":\"file.updated\",\"site_id\":\"bench\","
                    "\"path\":\"/plans/floor-" +
                    std::to_string(left_ % 40) + "/door-" + std::to_string(left_) +
                    R"(.json","data":{"size":)" + std::to_string(left_ % 65'521) + "}}";
        }
        body += "]";
        return count > 0;
    }

    std::string on_answer(std::size_t, int status, std::string_view body) override {
        if (status != 201) {
            return "filling the log: " + std::to_string(status) + " " +
                   std::string(body.substr(0, kQuotedBytesMax));
        }
        return {};
    }

    std::uint64_t left() const { return left_; }

private:
    std::string run_;
    std::uint64_t left_;
};

/// Follows one Subscribe stream until `live`. Thread: main.
class CatchupSink final : public SwarmSink {
public:
    explicit CatchupSink(std::uint64_t first_pos) : last_(first_pos - 1) {}

    std::string on_record(std::size_t, std::string_view record) override {
        const auto quoted = [&] { return ": " + std::string(record.substr(0, kQuotedBytesMax)); };
        if (json_member(record, "type") != "2") {
            return "the stream ended before 'live'" + quoted();
        }
        const auto item = json_member(record, "item").value_or("");
        const auto kind = json_plain_string(json_member(item, "k").value_or(""));
        if (kind == "batch") {
            const std::string fault = on_batch(item);
            return fault.empty() ? fault : fault + quoted();
        }
        if (kind == "live") {
            live_ = true;
            return {};
        }
        return kind == "hb" ? "" : "an unexpected item" + quoted();
    }

    bool live() const { return live_; }
    std::uint64_t items() const { return items_; }
    std::uint64_t batches() const { return batches_; }
    std::uint64_t last() const { return last_; }

private:
    std::string on_batch(std::string_view item) {
        const auto from = json_unsigned(json_member(item, "from").value_or(""));
        const auto to = json_unsigned(json_member(item, "to").value_or(""));
        if (!from || !to || *from != last_ + 1 || *to < *from) {
            return "a batch that does not go on from " + std::to_string(last_);
        }
        JsonElements events(json_member(item, "items").value_or("[]"));
        while (const auto event = events.next()) {
            const auto pos = json_unsigned(json_member(*event, "pos").value_or(""));
            if (pos != last_ + 1) {
                return "after position " + std::to_string(last_) + " came " +
                       std::string(event->substr(0, 60)) + " in the batch";
            }
            ++last_;
            ++items_;
        }
        ++batches_;
        // The token sees everything, so nothing may be filtered out of the range.
        return last_ == *to ? "" : "a batch without the events up to its 'to'";
    }

    std::uint64_t last_;
    std::uint64_t items_ = 0;
    std::uint64_t batches_ = 0;
    bool live_ = false;
};

Result<LogBounds, BenchError> fill(const CatchupOptions& options, std::int64_t deadline_ns,
                                   Progress& progress) {
    HttpClient client(options.target);
    auto bounds = read_log_bounds(client, deadline_ns);
    if (!bounds) {
        return bounds;
    }
    const std::uint64_t have = bounds->last_pos >= bounds->first_pos && bounds->last_pos > 0
                                   ? bounds->last_pos - bounds->first_pos + 1
                                   : 0;
    if (have >= options.events) {
        return bounds;
    }
    FillSource source(options.events - have);
    PostLoad load(options.target, "/api/v1/events", kFillers, source);
    const auto total = static_cast<double>(options.events - have);
    auto filled = load.run(
        deadline_ns, [&] { progress.show(total - static_cast<double>(source.left()), total); });
    if (!filled) {
        return Failure{filled.error()};
    }
    HttpClient fresh(
        options.target);  // the first may have been idle for longer than a server allows
    return read_log_bounds(fresh, deadline_ns);
}

Result<void, BenchError> catchup(const CatchupOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, kFillers); !ready) {
        return ready;
    }
    const std::int64_t deadline_ns =
        now_ns() + std::int64_t{options.target.time_limit_s} * 1'000'000'000;
    const ProcessProbe probe(options.target.server_pid);
    Progress progress("catchup: filling the log");
    auto bounds = fill(options, deadline_ns, progress);
    if (!bounds) {
        return Failure{bounds.error()};
    }
    progress.label("catchup");
    CatchupSink sink(std::max<std::uint64_t>(bounds->first_pos, 1));
    Target target = options.target;
    target.path = "/v1/hub/changes";
    const auto swarm_of = make_swarm(target, 1, sink);
    Swarm& swarm = *swarm_of;
    if (auto result = swarm.open(1, progress); !result) {
        return result;
    }
    const double before_kib = probe.settled_rss_kib(3'000);
    double peak_kib = before_kib;
    const CpuMeter meter(probe);
    std::int64_t sampled_ns = now_ns();
    swarm.send(0,
               "{\"type\":4,\"invocationId\":\"1\",\"target\":\"Subscribe\",\"arguments\":"
               "[{\"since\":\"earliest\"}]}");
    auto result = swarm.run([&] {
        if (now_ns() - sampled_ns >= kSampleNs) {
            sampled_ns = now_ns();
            peak_kib = std::max(peak_kib, probe.rss_kib());
        }
        progress.show(static_cast<double>(sink.items()), static_cast<double>(options.events));
        return !sink.live();
    });
    const auto items = static_cast<double>(sink.items());
    report.add("events_per_s", items / meter.elapsed_s());
    report.add("events", items);
    report.add("batches", static_cast<double>(sink.batches()));
    add_cpu(report, probe, meter, items, "event");
    if (!result) {
        return result;
    }
    if (sink.last() < bounds->last_pos || sink.items() < options.events) {
        return Failure{BenchError{"'live' came at position " + std::to_string(sink.last()) +
                                  " of " + std::to_string(bounds->last_pos)}};
    }
    result = swarm.run_for(kAfterLiveS);
    if (probe.present()) {
        const double after_kib = probe.rss_kib();
        report.add("server_rss_before_mib", before_kib / kKibPerMib);
        report.add("server_rss_peak_mib", std::max(peak_kib, after_kib) / kKibPerMib);
        report.add("server_rss_after_mib", after_kib / kKibPerMib);
        report.add("server_rss_growth_mib",
                   (std::max(peak_kib, after_kib) - before_kib) / kKibPerMib);
    }
    return result;
}

}  // namespace

Report run_catchup(const CatchupOptions& options) {
    Report report{"catchup", {{"events", static_cast<double>(options.events)}}, {}, {}};
    if (const auto result = catchup(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

}  // namespace hubtrail::bench
