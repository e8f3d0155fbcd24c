#pragma once

#include "base/clock.h"
#include "base/log.h"
#include "host/network.h"

namespace hubtrail::host {

/// The kernel's loops and listeners. Thread: main. `clock` and `log` must outlive it and its loops.
class SystemNetwork final : public Network {
public:
    SystemNetwork(const Clock& clock, Log& log) : clock_(clock), log_(log) {}

    std::unique_ptr<transport::NetLoop> make_loop(int index) override;
    Result<Listeners, std::string> open_listeners(const std::string& address,
                                                  std::size_t count) override;
    std::uint64_t descriptors() override;

private:
    const Clock& clock_;
    Log& log_;
};

}  // namespace hubtrail::host
