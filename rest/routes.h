#pragma once

#include "transport/session/route_table.h"

namespace hubtrail::rest {

/// The paths of docs/api.md 2 and who serves them. Null: they are only claimed, to find conflicts.
void add_event_routes(transport::RouteTable& routes, transport::HttpHandler* events,
                      transport::HttpHandler* sync);
/// kLivePath and kReadyPath.
void add_health_routes(transport::RouteTable& routes, transport::HttpHandler* health);

}  // namespace hubtrail::rest
