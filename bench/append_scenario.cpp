#include <charconv>
#include <cstddef>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "bench/bench.h"
#include "bench/http_wire.h"
#include "bench/json_scan.h"
#include "bench/post_load.h"
#include "bench/scenario.h"
#include "bench/statistics.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kQuotedBytesMax = 300;
constexpr std::uint64_t kPageEvents = 5'000;  // the most that the server gives

/// Single events with ids `RUN-PRODUCER-NUMBER`, and the position that each was acknowledged with.
/// Thread: main.
class AppendSource final : public PostSource {
public:
    AppendSource(std::size_t producers, std::int64_t end_ns)
        : run_("b" + std::to_string(std::time(nullptr)) + "." + std::to_string(getpid())),
          end_ns_(end_ns),
          sent_ns_(producers),
          positions_(producers) {}

    bool next(std::size_t producer, std::string& body) override {
        sent_ns_[producer] = now_ns();
        if (sent_ns_[producer] >= end_ns_) {
            return false;
        }
        id_ = id_of(producer, positions_[producer].size());
        body = R"({"id":")" + id_ +
               "\",\"stream\":\"entries\",\"type\":\"entry.granted\",\"site_id\":\"bench\","
               "\"user_id\":\"u" +
               std::to_string(producer) +
               R"(","resource_type":"door","resource_id":"door-17","data":{"number":)" +
               std::to_string(positions_[producer].size()) + R"(,"zone":"north"}})";
        return true;
    }

    std::string on_answer(std::size_t producer, int status, std::string_view body) override {
        const std::int64_t now = now_ns();
        const auto refuse = [&](const char* why) {
            return std::string(why) + ": " + std::to_string(status) + " " +
                   std::string(body.substr(0, kQuotedBytesMax));
        };
        if (status != 201) {
            return refuse("not acknowledged");
        }
        JsonElements results(json_member(body, "results").value_or("[]"));
        const auto result = results.next().value_or("");
        const auto pos = json_unsigned(json_member(result, "pos").value_or(""));
        const auto id = json_plain_string(json_member(result, "id").value_or(""));
        if (!pos || *pos == 0 || id != id_of(producer, positions_[producer].size()) ||
            json_member(result, "duplicate") == "true") {
            return refuse("an acknowledgement without pos, of another id or as a duplicate");
        }
        positions_[producer].push_back(*pos);
        samples_.add(now - sent_ns_[producer]);
        return {};
    }

    /// Takes note of an event read back; empty, or what is wrong with it.
    std::string on_read_back(std::string_view id, std::uint64_t pos) {
        std::size_t producer = 0;
        std::size_t number = 0;
        if (id.substr(0, run_.size()) != run_ ||
            !parse_tail(id.substr(run_.size()), producer, number)) {
            return {};  // somebody else's event
        }
        if (producer >= positions_.size() || number >= positions_[producer].size()) {
            return "event " + std::string(id) + " is in the log but was never acknowledged";
        }
        if (positions_[producer][number] != pos) {
            return "event " + std::string(id) + " was acknowledged at " +
                   std::to_string(positions_[producer][number]) + " and is at " +
                   std::to_string(pos);
        }
        ++read_back_;
        return {};
    }

    std::size_t acknowledged() const { return samples_.size(); }
    std::size_t read_back() const { return read_back_; }
    Samples& samples() { return samples_; }

private:
    std::string id_of(std::size_t producer, std::size_t number) const {
        return run_ + "-" + std::to_string(producer) + "-" + std::to_string(number);
    }

    static bool parse_tail(std::string_view tail, std::size_t& producer, std::size_t& number) {
        const char* end = tail.data() + tail.size();
        if (tail.empty() || tail.front() != '-') {
            return false;
        }
        const auto first = std::from_chars(tail.data() + 1, end, producer);
        if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') {
            return false;
        }
        const auto second = std::from_chars(first.ptr + 1, end, number);
        return second.ec == std::errc{} && second.ptr == end;
    }

    std::string run_;
    std::string id_;
    std::int64_t end_ns_;
    std::vector<std::int64_t> sent_ns_;
    std::vector<std::vector<std::uint64_t>> positions_;
    std::size_t read_back_ = 0;
    Samples samples_;
};

/// One page of changes: positions must go on from `last` one by one. Moves `last` and `cursor`.
Result<bool, BenchError> read_page(std::string_view body, AppendSource& source, std::uint64_t& last,
                                   std::string& cursor) {
    const auto failure = [](std::string text) { return Failure{BenchError{std::move(text)}}; };
    JsonElements changes(json_member(body, "changes").value_or("[]"));
    while (const auto event = changes.next()) {
        const auto pos = json_unsigned(json_member(*event, "pos").value_or(""));
        const auto id = json_plain_string(json_member(*event, "id").value_or(""));
        if (!pos || !id) {
            return failure("an event without pos or id: " +
                           std::string(event->substr(0, kQuotedBytesMax)));
        }
        if (*pos != last + 1) {
            return failure("position " + std::to_string(*pos) + " follows " + std::to_string(last));
        }
        last = *pos;
        if (std::string wrong = source.on_read_back(*id, *pos); !wrong.empty()) {
            return failure(std::move(wrong));
        }
    }
    const auto next = json_plain_string(json_member(body, "cursor").value_or(""));
    if (!next) {
        return failure("a page without cursor: " + std::string(body.substr(0, kQuotedBytesMax)));
    }
    const bool moved = *next != cursor;
    cursor = *next;
    const bool more = json_member(body, "has_more") == "true";
    if (more && !moved) {
        return failure("a page says has_more but its cursor stands still");
    }
    return more;
}

/// Reads the log back from `begin` and compares it with what was acknowledged.
Result<void, BenchError> verify(HttpClient& client, AppendSource& source, const LogBounds& begin,
                                std::int64_t deadline_ns, Progress& progress) {
    std::uint64_t last = begin.last_pos;
    std::string cursor = begin.latest_cursor;
    for (bool more = true; more;) {
        auto body = client.get(
            "/api/v1/sync/changes?limit=" + std::to_string(kPageEvents) + "&cursor=" + cursor,
            deadline_ns);
        if (!body) {
            return Failure{body.error()};
        }
        auto page = read_page(*body, source, last, cursor);
        if (!page) {
            return Failure{page.error()};
        }
        more = *page;
        progress.show(static_cast<double>(source.read_back()),
                      static_cast<double>(source.acknowledged()));
    }
    if (source.read_back() != source.acknowledged()) {
        return Failure{BenchError{std::to_string(source.acknowledged() - source.read_back()) +
                                  " acknowledged events are not in the log"}};
    }
    return {};
}

Result<void, BenchError> append(const AppendOptions& options, Report& report) {
    if (auto ready = prepare_process(options.target, options.producers); !ready) {
        return ready;
    }
    const std::int64_t deadline_ns =
        now_ns() + std::int64_t{options.target.time_limit_s} * 1'000'000'000;
    const ProcessProbe probe(options.target.server_pid);
    HttpClient client(options.target);
    auto begin = read_log_bounds(client, deadline_ns);
    if (!begin) {
        return Failure{begin.error()};
    }
    Progress progress("append");
    const std::int64_t begin_ns = now_ns();
    AppendSource source(options.producers,
                        begin_ns + std::int64_t{options.seconds} * 1'000'000'000);
    PostLoad load(options.target, "/api/v1/events", options.producers, source);
    const CpuMeter meter(probe);
    auto result = load.run(deadline_ns, [&] { progress.show(meter.elapsed_s(), options.seconds); });
    const auto events = static_cast<double>(source.acknowledged());
    report.add("events_per_s", events / meter.elapsed_s());
    add_cpu(report, probe, meter, events, "event");
    report.add("acknowledged", events);
    report.add("p50_us", source.samples().percentile_us(50));
    report.add("p99_us", source.samples().percentile_us(99));
    if (!result) {
        return result;
    }
    progress.label("append: reading back");
    HttpClient fresh(
        options.target);  // the first may have been idle for longer than a server allows
    return verify(fresh, source, *begin, deadline_ns, progress);
}

}  // namespace

Report run_append(const AppendOptions& options) {
    Report report{"append",
                  {{"producers", static_cast<double>(options.producers)},
                   {"seconds", static_cast<double>(options.seconds)}},
                  {},
                  {}};
    if (const auto result = append(options, report); !result) {
        report.failure = result.error().text;
    }
    return report;
}

}  // namespace hubtrail::bench
