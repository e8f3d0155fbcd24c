#include "bench/target.h"

#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hubtrail::bench {
namespace {

constexpr std::uint32_t kFirstSource = 0x7f000002;  // 127.0.0.2
constexpr std::size_t kSources = 200;
constexpr std::size_t kOwnDescriptors = 64;

Failure<BenchError> system_failure(const std::string& what) {
    return Failure{BenchError{what + ": " + std::strerror(errno)}};
}

bool loopback(const std::string& host) {
    in_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

}  // namespace

Result<Target, BenchError> parse_target(std::string_view url) {
    const auto refuse = [url](const std::string& why) {
        return Failure{BenchError{"'" + std::string(url) + "': " + why}};
    };
    std::string_view rest = url;
    constexpr std::string_view kScheme = "http://";
    if (rest.substr(0, kScheme.size()) == kScheme) {
        rest.remove_prefix(kScheme.size());
    }
    Target target;
    const auto slash = rest.find('/');
    if (slash != std::string_view::npos && slash + 1 < rest.size()) {
        target.path = rest.substr(slash);
    }
    rest = rest.substr(0, slash);
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos) {
        return refuse("expected HOST:PORT");
    }
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (error != std::errc{} || end != port.data() + port.size() || target.port == 0) {
        return refuse("the port must be 1 to 65535");
    }
    target.host = rest.substr(0, colon);
    if (target.host == "localhost") {
        target.host = "127.0.0.1";
    }
    if (!loopback(target.host)) {
        return refuse("bench loads this machine only: HOST must be localhost or 127.x.y.z");
    }
    return target;
}

std::string_view token_of(const Target& target, std::size_t index) {
    return target.tokens.empty() ? std::string_view() : target.tokens[index % target.tokens.size()];
}

Result<int, BenchError> start_connect(const Target& target, std::size_t index) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return system_failure("socket");
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(kFirstSource + static_cast<std::uint32_t>(index % kSources));
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(target.port);
    inet_pton(AF_INET, target.host.c_str(), &server.sin_addr);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0 ||
        (connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0 &&
         errno != EINPROGRESS)) {
        const int error = errno;
        close(fd);
        errno = error;
        return system_failure("connect to " + target.host + ":" + std::to_string(target.port));
    }
    return fd;
}

Result<void, BenchError> prepare_process(const Target& target, std::size_t connections) {
    if (connections == 0) {
        return Failure{BenchError{"at least one connection is needed"}};
    }
    if (target.core != kNoCore) {
        cpu_set_t cores;
        CPU_ZERO(&cores);
        CPU_SET(static_cast<std::size_t>(target.core), &cores);
        if (target.core < 0 || sched_setaffinity(0, sizeof cores, &cores) != 0) {
            return system_failure("pinning to core " + std::to_string(target.core));
        }
    }
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur != RLIM_INFINITY && connections + kOwnDescriptors > files.rlim_cur) {
        return Failure{BenchError{std::to_string(connections) + " connections do not fit into " +
                                  std::to_string(files.rlim_cur) +
                                  " open files; raise the hard limit (ulimit -Hn)"}};
    }
    return {};
}

}  // namespace hubtrail::bench
