#include "bench/websocket_swarm.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypto.h"
#include "bench/process_probe.h"
#include "bench/target.h"
#include "bench/tcp_segments.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kReadBytes = 512U << 10U;
constexpr int kEventsPerTurn = 1024;
constexpr int kTurnMs = 20;
constexpr std::int64_t kPingIntervalNs = 15'000'000'000;
constexpr std::size_t kAnswerHeadBytesMax = 16U << 10U;
constexpr std::int64_t kAckIntervalNs = 1'000'000'000;
constexpr std::string_view kPingRecord = "{\"type\":6}";
constexpr std::string_view kPackedPing = "\x91\x06";
constexpr std::string_view kAckBegin = "{\"type\":8";

std::string handshake(const Target& target) {
    return std::string(R"({"protocol":")") +
           (target.encoding == Encoding::json ? "json" : "messagepack") + R"(","version":)" +
           (target.stateful ? "2" : "1") + "}\x1e";
}

enum class Phase : std::uint8_t { idle, connecting, upgrading, handshaking, open };

/// Any 16 bytes are a good key here: it proves that the answer belongs to the request.
std::string websocket_key(std::size_t index) {
    std::array<char, 16> bytes{};
    std::memcpy(bytes.data(), &index, sizeof index);
    return base64_encode({bytes.data(), bytes.size()});
}

/// The code and the reason of a close frame, for the failure text.
std::string close_text(std::string_view payload) {
    if (payload.size() < 2) {
        return "the server closed the connection without a code";
    }
    const auto high = static_cast<unsigned char>(payload[0]);
    const auto low = static_cast<unsigned char>(payload[1]);
    return "the server closed the connection: " + std::to_string(high * 256 + low) + " " +
           std::string(payload.substr(2));
}

}  // namespace

struct WebSocketSwarm::Connection {
    int fd = -1;
    Phase phase = Phase::idle;
    std::uint32_t pings = 0;
    std::uint64_t received = 0;  ///< records that stateful reconnect counts
    std::uint64_t acknowledged = 0;
    std::size_t out_sent = 0;
    std::string path;
    std::string out;   // what the socket did not take
    std::string head;  // of the upgrade answer
    RecordStream stream;
};

/// Joins the records of one stream to its connection. Thread: main.
class WebSocketSwarm::Reader final : public RecordStreamSink {
public:
    Reader(WebSocketSwarm& swarm, std::size_t index) : swarm_(swarm), index_(index) {}
    void on_record(std::string_view record) override { swarm_.on_record(index_, record); }
    void on_control(Opcode opcode, std::string_view payload) override {
        swarm_.on_control(index_, opcode, payload);
    }

private:
    WebSocketSwarm& swarm_;
    std::size_t index_;
};

WebSocketSwarm::WebSocketSwarm(const Target& target, std::size_t connections, SwarmSink& sink)
    : Swarm(target, sink),
      connections_(connections),
      buffer_(kReadBytes),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      negotiator_(target) {}

WebSocketSwarm::~WebSocketSwarm() {
    std::string goodbye;
    append_masked_frame(goodbye, Opcode::close, "\x03\xe8", 0x5a5a5a5a);
    for (const Connection& connection : connections_) {
        if (connection.fd >= 0) {
            // Without it a connection that may be resumed is kept, and sent to, for 15 s more.
            (void)!::send(connection.fd, goodbye.data(), goodbye.size(),
                          MSG_NOSIGNAL | MSG_DONTWAIT);
            close(connection.fd);
        }
    }
    close(epoll_);
}

Result<void, BenchError> WebSocketSwarm::open(std::size_t in_flight, Progress& progress) {
    while (open_ < connections_.size()) {
        while (failure_.empty() && started_ < connections_.size() && started_ - open_ < in_flight) {
            start(started_++);
        }
        turn(kTurnMs);
        if (auto result = state(); !result) {
            return result;
        }
        progress.show(static_cast<double>(open_), static_cast<double>(connections_.size()));
    }
    next_ping_ns_ = now_ns() + kPingIntervalNs / static_cast<std::int64_t>(connections_.size());
    return {};
}

std::uint64_t WebSocketSwarm::writes() const {
    std::uint64_t all = 0;
    for (const auto& connection : connections_) {
        all += data_segments_in(connection.fd);
    }
    return all;
}

std::size_t WebSocketSwarm::connections_without_ping() const {
    return static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(),
                      [](const Connection& c) { return c.pings == 0; }));
}

void WebSocketSwarm::start(std::size_t index) {
    auto& path = connections_[index].path = path_of_(index);
    if (target_.stateful) {
        const auto token = negotiate(negotiator_, path, true, deadline_ns_);
        if (!token) {
            fail(index, token.error().text);
            return;
        }
        path = with_query(std::move(path), "id=" + *token);
    }
    auto fd = start_connect(target_, index);
    if (!fd) {
        fail(index, fd.error().text);
        return;
    }
    connections_[index].fd = *fd;
    connections_[index].phase = Phase::connecting;
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event);
}

void WebSocketSwarm::watch(std::size_t index, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connections_[index].fd, &event);
}

void WebSocketSwarm::turn(int timeout_ms) {
    std::array<epoll_event, kEventsPerTurn> events;
    if (next_ping_ns_ != 0 && target_.pings == Pings::stock) {
        send_due_pings();
        const auto ping_ms = (next_ping_ns_ - now_ns()) / 1'000'000 + 1;
        timeout_ms = static_cast<int>(std::clamp<std::int64_t>(ping_ms, 0, timeout_ms));
    }
    if (target_.stateful && now_ns() >= next_ack_ns_) {
        next_ack_ns_ = now_ns() + kAckIntervalNs;
        acknowledge();
    }
    const int count = epoll_wait(epoll_, events.data(), kEventsPerTurn, timeout_ms);
    for (int i = 0; i < count && failure_.empty(); ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if ((event.events & EPOLLOUT) != 0) {
            on_writable(event.data.u64);
        }
        if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            on_readable(event.data.u64);
        }
    }
}

void WebSocketSwarm::send_due_pings() {
    const std::int64_t now = now_ns();
    // Spread over the interval, as the pings of clients that came at different times are.
    const std::int64_t step = kPingIntervalNs / static_cast<std::int64_t>(connections_.size());
    for (std::size_t sent = 0; next_ping_ns_ <= now && sent < connections_.size(); ++sent) {
        send(next_ping_index_, target_.encoding == Encoding::json ? kPingRecord : kPackedPing);
        ++pings_sent_;
        next_ping_index_ = (next_ping_index_ + 1) % connections_.size();
        next_ping_ns_ += std::max<std::int64_t>(step, 1);
    }
}

void WebSocketSwarm::acknowledge() {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        auto& connection = connections_[i];
        if (connection.received > connection.acknowledged) {
            connection.acknowledged = connection.received;
            send(i, R"({"type":8,"sequenceId":)" + std::to_string(connection.received) + "}");
        }
    }
}

void WebSocketSwarm::on_writable(std::size_t index) {
    Connection& connection = connections_[index];
    if (connection.phase == Phase::connecting) {
        int error = 0;
        socklen_t bytes = sizeof error;
        getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &bytes);
        if (error != 0) {
            fail(index, std::string("connect: ") + std::strerror(error));
            return;
        }
        connection.phase = Phase::upgrading;
        watch(index, EPOLLIN);
        write(index, upgrade_request(target_.host, target_.port, connection.path,
                                     token_of(target_, index), websocket_key(index)));
        connection.path = {};
        return;
    }
    const std::string pending = std::exchange(connection.out, {});
    const std::size_t begin = std::exchange(connection.out_sent, 0);
    watch(index, EPOLLIN);
    write(index, std::string_view(pending).substr(begin));
}

void WebSocketSwarm::on_readable(std::size_t index) {
    Connection& connection = connections_[index];
    const auto got = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
        on_bytes(index, {buffer_.data(), static_cast<std::size_t>(got)});
    } else if (got == 0) {
        fail(index, "the server closed the connection");
    } else if (errno != EAGAIN && errno != EINTR) {
        fail(index, std::string("recv: ") + std::strerror(errno));
    }
}

void WebSocketSwarm::on_bytes(std::size_t index, std::string_view bytes) {
    Connection& connection = connections_[index];
    if (connection.phase == Phase::upgrading) {
        const std::size_t had = connection.head.size();
        connection.head.append(bytes);
        const auto end = connection.head.find("\r\n\r\n");
        if (end == std::string::npos) {
            if (connection.head.size() > kAnswerHeadBytesMax) {
                fail(index, "the head of the upgrade answer does not end");
            }
            return;
        }
        const auto refusal =
            upgrade_refusal(connection.head.substr(0, end + 2), websocket_key(index));
        if (!refusal.empty()) {
            fail(index, refusal);
            return;
        }
        bytes.remove_prefix(end + 4 - had);
        connection.head = {};
        connection.phase = Phase::handshaking;
        queue(index, Opcode::text, handshake(target_));
    }
    Reader reader(*this, index);
    const std::string_view wrong = connection.stream.feed(bytes, reader);
    if (!wrong.empty()) {
        fail(index, wrong);
    }
}

void WebSocketSwarm::on_record(std::size_t index, std::string_view record) {
    Connection& connection = connections_[index];
    if (!failure_.empty()) {
        return;
    }
    if (record == (target_.encoding == Encoding::json ? kPingRecord : kPackedPing)) {
        ++pings_received_;
        ++connection.pings;
        return;
    }
    if (connection.phase == Phase::handshaking) {
        if (record != "{}") {
            fail(index, "the handshake was refused: " + std::string(record.substr(0, 200)));
            return;
        }
        connection.phase = Phase::open;
        if (target_.encoding == Encoding::messagepack) {
            connection.stream.use_length_prefix();
        }
        ++open_;
        return;
    }
    if (target_.stateful) {
        if (record.substr(0, kAckBegin.size()) == kAckBegin) {
            return;
        }
        ++connection.received;
    }
    if (const std::string wrong = sink_.on_record(index, record); !wrong.empty()) {
        fail(index, wrong);
    }
}

void WebSocketSwarm::on_control(std::size_t index, Opcode opcode, std::string_view payload) {
    if (opcode == Opcode::close) {
        fail(index, close_text(payload));
    } else if (opcode == Opcode::ping) {
        queue(index, Opcode::pong, payload);
    }
}

void WebSocketSwarm::send(std::size_t connection, std::string_view record) {
    if (target_.encoding == Encoding::messagepack) {
        std::string payload;
        append_length_prefix(payload, record.size());
        payload.append(record);
        queue(connection, Opcode::binary, payload);
        return;
    }
    std::string payload(record);
    payload += kRecordSeparator;
    queue(connection, Opcode::text, payload);
}

void WebSocketSwarm::queue(std::size_t index, Opcode opcode, std::string_view payload) {
    mask_ ^= mask_ << 13U;
    mask_ ^= mask_ >> 17U;
    mask_ ^= mask_ << 5U;
    scratch_.clear();
    append_masked_frame(scratch_, opcode, payload, mask_);
    write(index, scratch_);
}

void WebSocketSwarm::write(std::size_t index, std::string_view bytes) {
    Connection& connection = connections_[index];
    if (connection.out.empty()) {
        const auto sent = ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            fail(index, std::string("send: ") + std::strerror(errno));
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
        if (bytes.empty()) {
            return;
        }
        watch(index, EPOLLIN | EPOLLOUT);
    }
    connection.out.append(bytes);
}

}  // namespace hubtrail::bench
