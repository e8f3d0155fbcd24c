#pragma once

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "tests/support/catch.h"
#include "transport/net/net_loop.h"

namespace hubtrail::transport {

inline constexpr int kPatienceMs = 10'000;  ///< how long a test waits for what must come

/// A real loop in its own thread, listening on a free loopback port if it is told to. Ends with the
/// fixture.
class NetFixture {
public:
    NetFixture() = default;
    ~NetFixture() { stop(); }
    NetFixture(const NetFixture&) = delete;
    NetFixture& operator=(const NetFixture&) = delete;

    void listen(AcceptHandler on_accept) {
        const auto descriptor = open_listener(address, ListenerShare::first);
        REQUIRE(descriptor);
        loop->listen(*descriptor, std::move(on_accept));
    }
    void run() {
        thread_ = std::thread([this] { loop->run(); });
    }
    void stop() {
        if (thread_.joinable()) {
            loop->stop();
            thread_.join();
        }
    }
    /// Runs the task on the loop and waits for it.
    void call(Task task) {
        std::promise<void> done;
        loop->post([&] {
            task();
            done.set_value();
        });
        REQUIRE(done.get_future().wait_for(std::chrono::milliseconds(kPatienceMs)) ==
                std::future_status::ready);
    }

    SystemClock clock;
    std::unique_ptr<Log> log = make_null_log();
    std::unique_ptr<NetLoop> loop = make_net_loop(3, clock, *log);
    ListenAddress address{"127.0.0.1", 0};

private:
    std::thread thread_;
};

/// A plain blocking client. Thread: any.
class NetClient {
public:
    explicit NetClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ =
            fd_ >= 0 && ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~NetClient() { close(); }
    NetClient(const NetClient&) = delete;
    NetClient& operator=(const NetClient&) = delete;

    bool connected() const { return connected_; }
    int descriptor() const { return fd_; }
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// So many bytes, or fewer if the server ended or nothing came for kPatienceMs.
    std::string receive(std::size_t bytes_max) const {
        std::string text;
        while (text.size() < bytes_max) {
            pollfd waiting{fd_, POLLIN, 0};
            char buffer[65536];
            if (::poll(&waiting, 1, kPatienceMs) != 1) {
                break;
            }
            const auto got =
                ::recv(fd_, buffer, std::min(sizeof buffer, bytes_max - text.size()), 0);
            if (got <= 0) {
                break;
            }
            text.append(buffer, static_cast<std::size_t>(got));
        }
        return text;
    }
    void end() const { ::shutdown(fd_, SHUT_WR); }
    void close() {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_;
    bool connected_ = false;
};

}  // namespace hubtrail::transport
