#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/http_wire.h"
#include "bench/swarm.h"

namespace hubtrail::bench {

/// Connections over Server-Sent Events or long polling, JSON only: each has one socket on which the
/// server's messages come; what it sends goes by POST over one connection of all. Sends no pings.
/// `sink` must outlive it. Thread: main.
class HttpSwarm final : public Swarm {
public:
    HttpSwarm(const Target& target, std::size_t connections, SwarmSink& sink);
    ~HttpSwarm() override;

    Result<void, BenchError> open(std::size_t in_flight, Progress& progress) override;
    void send(std::size_t connection, std::string_view record) override;
    std::uint64_t writes() const override;
    std::size_t connections_without_ping() const override { return 0; }

private:
    struct Connection;

    void start(std::size_t index);
    void turn(int timeout_ms) override;
    void on_writable(std::size_t index);
    void on_readable(std::size_t index);
    void request(std::size_t index);
    void on_answer_begun(std::size_t index);
    void take_events(std::size_t index, std::string_view bytes);
    void take_lines(std::size_t index, std::string_view bytes);
    void take_polls(std::size_t index);
    void on_records(std::size_t index, std::string_view records);
    void post(std::size_t index, std::string_view body);

    std::vector<Connection> connections_;
    std::vector<char> buffer_;
    int epoll_;
    HttpClient poster_;
    std::size_t started_ = 0;
    std::size_t open_ = 0;
};

}  // namespace hubtrail::bench
