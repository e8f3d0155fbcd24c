#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "transport/net_loop.h"

namespace hubtrail::transport {

inline constexpr int kListenBacklog = 4096;
inline constexpr int kAcceptsPerTurnMax = 64;
inline constexpr std::int64_t kAcceptPauseNs =
    100'000'000;  ///< after the process ran out of descriptors
inline constexpr std::int64_t kAcceptLogIntervalNs = 10'000'000'000;

/// The kernel's loop: an asio io_context for timers, signals and posted work, and beside it one
/// epoll set for the connections (docs/adr/0001). It
/// owns the descriptors that open_listener() made. `clock` and `log` must outlive the loop.
std::unique_ptr<NetLoop> make_net_loop(int index, const Clock& clock, Log& log);

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
