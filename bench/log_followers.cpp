#include "bench/log_followers.h"

#include <utility>

#include "bench/http_wire.h"
#include "bench/process_probe.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kInFlight = 64;
constexpr const char* kPath = "/v1/hub/changes";
constexpr const char* kSubscribe =
    R"({"type":4,"invocationId":"1","target":"Subscribe","arguments":[{}]})";

}  // namespace

Result<std::unique_ptr<LogFollowers>, BenchError> LogFollowers::open(
    Target target, std::size_t connections, const std::string& run, std::uint64_t events,
    Progress& progress, OnEvent on_event) {
    HttpClient client(target);
    const auto deadline_ns = now_ns() + std::int64_t{target.time_limit_s} * 1'000'000'000;
    const auto bounds = read_log_bounds(client, deadline_ns);
    if (!bounds) {
        return Failure{bounds.error()};
    }
    std::unique_ptr<LogFollowers> all(new LogFollowers(std::move(on_event)));
    all->check_ = std::make_unique<LogCheck>(connections, run, bounds->last_pos, events);
    target.path = kPath;
    all->swarm_ = make_swarm(target, connections, *all);
    if (auto opened = all->swarm_->open(kInFlight, progress); !opened) {
        return Failure{opened.error()};
    }
    for (std::size_t i = 0; i < connections; ++i) {
        all->swarm_->send(i, kSubscribe);
    }
    if (auto live = all->swarm_->run([&] { return all->check_->live() < connections; }); !live) {
        return Failure{live.error()};
    }
    return all;
}

std::string LogFollowers::on_record(std::size_t connection, std::string_view record) {
    switch (check_->accept(connection, record)) {
        case LogCheck::Verdict::events:
            for (const auto number : check_->numbers()) {
                on_event_(number);
            }
            return {};
        case LogCheck::Verdict::live:
        case LogCheck::Verdict::quiet:
            return {};
        case LogCheck::Verdict::wrong:
            break;
    }
    return check_->failure();
}

}  // namespace hubtrail::bench
