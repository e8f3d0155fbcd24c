#pragma once

#include <vector>

#include "rest/health_handler.h"
#include "server/loop_world.h"
#include "server/metrics_handler.h"
#include "transport/outbox.h"
#include "transport/session/session_server.h"

namespace hubtrail::server {

/// What the admin listener serves: metrics and health, to whoever can reach it. Thread: strand, of
/// the scheduler's loop. `shared`, `scheduler` and `counters` must outlive it.
class AdminWorld {
public:
    AdminWorld(const Shared& shared, transport::OutputScheduler& scheduler,
               std::vector<const transport::ConnectionCounters*> counters);

    transport::SessionServer& sessions() { return sessions_; }

private:
    transport::RouteTable make_routes();

    rest::HealthHandler health_;
    MetricsHandler metrics_;
    transport::RouteTable routes_;
    transport::SessionServer sessions_;
};

}  // namespace hubtrail::server
