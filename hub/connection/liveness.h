#pragma once

#include <cstdint>

#include "hub/connection/hub_options.h"

namespace hubtrail::hub {

/// When a client was last heard and last heard from us: when its handshake is late, it has been
/// silent for too long, or a ping of ours is due (HubProtocol.md "Ping"). Knows times only; all are
/// nanoseconds of the loop's clock. Thread: strand.
class Liveness {
public:
    /// The connection is open, or its handshake is done: all counts from here.
    void begin(std::int64_t now_ns) { heard_ns_ = pinged_ns_ = now_ns; }
    /// The client was listened to. Its silence counts from here.
    void heard(std::int64_t now_ns) { heard_ns_ = now_ns; }
    /// It sends pings, so that its silence means something.
    void saw_ping() { client_pings_ = true; }

    bool handshake_late(std::int64_t now_ns, const HubOptions& options) const {
        return now_ns - heard_ns_ >= options.handshake_timeout_ns;
    }
    bool silent(std::int64_t now_ns, const HubOptions& options) const {
        return client_pings_ && now_ns - heard_ns_ >= options.client_timeout_ns;
    }
    /// True once an interval: it counts as sent.
    bool ping_due(std::int64_t now_ns, const HubOptions& options) {
        if (now_ns - pinged_ns_ < options.keep_alive_interval_ns) {
            return false;
        }
        pinged_ns_ = now_ns;
        return true;
    }

private:
    std::int64_t heard_ns_ = 0;
    std::int64_t pinged_ns_ = 0;
    bool client_pings_ = false;
};

}  // namespace hubtrail::hub
