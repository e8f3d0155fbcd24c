#include "bench/target_flags.h"

#include <utility>

#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr Amount kProcessIds = {0, 4'194'304};  // the kernel's PID_MAX_LIMIT
constexpr Amount kCores = {kNoCore, 4'095};
constexpr Amount kTimeLimits = {1, 3'600};

}  // namespace

std::vector<Flag> TargetFlags::bind(Target& target) {
    return {
        {"--target,--url", Flag::Text{&address_, "HOST:PORT", {}},
         "the server, on this machine; a URL will do"},
        {"--path", Flag::Text{&path_, "PATH", {}},
         "of the hub (default: /bench); `serve --bench-hub` maps it"},
        {"--token", Flag::Texts{&target.tokens, "TOKEN"},
         "access token, or the variable HUBTRAIL_TOKEN; repeatable: connections take turns"},
        {"--server-pid,--pid", Flag::Number{&target.server_pid, kProcessIds},
         "process whose CPU and memory are measured; 0: none"},
        {"--core", Flag::Number{&target.core, kCores}, "pin this client to the core; -1: do not"},
        {"--time-limit", Flag::Number{&target.time_limit_s, kTimeLimits},
         "give up after so many seconds"},
        {"--no-pings", Flag::Switch{&no_pings_}, "send no pings (a stock client: one every 15 s)"},
        {"--protocol", Flag::Text{&encoding_, "NAME", {"json", "messagepack"}},
         "encoding of the hub protocol: json or messagepack"},
        {"--transport", Flag::Text{&carrier_, "NAME", {"websockets", "sse", "longpolling"}},
         "websockets, sse or longpolling"},
        {"--stateful", Flag::Switch{&target.stateful},
         "negotiate stateful reconnect, and acknowledge"},
        {"--json", Flag::Switch{&json_}, "print one JSON object instead of a table"},
    };
}

Result<void, BenchError> TargetFlags::apply(Target& target, Encodings encodings,
                                            std::string token) const {
    const auto parsed = parse_target(address_);
    if (!parsed) {
        return Failure{BenchError{"--target " + parsed.error().text}};
    }
    target.host = parsed->host;
    target.port = parsed->port;
    target.path = path_.empty() ? parsed->path : path_;
    target.pings = no_pings_ ? Pings::off : Pings::stock;
    target.encoding = encoding_ == "json" ? Encoding::json : Encoding::messagepack;
    target.carrier = carrier_ == "websockets" ? Carrier::web_sockets
                     : carrier_ == "sse"      ? Carrier::server_sent_events
                                              : Carrier::long_polling;
    if (target.encoding == Encoding::messagepack) {
        if (encodings == Encodings::json) {
            return Failure{BenchError{"--protocol messagepack: this scenario speaks JSON only"}};
        }
        if (target.carrier != Carrier::web_sockets) {
            return Failure{BenchError{"--protocol messagepack is there for WebSockets only"}};
        }
    }
    if (target.stateful && target.carrier != Carrier::web_sockets) {
        return Failure{BenchError{"--stateful needs WebSockets: only they can be resumed"}};
    }
    if (target.tokens.empty() && !token.empty()) {
        target.tokens = {std::move(token)};
    }
    return {};
}

}  // namespace hubtrail::bench
