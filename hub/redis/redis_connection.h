#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/redis/redis_url.h"

struct redisContext;

namespace hubtrail::hub {

/// What Redis said. Views die with the call.
struct RedisReply {
    enum class Kind : std::uint8_t { error, integer, text, list, nothing };
    Kind kind = Kind::nothing;
    std::int64_t integer = 0;
    std::string_view text;
    std::array<std::string_view, 3> list{};  ///< texts of the first elements
    std::size_t count = 0;                   ///< elements of the list
};

/// One connection to Redis that never blocks, but for looking up the host's name. Thread: any one.
class RedisConnection {
public:
    using OnReply = std::function<void(const RedisReply&)>;

    RedisConnection();
    ~RedisConnection();
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;

    /// Begins to connect. False: see error().
    bool open(const RedisAddress& address);
    void close();
    int descriptor() const;
    /// Appends a command; it leaves with the next work().
    void command(const std::vector<std::string_view>& words);
    bool wants_write() const { return connecting_ || !flushed_; }
    std::size_t unsent() const;
    /// Reads and writes what `events` of poll() allow. False: the connection is broken, see
    /// error().
    bool work(short events, const OnReply& on_reply);
    /// Why open() or work() failed.
    const std::string& error() const { return error_; }

private:
    struct Free {
        void operator()(redisContext* context) const;
    };
    bool fail(std::string reason);
    bool finish_connect();
    bool read(const OnReply& on_reply);

    std::unique_ptr<redisContext, Free> context_;
    bool connecting_ = false;
    bool flushed_ = true;
    std::string error_;
};

}  // namespace hubtrail::hub
