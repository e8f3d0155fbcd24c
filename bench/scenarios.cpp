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
constexpr Amount kEventsOfPost = {1, 1'000};
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
Binding<Options> text(const char* name, std::string Options::*member, const char* value_name,
                      const char* help) {
    return [=](Options& options) {
        return Flag{name, Flag::Text{&(options.*member), value_name, {}}, help};
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
                 number("--rounds", &Options::rounds, kRounds,
                        "the next begins when the last has arrived everywhere"),
                 number("--per-turn", &Options::per_turn, kRounds, "messages to all in each round"),
                 number("--bytes", &Options::bytes, kBytes, "of each message's text"),
                 number("--pause-ms", &Options::pause_ms, kPausesMs, "between the rounds")});
        }};
}

Scenario delay_scenario() {
    using Options = DelayOptions;
    return {"delay",
            "messages at a rate: how late each arrives",
            "Sends messages to all connections at random moments, whether or not the last have "
            "arrived, "
            "and measures how late each arrives.",
            "hubtrail bench delay --connections 1000 --rate 150",
            Encodings::json,
            [] {
                return call<Options>(
                    run_delay,
                    {number("--connections", &Options::connections, kConnections, "that receive"),
                     number("--rate", &Options::rate, kRounds, "messages a second, on average"),
                     number("--seconds", &Options::seconds, kSeconds, "how long"),
                     number("--bytes", &Options::bytes, kBytes, "of each message's text"),
                     text("--by", &Options::by, "HOW",
                          "connection: the sender calls the hub; log: it appends events, and the "
                          "others follow the log; a path: it posts the text there")});
            }};
}

Scenario log_fanout_scenario() {
    using Options = LogFanoutOptions;
    return {
        "logfanout",
        "append events that all connections follow",
        "Appends events to the log, which all connections follow.",
        "hubtrail bench logfanout --connections 1000",
        Encodings::json,
        [] {
            return call<Options>(
                run_log_fanout,
                {number("--connections", &Options::connections, kConnections, "that follow"),
                 number("--rounds", &Options::rounds, kRounds,
                        "the next begins when the last has arrived everywhere"),
                 number("--per-turn", &Options::per_turn, kEventsOfPost, "events in each round"),
                 number("--bytes", &Options::bytes, kBytes, "of each event's data")});
        }};
}

Scenario latency_scenario() {
    using Options = LatencyOptions;
    return {
        "latency",
        "one event at a time: acknowledged and delivered when",
        "Appends one event at a time to a server that does nothing else, and measures how long the "
        "acknowledgement and the delivery to one follower take.",
        "HUBTRAIL_TOKEN=$(hubtrail token ...) hubtrail bench latency --directory data",
        Encodings::json,
        [] {
            return call<Options>(
                run_latency, {number("--events", &Options::events, kRounds, "to append"),
                              number("--pause-ms", &Options::pause_ms, kPausesMs, "before each"),
                              text("--directory", &Options::directory, "DIR",
                                   "whose disk is timed beside it; it should be the log's")});
        }};
}

Scenario resume_scenario() {
    using Options = ResumeOptions;
    return {
        "resume",
        "connections that come back at once with a cursor",
        "Appends events, then opens connections that ask for all since before them, and waits "
        "until each has every one.",
        "hubtrail bench resume --connections 10000",
        Encodings::json,
        [] {
            return call<Options>(
                run_resume,
                {number("--connections", &Options::connections, kConnections, "that come back"),
                 number("--in-flight", &Options::in_flight, kConnections, "being opened at once"),
                 number("--events", &Options::events, kRounds, "that each has missed")});
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
        connect_scenario(),    idle_scenario(),    fanout_scenario(), echo_scenario(),
        to_user_scenario(),    group_scenario(),   stream_scenario(), delay_scenario(),
        log_fanout_scenario(), latency_scenario(), resume_scenario(), append_scenario(),
        catchup_scenario()};
    return table;
}

}  // namespace hubtrail::bench
