#include "server/product_routes.h"

#include "rest/routes.h"

namespace hubtrail::server {
namespace {

using transport::Origins;
using transport::PathMatch;

constexpr std::string_view kScript = "text/javascript; charset=utf-8";
constexpr const char* kDemo = "the demo page";

constexpr std::array<PageFile, kPageFiles> kFiles = {{
    {"/", "public/index.html", "text/html; charset=utf-8"},
    {"/style.css", "public/style.css", "text/css; charset=utf-8"},
    {"/icon.svg", "public/icon.svg", "image/svg+xml"},
    {"/app.js", "public/app.js", kScript},
    {"/link.js", "public/link.js", kScript},
    {"/proof.js", "public/proof.js", kScript},
    {"/rest_check.js", "public/rest_check.js", kScript},
    {"/sentences.js", "public/sentences.js", kScript},
    {"/timeline.js", "public/timeline.js", kScript},
    {"/vendor/signalr.min.js", "node_modules/@microsoft/signalr/dist/browser/signalr.min.js",
     kScript},
}};

}  // namespace

const std::array<PageFile, kPageFiles>& page_files() {
    return kFiles;
}

// For our own pages only: a listed origin gets no token from us.
void add_demo_routes(transport::RouteTable& routes, transport::HttpHandler* page,
                     transport::HttpHandler* session) {
    for (const auto& file : kFiles) {
        routes.add({{"GET"}, std::string(file.url), page, kDemo, PathMatch::exact, Origins::own});
    }
    routes.add({{"GET"}, "/", page, kDemo, PathMatch::fallback, Origins::own});
    routes.add(
        {{"GET"}, std::string(kDemoSessionPath), session, kDemo, PathMatch::exact, Origins::own});
}

std::string log_hub_owner(const std::string& where) {
    return where + "the [[log_hub]]";
}

std::vector<std::string> find_route_conflicts(const ServerConfig& config,
                                              const std::vector<std::string>& hub_places) {
    transport::RouteTable routes;
    rest::add_event_routes(routes, nullptr, nullptr);
    rest::add_health_routes(routes, nullptr);
    if (config.demo) {
        add_demo_routes(routes, nullptr, nullptr);
    }
    if (config.bench_hub) {
        routes.claim_hub(kBenchHubPath, config.endpoint, kBenchHubOwner);
    }
    for (std::size_t i = 0; i < config.log_hubs.size(); ++i) {
        const auto& hub = config.log_hubs[i];
        routes.claim_hub(hub.path, hub.endpoint,
                         log_hub_owner(i < hub_places.size() ? hub_places[i] : ""));
    }
    return routes.conflicts();
}

}  // namespace hubtrail::server
