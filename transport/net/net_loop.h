#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "transport/loop.h"
#include "transport/socket.h"

namespace hubtrail::transport {

inline constexpr int kListenBacklog = 4096;
inline constexpr int kAcceptsPerTurnMax = 64;
inline constexpr std::int64_t kAcceptPauseNs =
    100'000'000;  ///< after the process ran out of descriptors
inline constexpr std::int64_t kAcceptLogIntervalNs = 10'000'000'000;

/// Takes over one accepted connection. Thread: strand, of the loop that accepted it.
using AcceptHandler = std::function<void(std::unique_ptr<Socket>)>;

/// The kernel's loop: an asio io_context for timers, signals and posted work, and beside it one
/// epoll set for the connections (docs/adr/0001). Thread: main for run() and listen(); see Loop for
/// the rest.
class NetLoop : public Loop {
public:
    /// Accepts connections on the socket that open_listener() made; the loop owns the descriptor
    /// from here on. There may be several.
    virtual void listen(int listener, AcceptHandler on_accept) = 0;
    /// Stops accepting on all of them. Any thread.
    virtual void stop_listening() = 0;

    /// Runs until stop(). The calling thread becomes the loop's.
    virtual void run() = 0;
    /// Makes run() return soon. Any thread.
    virtual void stop() = 0;

    /// Calls the function on this loop for SIGINT and SIGTERM, each time.
    virtual void on_terminate(std::function<void()> function) = 0;
};

/// `clock` and `log` must outlive the loop.
std::unique_ptr<NetLoop> make_net_loop(int index, const Clock& clock, Log& log);

struct ListenAddress {
    std::string host;        ///< numeric IPv4 or IPv6 address
    std::uint16_t port = 0;  ///< 0: any free one
};

/// `127.0.0.1:8080`, `[::1]:8080`, `:8080` (all IPv4 addresses) or `8080` (loopback).
Result<ListenAddress, std::string> parse_listen_address(const std::string& text);

enum class ListenerShare {
    first,   ///< fails when anybody listens there, another process of ours included
    another  ///< shares the address with the first (SO_REUSEPORT): one listener per loop
};

/// Opens one listening descriptor. `address.port` is set to the real port.
Result<int, std::string> open_listener(ListenAddress& address, ListenerShare share);

/// Raises the descriptor limit to the hard limit and returns it.
std::uint64_t raise_descriptor_limit();

}  // namespace hubtrail::transport
