#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hubtrail::hub {

/// Where a Redis server is and how to log in. Thread: any.
struct RedisAddress {
    std::string host;
    std::uint16_t port = 6379;
    std::string user;      ///< empty: the default user
    std::string password;  ///< empty: no AUTH
    int database = 0;      ///< logged in to; publish and subscribe know no databases
    bool operator==(const RedisAddress&) const = default;
};

/// `redis://[[user]:password@]host[:port][/database]`, user and password percent-encoded, IPv6 in
/// brackets. TLS
/// (`rediss://`) is not supported. The error never quotes the URL: it may hold a password.
Result<RedisAddress, std::string> parse_redis_url(std::string_view url);

}  // namespace hubtrail::hub
