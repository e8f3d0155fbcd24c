// The physical limit: one epoll loop that sends bytes framed beforehand, with one send() for each
// connection and turn. It knows just enough of WebSocket and SignalR to serve `hubtrail bench`; it
// checks nothing, has no limits and must never face anything but that client.
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/process_probe.h"
#include "bench/sequence_check.h"
#include "bench/websocket_wire.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;
constexpr int kEventsPerTurn = 512;
constexpr int kTurnMs = 200;
constexpr int kBacklog = 4096;
constexpr std::int64_t kPingIntervalNs = 15'000'000'000;

volatile sig_atomic_t stop_requested = 0;

/// What follows `key` in the text, up to the next quote, comma or bracket.
std::string_view value_after(std::string_view text, std::string_view key) {
    const auto at = text.find(key);
    if (at == std::string_view::npos) {
        return {};
    }
    text.remove_prefix(at + key.size());
    return text.substr(0, text.find_first_of("\",]"));
}

/// Takes the next number of an argument list, 0 when there is none.
std::uint32_t take_number(std::string_view& text) {
    std::uint32_t value = 0;
    const auto digit = std::min(text.find_first_of("0123456789"), text.size());
    const auto [end, error] =
        std::from_chars(text.data() + digit, text.data() + text.size(), value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc{} ? value : 0;
}

/// Appends the frame of message `sequence`, which is all that a server sends in a round.
void append_message(std::string& out, std::uint64_t sequence, std::uint32_t bytes) {
    std::string record = R"({"type":1,"target":"m","arguments":[")";
    append_sequence_argument(record, sequence, bytes);
    record += "\"]}";
    record += kRecordSeparator;
    append_server_frame(out, Opcode::text, record);
}

/// The whole server. Thread: main.
class BareLoop {
public:
    /// Listens and prints the ready line; false when the port is not to be had.
    bool listen_on(const std::string& host, std::uint16_t port);
    void run();

private:
    enum class Phase : std::uint8_t { unused, upgrading, handshaking, open };

    struct Connection {
        Phase phase = Phase::unused;
        bool blocked = false;  // the socket took less than it was given
        std::string in;
        std::string out;
    };

    void accept_all();
    void on_readable(int fd);
    void upgrade(int fd);
    void read_frames(int fd);
    void on_record(int fd, std::string_view record);
    void flush(int fd);
    void send_bytes(int fd, std::string_view bytes);
    void block(int fd, bool blocked);
    void send_round(std::uint32_t first, std::uint32_t count, std::uint32_t bytes);
    void ping_all();
    void drop(int fd);

    int epoll_ = -1;
    int listener_ = -1;
    std::vector<char> buffer_ = std::vector<char>(kReadBytes);
    std::vector<Connection> connections_;  // by descriptor
    std::vector<int> open_;
    std::unordered_map<std::string, int> users_;
    std::string round_;  // the bytes that every connection gets
    std::int64_t next_ping_ns_ = 0;
};

bool BareLoop::listen_on(const std::string& host, std::uint16_t port) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    socklen_t bytes = sizeof address;
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
        bind(listener_, reinterpret_cast<const sockaddr*>(&address), bytes) != 0 ||
        listen(listener_, kBacklog) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) {
        std::perror("bench_bare_loop: listen");
        return false;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = listener_;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
    std::printf("ready http://%s:%u/\n", host.c_str(),
                static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
    return true;
}

void BareLoop::run() {
    std::array<epoll_event, kEventsPerTurn> events;
    next_ping_ns_ = now_ns() + kPingIntervalNs;
    while (stop_requested == 0) {
        const int count = epoll_wait(epoll_, events.data(), kEventsPerTurn, kTurnMs);
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            if (event.data.fd == listener_) {
                accept_all();
                continue;
            }
            if ((event.events & EPOLLOUT) != 0) {
                flush(event.data.fd);
            }
            if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
                on_readable(event.data.fd);
            }
        }
        if (now_ns() >= next_ping_ns_) {
            ping_all();
        }
    }
}

void BareLoop::accept_all() {
    for (;;) {
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connections_.size() <= static_cast<std::size_t>(fd)) {
            connections_.resize(static_cast<std::size_t>(fd) + 1);
        }
        connections_[static_cast<std::size_t>(fd)].phase = Phase::upgrading;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
}

void BareLoop::on_readable(int fd) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    const auto got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            drop(fd);
        }
        return;
    }
    connection.in.append(buffer_.data(), static_cast<std::size_t>(got));
    if (connection.phase == Phase::upgrading) {
        upgrade(fd);
    } else {
        read_frames(fd);
    }
}

void BareLoop::upgrade(int fd) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    const auto end = connection.in.find("\r\n\r\n");
    if (end == std::string::npos) {
        return;
    }
    constexpr std::string_view kKey = "Sec-WebSocket-Key: ";
    const auto key = connection.in.find(kKey);
    if (key == std::string::npos) {
        drop(fd);
        return;
    }
    const std::string_view head = connection.in;
    const auto text = head.substr(key + kKey.size());
    const auto target = head.substr(0, head.find("\r\n"));
    if (const auto user = target.find("?user="); user != std::string_view::npos) {
        const auto name = target.substr(user + 6);
        users_[std::string(name.substr(0, name.find_first_of(" &")))] = fd;
    }
    const std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        websocket_accept(text.substr(0, text.find("\r\n"))) + "\r\n\r\n";
    connection.in = std::string();
    connection.phase = Phase::handshaking;
    send_bytes(fd, answer);
}

void BareLoop::read_frames(int fd) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    std::string text = std::exchange(connection.in, {});
    std::size_t at = 0;
    while (text.size() - at >= 6) {
        auto* frame = reinterpret_cast<unsigned char*>(text.data() + at);
        std::size_t length = frame[1] & 0x7fU;
        const std::size_t head = length == 126 ? 8 : 6;
        if (length == 127 || text.size() - at < head) {
            break;
        }
        length = length == 126 ? frame[2] * 256U + frame[3] : length;
        if (text.size() - at < head + length) {
            break;
        }
        for (std::size_t i = 0; i < length; ++i) {
            frame[head + i] = static_cast<unsigned char>(frame[head + i] ^ frame[head - 4 + i % 4]);
        }
        if ((frame[0] & 0x0fU) == static_cast<unsigned>(Opcode::close)) {
            drop(fd);
            return;
        }
        std::string_view payload(text.data() + at + head, length);
        for (auto end = payload.find(kRecordSeparator); end != std::string_view::npos;
             end = payload.find(kRecordSeparator)) {
            on_record(fd, payload.substr(0, end));
            payload.remove_prefix(end + 1);
        }
        at += head + length;
    }
    if (at < text.size()) {
        connections_[static_cast<std::size_t>(fd)].in = text.substr(at);
    }
}

void BareLoop::on_record(int fd, std::string_view record) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    std::string frame;
    const auto completion = [&](std::string_view more) {
        std::string text = R"({"type":3,"invocationId":")";
        text.append(value_after(record, R"("invocationId":")"))
            .append("\"")
            .append(more)
            .append("}");
        text += kRecordSeparator;
        append_server_frame(frame, Opcode::text, text);
    };
    constexpr std::string_view kArguments = "\"arguments\":[";
    std::string_view arguments = record.substr(std::min(record.find(kArguments), record.size()));
    if (connection.phase == Phase::handshaking) {
        connection.phase = Phase::open;
        open_.push_back(fd);
        append_server_frame(frame, Opcode::text, std::string("{}") + kRecordSeparator);
    } else if (record.find(R"("target":"Echo")") != std::string_view::npos) {
        const auto text = value_after(record, R"("arguments":[")");
        completion(R"(,"result":")" + std::string(text) + "\"");
    } else if (record.find(R"("target":"Round")") != std::string_view::npos) {
        const auto first = take_number(arguments);
        const auto count = take_number(arguments);
        send_round(first, count, take_number(arguments));
        if (record.find("\"invocationId\"") != std::string_view::npos) {
            completion("");
        }
    } else if (record.find(R"("target":"ToUser")") != std::string_view::npos) {
        const auto user = users_.find(std::string(value_after(record, R"("arguments":[")")));
        arguments.remove_prefix(std::min(arguments.find(','), arguments.size()));
        const std::uint32_t rounds = take_number(arguments);
        for (std::uint32_t i = 0; user != users_.end() && i < rounds; ++i) {
            std::string message;
            append_message(message, i, 0);
            send_bytes(user->second, message);
        }
        completion("");
    }
    if (!frame.empty()) {
        send_bytes(fd, frame);
    }
}

void BareLoop::block(int fd, bool blocked) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    if (connection.blocked == blocked) {
        return;
    }
    connection.blocked = blocked;
    epoll_event event{};
    event.events = blocked ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void BareLoop::send_bytes(int fd, std::string_view bytes) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    if (!connection.blocked) {
        const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
        if (bytes.empty() || (sent < 0 && errno != EAGAIN)) {
            return;
        }
        block(fd, true);
    }
    connection.out.append(bytes);
}

void BareLoop::flush(int fd) {
    Connection& connection = connections_[static_cast<std::size_t>(fd)];
    if (!connection.out.empty()) {
        const auto sent = send(fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
        connection.out.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }
    if (connection.out.empty()) {
        connection.out = std::string();
        block(fd, false);
    }
}

void BareLoop::send_round(std::uint32_t first, std::uint32_t count, std::uint32_t bytes) {
    round_.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
        append_message(round_, first + i, bytes);
    }
    for (const int fd : open_) {
        send_bytes(fd, round_);
    }
}

void BareLoop::ping_all() {
    next_ping_ns_ = now_ns() + kPingIntervalNs;
    std::string frame;
    append_server_frame(frame, Opcode::text, std::string("{\"type\":6}") + kRecordSeparator);
    for (const int fd : open_) {
        send_bytes(fd, frame);
    }
}

void BareLoop::drop(int fd) {
    block(fd, false);
    connections_[static_cast<std::size_t>(fd)] = Connection{};
    open_.erase(std::remove(open_.begin(), open_.end(), fd), open_.end());
    for (auto user = users_.begin(); user != users_.end();) {
        user = user->second == fd ? users_.erase(user) : std::next(user);
    }
    close(fd);
}

extern "C" void request_stop(int) {
    stop_requested = 1;
}

}  // namespace
}  // namespace hubtrail::bench

int main(int argc, char** argv) {
    using hubtrail::bench::BareLoop;
    const std::string_view address =
        argc == 3 && std::strcmp(argv[1], "--listen") == 0 ? argv[2] : "";
    const auto colon = address.find(':');
    if (colon == std::string_view::npos) {
        std::fputs("usage: bench_bare_loop --listen 127.0.0.1:PORT   (port 0: any)\n", stderr);
        return 2;
    }
    struct sigaction action {};
    action.sa_handler = hubtrail::bench::request_stop;
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    BareLoop loop;
    const auto port =
        static_cast<std::uint16_t>(std::atoi(std::string(address.substr(colon + 1)).c_str()));
    if (!loop.listen_on(std::string(address.substr(0, colon)), port)) {
        return 1;
    }
    loop.run();
    return 0;
}
