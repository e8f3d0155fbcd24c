#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <dirent.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/transport_net/net_fixture.h"

namespace hubtrail::transport {
namespace {

constexpr int kSpareDescriptors = 3;
constexpr unsigned kChildSecondsMax = 30;

int highest_descriptor() {
    int highest = 0;
    DIR* directory = ::opendir("/proc/self/fd");
    while (const auto* entry = ::readdir(directory)) {
        highest = std::max(highest, std::atoi(entry->d_name));
    }
    ::closedir(directory);
    return highest;
}

void limit_descriptors(int count) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = static_cast<rlim_t>(count);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// From now on kSpareDescriptors can be opened and no more.
void exhaust_descriptors() {
    const int used = highest_descriptor() + 1;
    limit_descriptors(used);
    while (::dup(0) >= 0) {
        // Fills the holes below the highest.
    }
    limit_descriptors(used + kSpareDescriptors);
}

/// Sends back what comes until the peer ends; `l` sets the limit, `q` ends the process. Thread:
/// strand.
class ChildPeer final : public SocketEvents {
public:
    /// `peers` own it, and let go of it once its peer has ended.
    ChildPeer(NetLoop& loop, std::unique_ptr<Socket> socket,
              std::list<std::unique_ptr<ChildPeer>>& peers)
        : loop_(loop), socket_(std::move(socket)), peers_(peers) {
        REQUIRE(socket_->start(*this));
    }
    void on_readable() override {
        std::array<char, 16> buffer;
        const auto result = socket_->read(buffer.data(), buffer.size());
        if (result.kind == IoResult::Kind::closed) {
            socket_->want(false, false);
            loop_.post([this] {
                std::erase_if(peers_, [this](const auto& peer) { return peer.get() == this; });
            });
        } else if (result.kind == IoResult::Kind::done) {
            if (buffer[0] == 'l') {
                exhaust_descriptors();
            } else if (buffer[0] == 'q') {
                loop_.stop();
            }
            const std::string_view text(buffer.data(), result.bytes);
            socket_->write(&text, 1);
        }
    }
    void on_writable() override {}

private:
    NetLoop& loop_;
    std::unique_ptr<Socket> socket_;
    std::list<std::unique_ptr<ChildPeer>>& peers_;
};

// The server process.
[[noreturn]] void serve(int port_pipe) {
    ::alarm(kChildSecondsMax);
    const SystemClock clock;
    const auto log = make_null_log();
    const auto loop = make_net_loop(0, clock, *log);
    ListenAddress address{"127.0.0.1", 0};
    const auto listener = open_listener(address, ListenerShare::first);
    if (!listener) {
        ::_exit(2);
    }
    std::list<std::unique_ptr<ChildPeer>> peers;
    loop->listen(*listener, [&](std::unique_ptr<Socket> socket) {
        peers.push_back(std::make_unique<ChildPeer>(*loop, std::move(socket), peers));
    });
    log->warn("warm", {});  // see the rehearsal below
    if (::write(port_pipe, &address.port, sizeof address.port) != sizeof address.port) {
        ::_exit(3);
    }
    loop->run();
    ::_exit(0);
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

// Goal: a process out of descriptors says so to who comes, lives, does not spin, and recovers.
TEST_CASE("A server out of descriptors answers 503, idles, and recovers", "[net]") {
    int port_pipe[2];
    REQUIRE(::pipe(port_pipe) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        serve(port_pipe[1]);
    }
    ::close(port_pipe[1]);
    std::uint16_t port = 0;
    REQUIRE(::read(port_pipe[0], &port, sizeof port) == sizeof port);
    ::close(port_pipe[0]);

    // UBSan looks at a class that it meets for the first time through a pipe: a whole life before
    // the limit.
    NetClient rehearsal(port);
    REQUIRE(rehearsal.send("x"));
    rehearsal.end();
    CHECK(rehearsal.receive(10) == "x");
    NetClient limiter(port);
    REQUIRE(limiter.send("l"));
    REQUIRE(limiter.receive(1) == "l");

    std::vector<std::unique_ptr<NetClient>> served;
    for (int i = 0; i < kSpareDescriptors; ++i) {
        served.push_back(std::make_unique<NetClient>(port));
        REQUIRE(served.back()->send("x"));
        REQUIRE(served.back()->receive(1) == "x");
    }
    // Each refusal is followed by a pause, so these take a second, in which the process must do
    // next to nothing.
    constexpr int kRefused = 10;
    std::vector<std::unique_ptr<NetClient>> refused;
    const SystemClock clock;
    const auto begun = clock.steady_ns();
    for (int i = 0; i < kRefused; ++i) {
        refused.push_back(std::make_unique<NetClient>(port));
        REQUIRE(refused.back()->connected());
    }
    for (const auto& client : refused) {
        const auto answer = client->receive(10'000);
        CHECK(answer.rfind("HTTP/1.1 503 Service Unavailable\r\n", 0) == 0);
        CHECK(answer.find("Retry-After: 1\r\n") != std::string::npos);
        CHECK(answer.find("Connection: close\r\n\r\n") != std::string::npos);
    }
    const auto elapsed = clock.steady_ns() - begun;
    CHECK(elapsed >= (kRefused - 2) * kAcceptPauseNs);
    // Who was served before is still served.
    REQUIRE(served.front()->send("y"));
    CHECK(served.front()->receive(1) == "y");

    served.front()->end();
    CHECK(served.front()->receive(1).empty());
    NetClient next(port);
    REQUIRE(next.send("z"));
    CHECK(next.receive(1) == "z");
    REQUIRE(next.send("q"));

    int status = 0;
    rusage usage{};
    REQUIRE(::wait4(child, &status, 0, &usage) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    const double busy = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    CHECK(busy < 0.5 * static_cast<double>(elapsed) / 1e9);
}

TEST_CASE("SIGINT and SIGTERM are told to the loop, each time", "[net]") {
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::alarm(kChildSecondsMax);
        const SystemClock clock;
        const auto log = make_null_log();
        const auto loop = make_net_loop(0, clock, *log);
        int told = 0;
        loop->on_terminate([&] {
            if (++told == 2) {
                loop->stop();
            } else {
                ::kill(::getpid(), SIGTERM);
            }
        });
        loop->post([] { ::kill(::getpid(), SIGINT); });
        loop->run();
        ::_exit(told == 2 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace hubtrail::transport
