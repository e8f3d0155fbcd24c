#include "host/system_network.h"

#include <utility>

#include <unistd.h>

#include "transport/net/net_loop.h"

namespace hubtrail::host {

std::unique_ptr<transport::NetLoop> SystemNetwork::make_loop(int index) {
    return transport::make_net_loop(index, clock_, log_);
}

Result<Listeners, std::string> SystemNetwork::open_listeners(const std::string& address,
                                                             std::size_t count) {
    auto parsed = transport::parse_listen_address(address);
    if (!parsed) {
        return Failure{parsed.error()};
    }
    Listeners made{std::move(*parsed), {}};
    for (std::size_t i = 0; i < count; ++i) {
        // The first one fixes the port when any free one was asked for.
        const auto listener =
            transport::open_listener(made.address, i == 0 ? transport::ListenerShare::first
                                                          : transport::ListenerShare::another);
        if (!listener) {
            for (const int opened : made.listeners) {
                ::close(opened);
            }
            return Failure{listener.error()};
        }
        made.listeners.push_back(*listener);
    }
    return made;
}

std::uint64_t SystemNetwork::descriptors() {
    return transport::raise_descriptor_limit();
}

}  // namespace hubtrail::host
