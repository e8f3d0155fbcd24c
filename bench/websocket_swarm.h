#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/http_wire.h"
#include "bench/swarm.h"
#include "bench/websocket_wire.h"

namespace hubtrail::bench {

/// Connections over WebSockets: connect, upgrade, handshake, keep-alive pings; with stateful
/// reconnect they are negotiated first and acknowledge. `sink` must outlive it. Thread: main.
class WebSocketSwarm final : public Swarm {
public:
    WebSocketSwarm(const Target& target, std::size_t connections, SwarmSink& sink);
    ~WebSocketSwarm() override;

    Result<void, BenchError> open(std::size_t in_flight, Progress& progress) override;
    void send(std::size_t connection, std::string_view record) override;
    std::uint64_t writes() const override;
    std::size_t connections_without_ping() const override;

private:
    struct Connection;
    class Reader;

    void start(std::size_t index);
    void turn(int timeout_ms) override;
    void on_writable(std::size_t index);
    void on_readable(std::size_t index);
    void on_bytes(std::size_t index, std::string_view bytes);
    void on_record(std::size_t index, std::string_view record);
    void on_control(std::size_t index, Opcode opcode, std::string_view payload);
    void queue(std::size_t index, Opcode opcode, std::string_view payload);
    void write(std::size_t index, std::string_view bytes);
    void watch(std::size_t index, std::uint32_t events);
    void send_due_pings();
    void acknowledge();

    std::vector<Connection> connections_;
    std::string scratch_;
    std::vector<char> buffer_;
    int epoll_;
    HttpClient negotiator_;
    std::size_t started_ = 0;
    std::size_t open_ = 0;
    std::int64_t next_ping_ns_ = 0;
    std::int64_t next_ack_ns_ = 0;
    std::size_t next_ping_index_ = 0;
    std::uint32_t mask_ = 0x9e3779b9U;
};

}  // namespace hubtrail::bench
