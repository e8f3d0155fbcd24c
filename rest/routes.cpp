#include "rest/routes.h"

#include <string>

#include "rest/events_handler.h"
#include "rest/health_handler.h"
#include "rest/sync_handler.h"

namespace hubtrail::rest {
namespace {

using transport::PathMatch;

constexpr const char* kEvents = "the REST interface";
constexpr const char* kHealth = "the health check";

}  // namespace

void add_event_routes(transport::RouteTable& routes, transport::HttpHandler* events,
                      transport::HttpHandler* sync) {
    routes.add({{"POST"}, std::string(kEventsPath), events, kEvents});
    routes.add({{"GET"}, std::string(kEventPathPrefix), events, kEvents, PathMatch::subtree});
    routes.add({{"GET"}, std::string(kChangesPath), sync, kEvents});
    routes.add({{"GET"}, std::string(kCursorPath), sync, kEvents});
}

void add_health_routes(transport::RouteTable& routes, transport::HttpHandler* health) {
    routes.add({{"GET"}, std::string(kLivePath), health, kHealth});
    routes.add({{"GET"}, std::string(kReadyPath), health, kHealth});
}

}  // namespace hubtrail::rest
