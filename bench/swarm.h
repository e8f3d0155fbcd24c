#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/bench.h"
#include "bench/progress.h"
#include "bench/websocket_wire.h"

namespace hubtrail::bench {

/// Receives the records of all connections of a swarm, pings left out. Thread: main.
class SwarmSink {
public:
    virtual ~SwarmSink() = default;
    /// Empty, or what is wrong with the record: that ends the run. The view dies at the return.
    virtual std::string on_record(std::size_t connection, std::string_view record) = 0;
};

/// Many SignalR connections on one epoll loop: connect, upgrade, handshake, keep-alive pings.
/// `sink` must outlive the swarm. A connection that the server closes is a failure.
/// Thread: main.
class Swarm {
public:
    Swarm(const Target& target, std::size_t connections, SwarmSink& sink);
    ~Swarm();
    Swarm(const Swarm&) = delete;
    Swarm& operator=(const Swarm&) = delete;

    /// Sets the path of each connection; before open(). Default: Target::path for all.
    void paths(std::function<std::string(std::size_t)> path_of) { path_of_ = std::move(path_of); }

    /// Opens all connections, `in_flight` at a time. Ends when the last handshake was answered.
    Result<void, BenchError> open(std::size_t in_flight, Progress& progress);

    /// Sends one record (JSON without separator) as one text frame.
    void send(std::size_t connection, std::string_view record);

    /// Runs the loop while `go_on` says so; asked after each turn, at least every 20 ms.
    Result<void, BenchError> run(const std::function<bool()>& go_on);

    /// Runs the loop for a while without a condition; fails like run().
    Result<void, BenchError> run_for(double seconds);

    std::uint64_t pings_received() const { return pings_received_; }
    std::uint64_t pings_sent() const { return pings_sent_; }
    /// How often a socket gave bytes: with one message in each, the server coalesced nothing.
    std::uint64_t reads() const { return reads_; }
    /// How many connections have had no server ping yet.
    std::size_t connections_without_ping() const;

private:
    struct Connection;
    class Reader;

    void start(std::size_t index);
    void turn(int timeout_ms);
    void on_writable(std::size_t index);
    void on_readable(std::size_t index);
    void on_bytes(std::size_t index, std::string_view bytes);
    void on_record(std::size_t index, std::string_view record);
    void on_control(std::size_t index, Opcode opcode, std::string_view payload);
    void queue(std::size_t index, Opcode opcode, std::string_view payload);
    void write(std::size_t index, std::string_view bytes);
    void watch(std::size_t index, std::uint32_t events);
    void send_due_pings();
    void fail(std::size_t index, std::string_view why);
    Result<void, BenchError> state() const;

    Target target_;
    SwarmSink& sink_;
    std::function<std::string(std::size_t)> path_of_;
    std::vector<Connection> connections_;
    std::string failure_;
    std::string scratch_;
    std::vector<char> buffer_;
    int epoll_;
    std::size_t started_ = 0;
    std::size_t open_ = 0;
    std::int64_t deadline_ns_;
    std::int64_t next_ping_ns_ = 0;
    std::size_t next_ping_index_ = 0;
    std::uint64_t pings_received_ = 0;
    std::uint64_t pings_sent_ = 0;
    std::uint64_t reads_ = 0;
    std::uint32_t mask_ = 0x9e3779b9U;
};

}  // namespace hubtrail::bench
