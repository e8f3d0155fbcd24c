#include "bench/swarm.h"

#include <utility>

#include "bench/http_swarm.h"
#include "bench/http_wire.h"
#include "bench/json_scan.h"
#include "bench/process_probe.h"
#include "bench/websocket_swarm.h"

namespace hubtrail::bench {

Swarm::Swarm(const Target& target, SwarmSink& sink)
    : target_(target),
      sink_(sink),
      path_of_([this](std::size_t) { return target_.path; }),
      deadline_ns_(now_ns() + std::int64_t{target.time_limit_s} * 1'000'000'000) {}

Result<void, BenchError> Swarm::run(const std::function<bool()>& go_on) {
    while (go_on()) {
        turn(turn_ms_);
        if (auto result = state(); !result) {
            return result;
        }
    }
    return state();
}

Result<void, BenchError> Swarm::run_for(double seconds) {
    const std::int64_t end = now_ns() + static_cast<std::int64_t>(seconds * 1e9);
    return run([end] { return now_ns() < end; });
}

Result<void, BenchError> Swarm::state() const {
    if (!failure_.empty()) {
        return Failure{BenchError{failure_}};
    }
    if (now_ns() > deadline_ns_) {
        return Failure{
            BenchError{"not finished within " + std::to_string(target_.time_limit_s) + " s"}};
    }
    return {};
}

void Swarm::fail(std::size_t index, std::string_view why) {
    if (failure_.empty()) {
        failure_ = "connection " + std::to_string(index) + ": " + std::string(why);
    }
}

std::unique_ptr<Swarm> make_swarm(const Target& target, std::size_t connections, SwarmSink& sink) {
    if (target.carrier == Carrier::web_sockets) {
        return std::make_unique<WebSocketSwarm>(target, connections, sink);
    }
    return std::make_unique<HttpSwarm>(target, connections, sink);
}

std::string with_query(std::string path, std::string_view item) {
    path += path.find('?') == std::string::npos ? '?' : '&';
    return path.append(item);
}

Result<std::string, BenchError> negotiate(HttpClient& client, const std::string& path,
                                          bool stateful, std::int64_t deadline_ns) {
    const auto query = path.find('?');
    std::string url = path.substr(0, query) + "/negotiate" +
                      (query == std::string::npos ? "" : path.substr(query));
    url = with_query(std::move(url), "negotiateVersion=1");
    if (stateful) {
        url = with_query(std::move(url), "useStatefulReconnect=true");
    }
    const auto answer = client.post(url, {}, deadline_ns);
    if (!answer) {
        return Failure{answer.error()};
    }
    const auto token = json_plain_string(json_member(*answer, "connectionToken").value_or(""));
    if (!token) {
        return Failure{BenchError{"negotiate gave no connectionToken: " +
                                  std::string(answer->substr(0, 200))}};
    }
    if (stateful && json_member(*answer, "useStatefulReconnect") != "true") {
        return Failure{BenchError{"the server does not offer stateful reconnect on " + path}};
    }
    return std::string(*token);
}

}  // namespace hubtrail::bench
