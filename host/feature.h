#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "auth/token_verifier.h"
#include "host/loop_group.h"
#include "transport/session/route_table.h"

namespace hubtrail::host {

/// What a feature gets on each loop. All of it outlives the feature's part there.
struct LoopScope {
    std::size_t index;
    transport::Loop& loop;
    transport::OutputScheduler& scheduler;
    auth::TokenVerifier* verifier;  ///< null: everybody is a stranger
    /// Owned with the host and with threads that still post to its loops, which a stopped loop
    /// drops.
    std::shared_ptr<LoopGroup> group;
};

/// A feature on one loop of one site. Made before the loop runs, destroyed after it has stopped and
/// its connections are gone. Thread: strand; main for construction, add_routes() and destruction.
class LoopFeature {
public:
    virtual ~LoopFeature() = default;
    /// Its paths. The handlers live as long as it does.
    virtual void add_routes(transport::RouteTable&) {}
    virtual void on_second(std::int64_t /*now_ns*/) {}
    /// The server says goodbye: whoever waits for an answer gets it now.
    virtual void on_goodbye() {}
};

/// Something that a server can do, and may be built without: a table of paths, hubs, a page. A new
/// one is a class beside the others and a line where the server is put together.
/// Thread: main.
class Feature {
public:
    virtual ~Feature() = default;
    /// Called once for each loop of the site that has it, in their order, before they run. Throws
    /// std::logic_error or std::runtime_error for what cannot start.
    virtual std::unique_ptr<LoopFeature> on_loop(const LoopScope& scope) = 0;
    /// The loops have stopped and still exist: threads that answer to them end here.
    virtual void stop() {}
};

}  // namespace hubtrail::host
