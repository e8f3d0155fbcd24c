#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/transport_net/net_fixture.h"

namespace hubtrail::transport {

TEST_CASE("Listen addresses are read", "[net]") {
    struct Row {
        std::string text;
        std::string host;
        int port;
    };
    for (const auto& row : std::vector<Row>{{"127.0.0.1:8080", "127.0.0.1", 8080},
                                            {"0.0.0.0:1", "0.0.0.0", 1},
                                            {"[::1]:8080", "::1", 8080},
                                            {"[::]:0", "::", 0},
                                            {":8080", "0.0.0.0", 8080},
                                            {"8080", "127.0.0.1", 8080},
                                            {"0", "127.0.0.1", 0},
                                            {"localhost:65535", "127.0.0.1", 65535}}) {
        CAPTURE(row.text);
        const auto address = parse_listen_address(row.text);
        REQUIRE(address);
        CHECK(address->host == row.host);
        CHECK(address->port == row.port);
    }
}

TEST_CASE("Listen addresses that are none say what was expected", "[net]") {
    struct Row {
        std::string text;
        std::string why;
    };
    const std::string port = "the port is not a number from 0 to 65535";
    const std::string host = "the address is not a numeric IPv4 or IPv6 address";
    for (const auto& row : std::vector<Row>{{"", port},
                                            {"127.0.0.1:", port},
                                            {"127.0.0.1:65536", port},
                                            {"127.0.0.1:-1", port},
                                            {"127.0.0.1: 80", port},
                                            {"127.0.0.1:80x", port},
                                            {"127.0.0.1", port},
                                            {"[::1]", port},
                                            {"example.org:80", host},
                                            {"256.0.0.1:80", host},
                                            {"[]:80", host},
                                            {"[:80", host},
                                            {"]:80", host},
                                            {"::1:80", "an IPv6 address stands in brackets"}}) {
        CAPTURE(row.text);
        const auto address = parse_listen_address(row.text);
        REQUIRE_FALSE(address);
        CHECK(address.error() ==
              "listen address '" + row.text + "': " + row.why +
                  "; expected ADDRESS:PORT such as 127.0.0.1:8080 or [::1]:8080");
    }
}

TEST_CASE("A taken port is refused in plain words, and shared by another loop of ours", "[net]") {
    ListenAddress address{"127.0.0.1", 0};
    const auto first = open_listener(address, ListenerShare::first);
    REQUIRE(first);
    CHECK(address.port != 0);
    const auto second = open_listener(address, ListenerShare::first);
    REQUIRE_FALSE(second);
    CHECK(second.error() == "cannot listen on 127.0.0.1:" + std::to_string(address.port) +
                                ": another program listens there");
    const auto shared = open_listener(address, ListenerShare::another);
    REQUIRE(shared);
    ::close(*first);
    ::close(*shared);
    const auto again = open_listener(address, ListenerShare::first);
    REQUIRE(again);
    ::close(*again);
}

TEST_CASE("An address that is not ours is refused with the system's reason", "[net]") {
    ListenAddress address{"192.0.2.1", 0};  // RFC 5737: nobody's
    const auto refused = open_listener(address, ListenerShare::first);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().rfind("cannot listen on 192.0.2.1:0: ", 0) == 0);
}

TEST_CASE("What is accepted does not wait for more before it sends", "[net]") {
    ListenAddress address{"127.0.0.1", 0};
    const auto listener = open_listener(address, ListenerShare::first);
    REQUIRE(listener);
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    REQUIRE(::getsockname(*listener, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
    const int client = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&storage), size) == 0);
    const int accepted = ::accept4(*listener, nullptr, nullptr, SOCK_CLOEXEC);
    REQUIRE(accepted >= 0);
    int no_delay = 0;
    socklen_t length = sizeof no_delay;
    REQUIRE(::getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length) == 0);
    CHECK(no_delay == 1);
    ::close(accepted);
    ::close(client);
    ::close(*listener);
}

TEST_CASE("The descriptor limit is raised to the hard limit", "[net]") {
    CHECK(raise_descriptor_limit() >= 256);
}

}  // namespace hubtrail::transport
