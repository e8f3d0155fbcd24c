#include "server/admin_world.h"

#include <string>
#include <utility>

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
      router_(make_router()),
      sessions_(scheduler, router_, shared.tokens, shared.clock, shared.log, session_options()) {}

transport::Router AdminWorld::make_router() {
    transport::Router router;
    router.add(std::string(rest::kLivePath), health_);
    router.add(std::string(rest::kReadyPath), health_);
    router.add(std::string(kMetricsPath), metrics_);
    return router;
}

}  // namespace hubtrail::server
