#include "bench/http_swarm.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/process_probe.h"
#include "bench/target.h"
#include "bench/tcp_segments.h"
#include "bench/websocket_wire.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kReadBytes = 512U << 10U;
constexpr std::size_t kHeadBytesMax = 16U << 10U;
constexpr int kEventsPerTurn = 1024;
constexpr int kTurnMs = 20;
constexpr std::string_view kPingRecord = "{\"type\":6}";
constexpr std::string_view kHandshake = "{\"protocol\":\"json\",\"version\":1}\x1e";
constexpr std::string_view kData = "data: ";

enum class Phase : std::uint8_t { idle, connecting, waiting, handshaking, open };

}  // namespace

struct HttpSwarm::Connection {
    int fd = -1;
    Phase phase = Phase::idle;
    bool chunked = false;
    bool in_head = true;
    std::string path;  ///< with the id
    std::string in;    ///< what is not whole yet: a head, a chunk's length, a poll's answer
    std::string line;  ///< of the event stream
    std::size_t chunk_left = 0;
    bool chunk_end = false;  ///< the line break behind a chunk is still to come
};

HttpSwarm::HttpSwarm(const Target& target, std::size_t connections, SwarmSink& sink)
    : Swarm(target, sink),
      connections_(connections),
      buffer_(kReadBytes),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      poster_(target) {}

HttpSwarm::~HttpSwarm() {
    for (const Connection& connection : connections_) {
        if (connection.fd >= 0) {
            close(connection.fd);
        }
    }
    close(epoll_);
}

Result<void, BenchError> HttpSwarm::open(std::size_t in_flight, Progress& progress) {
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
    return {};
}

std::uint64_t HttpSwarm::writes() const {
    std::uint64_t all = 0;
    for (const auto& connection : connections_) {
        all += data_segments_in(connection.fd);
    }
    return all;
}

void HttpSwarm::start(std::size_t index) {
    auto& connection = connections_[index];
    const auto path = path_of_(index);
    const auto token = negotiate(poster_, path, false, deadline_ns_);
    if (!token) {
        fail(index, token.error().text);
        return;
    }
    connection.path = with_query(path, "id=" + *token);
    const auto fd = start_connect(target_, index);
    if (!fd) {
        fail(index, fd.error().text);
        return;
    }
    connection.fd = *fd;
    connection.phase = Phase::connecting;
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event);
}

void HttpSwarm::turn(int timeout_ms) {
    std::array<epoll_event, kEventsPerTurn> events;
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

void HttpSwarm::on_writable(std::size_t index) {
    Connection& connection = connections_[index];
    connection.phase = Phase::waiting;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
    request(index);
}

void HttpSwarm::request(std::size_t index) {
    Connection& connection = connections_[index];
    auto text = get_request(target_, connection.path);
    if (target_.carrier == Carrier::server_sent_events) {
        text.insert(text.size() - 2, "Accept: text/event-stream\r\n");
    }
    // One request is outstanding at most, so the socket takes it whole.
    if (::send(connection.fd, text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
        fail(index, std::string("send: ") + std::strerror(errno));
    }
}

void HttpSwarm::on_readable(std::size_t index) {
    Connection& connection = connections_[index];
    const auto got = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            fail(index, got == 0 ? "the server closed the connection" : std::strerror(errno));
        }
        return;
    }
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    if (target_.carrier == Carrier::long_polling) {
        connection.in.append(bytes);
        take_polls(index);
        return;
    }
    if (connection.in_head) {
        connection.in.append(bytes);
        const auto end = connection.in.find("\r\n\r\n");
        if (end == std::string::npos) {
            if (connection.in.size() > kHeadBytesMax) {
                fail(index, "the head of the event stream does not end");
            }
            return;
        }
        const auto head = connection.in.substr(0, end + 2);
        if (head.rfind("HTTP/1.1 200", 0) != 0) {
            fail(index, "the event stream was refused: " + head.substr(0, 80));
            return;
        }
        connection.chunked = head.find("chunked") != std::string::npos;
        const auto rest = std::exchange(connection.in, {}).substr(end + 4);
        connection.in_head = false;
        on_answer_begun(index);
        take_events(index, rest);
        return;
    }
    take_events(index, bytes);
}

// The server has accepted the transport: now it may be shaken hands with.
void HttpSwarm::on_answer_begun(std::size_t index) {
    connections_[index].phase = Phase::handshaking;
    post(index, kHandshake);
}

void HttpSwarm::take_events(std::size_t index, std::string_view bytes) {
    Connection& connection = connections_[index];
    if (!connection.chunked) {
        take_lines(index, bytes);
        return;
    }
    while (!bytes.empty() && failure_.empty()) {
        if (connection.chunk_left == 0) {
            const char byte = bytes.front();
            bytes.remove_prefix(1);
            if (byte != '\n') {
                connection.in.push_back(byte);
                continue;
            }
            if (!std::exchange(connection.chunk_end, false)) {
                std::from_chars(connection.in.data(), connection.in.data() + connection.in.size(),
                                connection.chunk_left, 16);
                if (connection.chunk_left == 0) {
                    fail(index, "the server ended the event stream");
                }
            }
            connection.in.clear();
            continue;
        }
        const auto take = std::min(connection.chunk_left, bytes.size());
        connection.chunk_left -= take;
        connection.chunk_end = connection.chunk_left == 0;
        take_lines(index, bytes.substr(0, take));
        bytes.remove_prefix(take);
    }
}

void HttpSwarm::take_lines(std::size_t index, std::string_view bytes) {
    Connection& connection = connections_[index];
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        connection.line.append(bytes.substr(0, end));
        if (end == std::string_view::npos) {
            return;
        }
        bytes.remove_prefix(end + 1);
        std::string_view line = connection.line;
        if (line.substr(0, kData.size()) == kData) {
            line.remove_prefix(kData.size());
            if (!line.empty() && line.back() == '\r') {
                line.remove_suffix(1);
            }
            on_records(index, line);
        }
        connection.line.clear();
    }
}

void HttpSwarm::take_polls(std::size_t index) {
    Connection& connection = connections_[index];
    const auto response = parse_response(connection.in);
    if (!response) {
        fail(index, response.error().text);
        return;
    }
    if (!*response) {
        return;
    }
    if ((*response)->status != 200) {
        fail(index, "a poll was answered " + std::to_string((*response)->status));
        return;
    }
    const std::string body((*response)->body);
    connection.in.erase(0, (*response)->bytes);
    if (connection.phase == Phase::waiting) {
        on_answer_begun(index);
    }
    request(index);
    on_records(index, body);
}

void HttpSwarm::on_records(std::size_t index, std::string_view records) {
    Connection& connection = connections_[index];
    while (!records.empty() && failure_.empty()) {
        const auto end = records.find(kRecordSeparator);
        if (end == std::string_view::npos) {
            fail(index, "half a record: " + std::string(records.substr(0, 200)));
            return;
        }
        const auto record = records.substr(0, end);
        records.remove_prefix(end + 1);
        if (record == kPingRecord) {
            ++pings_received_;
        } else if (connection.phase == Phase::handshaking) {
            if (record != "{}") {
                fail(index, "the handshake was refused: " + std::string(record.substr(0, 200)));
                return;
            }
            connection.phase = Phase::open;
            ++open_;
        } else if (const std::string wrong = sink_.on_record(index, record); !wrong.empty()) {
            fail(index, wrong);
        }
    }
}

void HttpSwarm::send(std::size_t connection, std::string_view record) {
    post(connection, std::string(record) + kRecordSeparator);
}

void HttpSwarm::post(std::size_t index, std::string_view body) {
    if (const auto answer = poster_.post(connections_[index].path, body, deadline_ns_); !answer) {
        fail(index, answer.error().text);
    }
}

}  // namespace hubtrail::bench
