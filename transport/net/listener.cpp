#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/net/net_loop.h"
#include "transport/net/peer_address.h"

namespace hubtrail::transport {
namespace {

bool parse_port(std::string_view text, std::uint16_t& port) {
    const auto* const end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, port);
    return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == end;
}

socklen_t fill_address(const ListenAddress& address, sockaddr_storage& storage) {
    auto& four = reinterpret_cast<sockaddr_in&>(storage);
    if (inet_pton(AF_INET, address.host.c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(address.port);
        return sizeof four;
    }
    auto& six = reinterpret_cast<sockaddr_in6&>(storage);
    if (inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr) == 1) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(address.port);
        return sizeof six;
    }
    return 0;
}

std::string shown(const ListenAddress& address) {
    const bool six = address.host.find(':') != std::string::npos;
    return (six ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

// With SO_REUSEPORT a second server would quietly take half of the first one's connections.
bool is_taken(const sockaddr_storage& storage, socklen_t size) {
    const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool taken =
        bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) != 0 && errno == EADDRINUSE;
    close(fd);
    return taken;
}

}  // namespace

Result<ListenAddress, std::string> parse_listen_address(const std::string& text) {
    const auto bad = [&](const char* why) {
        return Failure{"listen address '" + text + "': " + why +
                       "; expected ADDRESS:PORT such as 127.0.0.1:8080 or [::1]:8080"};
    };
    ListenAddress address;
    std::string_view port = text;
    bool bare_six = false;
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) {
        address.host = "127.0.0.1";
    } else {
        port = std::string_view(text).substr(colon + 1);
        address.host = text.substr(0, colon);
        if (address.host.empty()) {
            address.host = "0.0.0.0";
        } else if (address.host == "localhost") {
            address.host = "127.0.0.1";
        } else if (address.host.front() == '[' && address.host.back() == ']') {
            address.host = address.host.substr(1, address.host.size() - 2);
        } else {
            bare_six = address.host.find(':') != std::string::npos;
        }
    }
    if (!parse_port(port, address.port)) {
        return bad("the port is not a number from 0 to 65535");
    }
    if (bare_six) {
        return bad("an IPv6 address stands in brackets");
    }
    sockaddr_storage storage{};
    if (fill_address(address, storage) == 0) {
        return bad("the address is not a numeric IPv4 or IPv6 address");
    }
    return address;
}

Result<int, std::string> open_listener(ListenAddress& address, ListenerShare share) {
    sockaddr_storage storage{};
    socklen_t size = fill_address(address, storage);
    if (share == ListenerShare::first && is_taken(storage, size)) {
        return Failure{"cannot listen on " + shown(address) + ": another program listens there"};
    }
    const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto failed = [&](const char* what) {
        const std::string text =
            std::string(what) + " " + shown(address) + ": " + std::strerror(errno);
        if (fd >= 0) {
            close(fd);
        }
        return Failure{text};
    };
    if (fd < 0) {
        return failed("cannot open a socket for");
    }
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    // What is accepted inherits it.
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, reinterpret_cast<sockaddr*>(&storage), size) != 0 ||
        ::listen(fd, kListenBacklog) != 0) {
        return failed("cannot listen on");
    }
    getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
    // sin_port and sin6_port lie at the same offset.
    address.port = ntohs(reinterpret_cast<sockaddr_in&>(storage).sin_port);
    return fd;
}

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024;
    }
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

namespace {

// `get`: getpeername or getsockname.
std::string address_of(int descriptor, int (*get)(int, sockaddr*, socklen_t*)) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (get(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
        return "unknown";
    }
    if (storage.ss_family == AF_INET) {
        const auto& four = reinterpret_cast<const sockaddr_in&>(storage);
        inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
        return std::string(text.data()) + ":" + std::to_string(ntohs(four.sin_port));
    }
    const auto& six = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(six.sin6_port));
}

}  // namespace

std::string peer_address_of(int descriptor) {
    return address_of(descriptor, ::getpeername);
}

std::string local_address_of(int descriptor) {
    return address_of(descriptor, ::getsockname);
}

}  // namespace hubtrail::transport
