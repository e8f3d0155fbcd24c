#include "tests/support/redis_server.h"

#include <chrono>
#include <filesystem>
#include <system_error>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/catch.h"

namespace hubtrail {
namespace {

constexpr const char* kProgram = "/usr/bin/redis-server";
constexpr std::chrono::seconds kPatience{10};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// Free at the moment; Redis cannot be given a socket.
std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    REQUIRE(bound);
    return ntohs(address.sin_port);
}

}  // namespace

bool RedisServer::available() {
    return ::access(kProgram, X_OK) == 0;
}

RedisServer::RedisServer(std::string password) : password_(std::move(password)) {
    std::string name = (std::filesystem::temp_directory_path() / "hubtrail-redis-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    directory_ = name;
    // Somebody may take the port before Redis does.
    for (int attempt = 0; attempt < 5 && process_ < 0; ++attempt) {
        port_ = free_port();
        start();
    }
    REQUIRE(process_ >= 0);
}

RedisServer::~RedisServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::start() {
    const auto port = std::to_string(port_);
    const pid_t parent = ::getpid();
    process_ = ::fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) {
            ::_exit(1);
        }
        const int null = ::open("/dev/null", O_RDWR);
        ::dup2(null, STDOUT_FILENO);
        ::dup2(null, STDERR_FILENO);
        ::execl(kProgram, kProgram, "--port", port.c_str(), "--bind", "127.0.0.1", "--dir",
                directory_.c_str(), "--save", "", "--appendonly", "no", "--requirepass",
                password_.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    if (!wait_until_up()) {
        kill();
    }
}

bool RedisServer::wait_until_up() const {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    const auto address = loopback(port_);
    while (std::chrono::steady_clock::now() < until && ::waitpid(process_, nullptr, WNOHANG) == 0) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool up =
            ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        ::close(fd);
        if (up) {
            return true;
        }
        ::poll(nullptr, 0, 5);
    }
    return false;
}

void RedisServer::kill() {
    if (process_ >= 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }
}

void RedisServer::freeze() {
    ::kill(process_, SIGSTOP);
}
void RedisServer::thaw() {
    ::kill(process_, SIGCONT);
}

}  // namespace hubtrail
