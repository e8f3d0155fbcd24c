#include "server/admin_world.h"

#include <string>
#include <utility>

#include "rest/routes.h"
#include "transport/http/http_parser.h"
#include "transport/websocket/hybi_frame_decoder.h"

namespace hubtrail::server {
namespace {

constexpr std::size_t kAdminConnections = 64;  // scrapers and probes; beyond: 503

transport::SessionOptions session_options() {
    transport::SessionOptions options;
    options.make_parser = transport::make_http_parser;
    options.make_decoder = transport::make_frame_decoder;
    options.connections_max = kAdminConnections;
    return options;
}

}  // namespace

AdminWorld::AdminWorld(const Shared& shared, transport::OutputScheduler& scheduler,
                       std::vector<const transport::ConnectionCounters*> counters)
    : health_(shared.service, shared.draining),
      metrics_(std::move(counters)),
      routes_(make_routes()),
      sessions_(scheduler, routes_, shared.tokens, shared.clock, shared.log, session_options()) {}

transport::RouteTable AdminWorld::make_routes() {
    transport::RouteTable routes;
    rest::add_health_routes(routes, &health_);
    routes.add({{"GET"}, std::string(kMetricsPath), &metrics_, "the metrics"});
    return routes;
}

}  // namespace hubtrail::server
