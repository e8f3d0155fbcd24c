#include "rest/routes.h"

#include <string>

#include "rest/events_handler.h"
#include "rest/health_handler.h"
#include "rest/sync_handler.h"
#include "tests/support/catch.h"

namespace hubtrail::rest {
namespace {

struct Nothing final : transport::HttpHandler {
    void handle(transport::HttpRequest, transport::HttpReply) override {}
};

}  // namespace

TEST_CASE("Every path of the interface has its methods and its handler", "[rest]") {
    Nothing events;
    Nothing sync;
    Nothing health;
    transport::RouteTable routes;
    add_event_routes(routes, &events, &sync);
    add_health_routes(routes, &health);
    CHECK(routes.conflicts().empty());
    struct Row {
        std::string path;
        std::string allow;
        transport::HttpHandler* handler;
        std::string method;
    };
    for (const auto& row : {Row{std::string(kEventsPath), "POST", &events, "POST"},
                            Row{std::string(kEventPathPrefix) + "a", "GET, HEAD", &events, "GET"},
                            Row{std::string(kChangesPath), "GET, HEAD", &sync, "HEAD"},
                            Row{std::string(kCursorPath), "GET, HEAD", &sync, "GET"},
                            Row{std::string(kLivePath), "GET, HEAD", &health, "GET"},
                            Row{std::string(kReadyPath), "GET, HEAD", &health, "HEAD"}}) {
        CAPTURE(row.path);
        const auto found = routes.find(row.path, row.method);
        CHECK(found.allow == row.allow);
        CHECK(found.handler == row.handler);
        CHECK(routes.find(row.path, "DELETE").handler == nullptr);
    }
    CHECK(routes.find("/api/v1/sync/other", "GET").allow.empty());
    CHECK(routes.find("/healthz", "GET").allow.empty());
}

}  // namespace hubtrail::rest
