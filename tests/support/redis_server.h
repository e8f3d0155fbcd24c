#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

namespace hubtrail {

/// A redis-server of the test's own on a free loopback port, in a directory that goes with it.
/// Killed at the end. Thread: any one.
class RedisServer {
public:
    /// Whether the program is installed.
    static bool available();

    /// `password` empty: none. Fails the test if the server does not come up.
    explicit RedisServer(std::string password = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    std::uint16_t port() const { return port_; }
    void kill();
    /// Again on the same port.
    void start();
    /// Alive, but answering nobody.
    void freeze();
    void thaw();

private:
    bool wait_until_up() const;

    std::string password_;
    std::string directory_;
    std::uint16_t port_ = 0;
    pid_t process_ = -1;
};

}  // namespace hubtrail
