#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "hub/fanout/backplane.h"
#include "hub/redis/redis_url.h"

namespace hubtrail::hub {

/// Publishes that wait to be sent to Redis or for its answer. Over it publish() fails.
inline constexpr std::size_t kRedisQueueBytesMax = 32 * 1024 * 1024;
inline constexpr std::int64_t kRedisBackoffFirstNs =
    100'000'000;  ///< before the first attempt to reconnect
inline constexpr std::int64_t kRedisBackoffLastNs = 5'000'000'000;  ///< doubled up to this
inline constexpr std::int64_t kRedisConnectTimeoutNs =
    5'000'000'000;  ///< for connecting, login and subscribing
inline constexpr std::int64_t kRedisPingIntervalNs = 5'000'000'000;
inline constexpr std::int64_t kRedisSilenceNs =
    15'000'000'000;  ///< no byte for so long: connected anew

struct RedisOptions {
    RedisAddress address;
    std::string
        channel_prefix;  ///< put in front of every channel; for several installations on one Redis
};

/// A Backplane over Redis publish and subscribe, with two connections and a thread of its own that
/// does everything: no other thread ever waits for Redis. Connects anew with growing pauses and
/// subscribes again; what was published meanwhile is lost. `clock` and `log` must outlive it.
std::unique_ptr<Backplane> make_redis_backplane(RedisOptions options, const Clock& clock, Log& log);

}  // namespace hubtrail::hub
