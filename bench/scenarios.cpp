#include "bench/scenarios.h"

#include <cstddef>
#include <functional>
#include <utility>

#include "bench/bench.h"

namespace hubtrail::bench {
namespace {

constexpr Amount kConnections = {1, 1'000'000};
constexpr Amount kMembers = {0, kConnections.max};
constexpr Amount kRounds = {1, 1'000'000'000};
constexpr Amount kBytes = {1, 1024 * 1024};
constexpr Amount kSeconds = {1, 3'600};
constexpr Amount kPausesMs = {0, 10'000};

template <typename Options>
using Binding = std::function<Flag(Options&)>;

template <typename Options, typename Value>
Binding<Options> number(const char* name, Value Options::*member, Amount amount, const char* help) {
    return [=](Options& options) {
        return Flag{name, Flag::Number{&(options.*member), amount}, help};
    };
}

template <typename Options>
class Call final : public ScenarioCall {
public:
    Call(Report (*run_function)(const Options&), std::vector<Binding<Options>> bindings)
        : run_(run_function), bindings_(std::move(bindings)) {}

    std::vector<Flag> flags() override {
        std::vector<Flag> bound;
        for (const auto& bind : bindings_) {
            bound.push_back(bind(options_));
        }
        return bound;
    }
    Target& target() override { return options_.target; }
    Report run() const override { return run_(options_); }

private:
    Report (*run_)(const Options&);
    std::vector<Binding<Options>> bindings_;
    Options options_;
};

template <typename Options>
std::unique_ptr<ScenarioCall> call(Report (*run)(const Options&),
                                   std::vector<Binding<Options>> bindings) {
    return std::make_unique<Call<Options>>(run, std::move(bindings));
}

Scenario connect_scenario() {
    using Options = ConnectOptions;
    return {
        "connect",
        "open connections: CPU of connect, upgrade and handshake",
        "Opens many connections and measures what each costs the server.",
        "hubtrail bench connect --connections 10000 --server-pid $(pidof hubtrail)",
        Encodings::json,
        [] {
            return call<Options>(
                run_connect,
                {number("--connections", &Options::connections, kConnections, "to open"),
                 number("--in-flight", &Options::in_flight, kConnections, "being opened at once")});
        }};
}

Scenario idle_scenario() {
    using Options = IdleOptions;
    return {
        "idle",
        "hold connections: memory of each, CPU of the pings",
        "Holds many idle connections and measures memory and CPU of the server.",
        "hubtrail bench idle --connections 10000 --server-pid $(pidof hubtrail)",
        Encodings::json,
        [] {
            return call<Options>(
                run_idle,
                {number("--connections", &Options::connections, kConnections, "that do nothing"),
                 number("--seconds", &Options::seconds, kSeconds, "how long they are measured")});
        }};
}

Scenario fanout_scenario() {
    using Options = FanoutOptions;
    return {
        "fanout",
        "send each message to all connections",
        "Has the server send every message to all connections.",
        "hubtrail bench fanout --connections 1000 --rounds 200 --per-turn 16",
        Encodings::json,
        [] {
            return call<Options>(
                run_fanout,
                {number("--connections", &Options::connections, kConnections, "that receive"),
                 number("--rounds", &Options::rounds, kRounds, "loop turns that send"),
                 number("--per-turn", &Options::per_turn, kRounds, "messages to all in each turn"),
                 number("--bytes", &Options::bytes, kBytes, "of each message's text"),
                 number("--pause-ms", &Options::pause_ms, kPausesMs,
                        "after each turn; 0: as fast as it can")});
        }};
}

Scenario echo_scenario() {
    using Options = EchoOptions;
    return {"echo",
            "call a method that answers with its argument",
            "Calls a hub method that answers with its argument, one call at a time on each "
            "connection.",
            "hubtrail bench echo --connections 64 --seconds 5",
            Encodings::json_and_messagepack,
            [] {
                return call<Options>(
                    run_echo,
                    {number("--connections", &Options::connections, kConnections, "that call"),
                     number("--bytes", &Options::bytes, kBytes, "of each message's text"),
                     number("--seconds", &Options::seconds, kSeconds, "how long")});
            }};
}

Scenario to_user_scenario() {
    using Options = ToUserOptions;
    return {"touser",
            "send messages to one user of many",
            "Has the server send messages to one of many users; the others must get none.",
            "hubtrail bench touser --connections 5000 --rounds 2000",
            Encodings::json,
            [] {
                return call<Options>(run_to_user,
                                     {number("--connections", &Options::connections, kConnections,
                                             "each another user's; one gets all"),
                                      number("--rounds", &Options::rounds, kRounds, "messages")});
            }};
}

Scenario group_scenario() {
    using Options = GroupOptions;
    return {"group",
            "send messages to a group among many",
            "Has the server send messages to one group; the connections that are not in it must "
            "get none.",
            "hubtrail bench group --connections 10000 --groups 1000 --members 100",
            Encodings::json,
            [] {
                return call<Options>(
                    run_group,
                    {number("--connections", &Options::connections, kConnections, "to open"),
                     number("--groups", &Options::groups, kConnections,
                            "that each connection is in one of"),
                     number("--members", &Options::members, kMembers, "of the group that gets all"),
                     number("--rounds", &Options::rounds, kRounds, "messages")});
            }};
}

Scenario stream_scenario() {
    using Options = StreamOptions;
    return {"stream",
            "stream small items to each connection",
            "Calls a hub method that streams integers, once on each connection.",
            "hubtrail bench stream --connections 64 --items 5000",
            Encodings::json,
            [] {
                return call<Options>(
                    run_stream, {number("--connections", &Options::connections, kConnections,
                                        "with one stream each"),
                                 number("--items", &Options::items, kRounds, "of each stream")});
            }};
}

Scenario append_scenario() {
    using Options = AppendOptions;
    return {"append",
            "append single events, acknowledged when durable",
            "Appends single events from many producers, each waiting for its acknowledgement.",
            "HUBTRAIL_TOKEN=$(hubtrail token ...) hubtrail bench append --producers 128",
            Encodings::json,
            [] {
                return call<Options>(
                    run_append, {number("--producers", &Options::producers, kConnections,
                                        "that append at once"),
                                 number("--seconds", &Options::seconds, kSeconds, "how long")});
            }};
}

Scenario catchup_scenario() {
    using Options = CatchupOptions;
    return {"catchup",
            "read a long log from its beginning",
            "Reads the log from its beginning with one hub client; missing events are appended "
            "first.",
            "HUBTRAIL_TOKEN=$(hubtrail token ...) hubtrail bench catchup --events 1000000",
            Encodings::json,
            [] {
                return call<Options>(run_catchup,
                                     {number("--events", &Options::events, kRounds, "to read")});
            }};
}

}  // namespace

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> table = {
        connect_scenario(), idle_scenario(),    fanout_scenario(),
        echo_scenario(),    to_user_scenario(), group_scenario(),
        stream_scenario(),  append_scenario(),  catchup_scenario()};
    return table;
}

}  // namespace hubtrail::bench
