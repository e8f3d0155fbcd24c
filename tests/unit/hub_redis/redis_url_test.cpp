#include "hub/redis/redis_url.h"

#include "tests/support/catch.h"

namespace hubtrail::hub {
namespace {

TEST_CASE("A Redis URL gives host, port, login and database", "[hub_manager]") {
    struct Row {
        const char* url;
        RedisAddress address;
    };
    const Row rows[] = {
        {"redis://localhost", {"localhost", 6379, "", "", 0}},
        {"redis://localhost/", {"localhost", 6379, "", "", 0}},
        {"redis://10.0.0.1:7000", {"10.0.0.1", 7000, "", "", 0}},
        {"redis://:secret@host:1/9999", {"host", 1, "", "secret", 9999}},
        {"redis://me:a%3Ab%40c%2Fd@host:65535/1", {"host", 65535, "me", "a:b@c/d", 1}},
        {"redis://[::1]", {"::1", 6379, "", "", 0}},
        {"redis://:p@[fe80::1]:7000/2", {"fe80::1", 7000, "", "p", 2}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.url);
        const auto parsed = parse_redis_url(row.url);
        REQUIRE(parsed);
        CHECK(*parsed == row.address);
    }
}

TEST_CASE("What is not a Redis URL is refused, and never quoted", "[hub_manager]") {
    for (const auto* url : {"",
                            "redis:",
                            "redis://",
                            "http://host",
                            "localhost:6379",
                            "redis://:6379",
                            "redis://host:",
                            "redis://host:0",
                            "redis://host:65536",
                            "redis://host:1x",
                            "redis://host/x",
                            "redis://host/10000",
                            "redis://host/-1",
                            "redis://secret@host",
                            "redis://:@host",
                            "redis://:secret%4@host",
                            "redis://:secret%zz@host",
                            "redis://[::1",
                            "redis://[::1]x",
                            "redis://[]",
                            "rediss://:secret@host"}) {
        CAPTURE(url);
        const auto parsed = parse_redis_url(url);
        REQUIRE_FALSE(parsed);
        CHECK_FALSE(parsed.error().empty());
        CHECK(parsed.error().find("secret") == std::string::npos);
    }
}

}  // namespace
}  // namespace hubtrail::hub
