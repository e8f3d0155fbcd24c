#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "transport/loop.h"
#include "transport/socket.h"

namespace hubtrail::transport {

/// Takes over one accepted connection. Thread: strand, of the loop that accepted it.
using AcceptHandler = std::function<void(std::unique_ptr<Socket>)>;

/// A loop that accepts connections and has a thread: the kernel's (transport/net), or one of a
/// simulation. Thread: main for run() and listen(); see Loop for the rest.
class NetLoop : public Loop {
public:
    /// Accepts connections of a listener that the loop's maker opened; the loop owns it from here
    /// on. There may be several.
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

struct ListenAddress {
    std::string host;        ///< numeric IPv4 or IPv6 address
    std::uint16_t port = 0;  ///< 0: any free one
};

}  // namespace hubtrail::transport
