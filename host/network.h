#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "transport/net_loop.h"

namespace hubtrail::host {

/// One address that is listened at, with a listener for each loop.
struct Listeners {
    transport::ListenAddress address;  ///< with the real port
    std::vector<int> listeners;        ///< for NetLoop::listen(), which owns them from there on
};

/// Where a server's loops and listeners come from: the kernel (system_network.h), or a simulation.
/// Thread: main.
class Network {
public:
    virtual ~Network() = default;
    virtual std::unique_ptr<transport::NetLoop> make_loop(int index) = 0;
    /// `host:port`, see transport::parse_listen_address(). The error is a sentence for the
    /// operator.
    virtual Result<Listeners, std::string> open_listeners(const std::string& address,
                                                          std::size_t count) = 0;
    /// How many the process may have open, after asking for as many as it can get.
    virtual std::uint64_t descriptors() = 0;
};

}  // namespace hubtrail::host
