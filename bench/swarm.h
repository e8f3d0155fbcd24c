#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/bench.h"
#include "bench/progress.h"

namespace hubtrail::bench {

/// Receives the records of all connections of a swarm, pings and acknowledgements left out. Thread:
/// main.
class SwarmSink {
public:
    virtual ~SwarmSink() = default;
    /// Empty, or what is wrong with the record: that ends the run. The view dies at the return.
    virtual std::string on_record(std::size_t connection, std::string_view record) = 0;
};

/// Many SignalR connections on one epoll loop, whatever carries them. A connection that the server
/// closes is a failure. A base with data: the loop is the same for every transport, and only bench
/// has it. Thread: main.
class Swarm {
public:
    Swarm(const Target& target, SwarmSink& sink);
    virtual ~Swarm() = default;
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    /// Sets the path of each connection; before open(). Default: Target::path for all.
    void paths(std::function<std::string(std::size_t)> path_of) { path_of_ = std::move(path_of); }

    /// From now on polls instead of sleeping, so that the server's sends never pay for waking this
    /// process: for runs with one receiver, where that is a third of the cost and comes and goes
    /// with the client's own speed.
    void stay_awake() { turn_ms_ = 0; }

    /// Opens all connections, `in_flight` at a time. Ends when the last handshake was answered.
    virtual Result<void, BenchError> open(std::size_t in_flight, Progress& progress) = 0;
    /// Sends one record without its framing.
    virtual void send(std::size_t connection, std::string_view record) = 0;

    /// Runs the loop while `go_on` says so; asked after each turn, at least every 20 ms.
    Result<void, BenchError> run(const std::function<bool()>& go_on);
    /// Runs the loop for a while without a condition; fails like run().
    Result<void, BenchError> run_for(double seconds);

    std::uint64_t pings_received() const { return pings_received_; }
    std::uint64_t pings_sent() const { return pings_sent_; }
    /// How often the server has written to the connections that are open, see tcp_segments.h.
    virtual std::uint64_t writes() const = 0;
    /// How many connections have had no server ping yet.
    virtual std::size_t connections_without_ping() const = 0;

protected:
    virtual void turn(int timeout_ms) = 0;
    void fail(std::size_t index, std::string_view why);
    Result<void, BenchError> state() const;

    Target target_;
    SwarmSink& sink_;
    std::function<std::string(std::size_t)> path_of_;
    std::string failure_;
    int turn_ms_ = 20;
    std::int64_t deadline_ns_;
    std::uint64_t pings_received_ = 0;
    std::uint64_t pings_sent_ = 0;
};

/// `sink` must outlive the swarm. Server-Sent Events carry JSON only, long polling is tried with
/// JSON only.
std::unique_ptr<Swarm> make_swarm(const Target& target, std::size_t connections, SwarmSink& sink);

/// `path` with one query item more.
std::string with_query(std::string path, std::string_view item);

/// The connection token of a negotiation, or why there is none.
class HttpClient;
Result<std::string, BenchError> negotiate(HttpClient& client, const std::string& path,
                                          bool stateful, std::int64_t deadline_ns);

}  // namespace hubtrail::bench
