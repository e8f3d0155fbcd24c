#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/report.h"

/// The load client behind `hubtrail bench`. One run function per scenario; each runs one epoll
/// thread (the caller's), is bounded by Target::time_limit_s, checks the content of everything that
/// it receives, and says in Report::failure what was wrong. Servers on this machine only: the CPU
/// and memory figures come from /proc. What each is called on a command line: scenarios.cpp.
namespace hubtrail::bench {

constexpr int kTimeLimitDefaultS = 180;
constexpr int kNoCore = -1;

enum class Pings { stock, off };  ///< stock: one ping every 15 s on each connection
enum class Encoding { json, messagepack };
enum class Carrier { web_sockets, server_sent_events, long_polling };

/// Where the server is and how to watch it.
struct Target {
    std::string host = "127.0.0.1";  ///< a loopback address; see parse_target()
    std::uint16_t port = 0;
    std::string path = "/bench";  ///< of the bench hub; append and catchup do not use it
    int server_pid = 0;           ///< whose CPU and RSS; 0: those figures are left out
    std::vector<std::string>
        tokens;          ///< bearer tokens, connection i uses i modulo size; may be empty
    int core = kNoCore;  ///< pin the calling thread to this core
    int time_limit_s = kTimeLimitDefaultS;
    Pings pings = Pings::stock;
    Encoding encoding = Encoding::json;
    Carrier carrier = Carrier::web_sockets;
    bool stateful = false;  ///< negotiates stateful reconnect and acknowledges every second, as
                            ///< stock clients do
};

struct ConnectOptions {
    Target target;
    std::size_t connections = 10'000;
    std::size_t in_flight = 64;
};

struct IdleOptions {
    Target target;
    std::size_t connections = 10'000;
    int seconds = 32;
};

struct FanoutOptions {
    Target target;
    std::size_t connections = 1'000;
    std::uint32_t rounds = 200;  ///< the next begins when the last has arrived everywhere
    std::uint32_t per_turn = 1;  ///< messages of one round
    std::uint32_t bytes = 120;   ///< of the string argument: `SEQUENCE:xxxx...`
    std::uint32_t pause_ms = 0;  ///< between the rounds
};

/// A sender that does not wait, at `rate` messages a second on average and at random moments, to
/// `connections`: the delay of each delivery from the moment when its message was due.
struct DelayOptions {
    Target target;
    std::size_t connections = 1'000;
    std::uint32_t rate = 100;
    int seconds = 5;
    std::uint32_t bytes = 120;
    /// `connection`: the sender calls the bench hub. `log`: it appends to the log, which the
    /// connections follow. Else a path: it posts the text there, and the server sends it to all.
    std::string by = "connection";
};

/// The same as Fanout, of events that are appended to the log, to connections that follow it.
struct LogFanoutOptions {
    Target target;
    std::size_t connections = 1'000;
    std::uint32_t rounds = 200;
    std::uint32_t per_turn = 1;
    std::uint32_t bytes = 120;
};

/// One event at a time on a server that has nothing else to do.
struct LatencyOptions {
    Target target;
    std::uint32_t events = 200;
    std::uint32_t pause_ms = 10;
    std::string directory;  ///< whose disk is timed beside it; empty: none
};

/// Connections that come back at once, each with the cursor of before `events` events.
struct ResumeOptions {
    Target target;
    std::size_t connections = 10'000;
    std::size_t in_flight = 512;
    std::uint32_t events = 20;
};

struct EchoOptions {
    Target target;
    std::size_t connections = 64;
    std::uint32_t bytes = 120;
    int seconds = 5;
};

/// One of `connections` users gets `rounds` messages, the others must get none.
struct ToUserOptions {
    Target target;
    std::size_t connections = 1'000;
    std::uint32_t rounds = 2'000;
};

/// `members` of `connections` are in the group that gets `rounds` messages; the others are spread
/// over `groups`.
struct GroupOptions {
    Target target;
    std::size_t connections = 10'000;
    std::size_t groups = 1'000;
    std::size_t members = 100;
    std::uint32_t rounds = 200;
};

/// Each connection has one stream of `items` integers.
struct StreamOptions {
    Target target;
    std::size_t connections = 64;
    std::uint32_t items = 5'000;
};

struct AppendOptions {
    Target target;
    std::size_t producers = 128;
    int seconds = 10;
};

struct CatchupOptions {
    Target target;
    std::uint64_t events = 1'000'000;
};

Report run_connect(const ConnectOptions& options);
Report run_idle(const IdleOptions& options);
Report run_fanout(const FanoutOptions& options);
Report run_echo(const EchoOptions& options);
Report run_to_user(const ToUserOptions& options);
Report run_group(const GroupOptions& options);
Report run_stream(const StreamOptions& options);
Report run_append(const AppendOptions& options);
Report run_delay(const DelayOptions& options);
Report run_log_fanout(const LogFanoutOptions& options);
Report run_latency(const LatencyOptions& options);
Report run_resume(const ResumeOptions& options);
Report run_catchup(const CatchupOptions& options);

}  // namespace hubtrail::bench
