#include "rest/health_handler.h"

#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {

TEST_CASE("Health needs no token and tells alive from ready", "[rest]") {
    RestFixture fixture;
    std::atomic<bool> draining{false};
    HealthHandler health(fixture.service, draining);
    const auto status_of = [&](const char* path) {
        return fixture.send(health, make_get(path, {}, ""))->status();
    };
    CHECK(status_of("/livez") == 200);
    CHECK(status_of("/readyz") == 200);

    draining = true;
    CHECK(fixture.send(health, make_get("/readyz", {}, ""))->problem(503) == "draining");
    CHECK(status_of("/livez") == 200);

    draining = false;
    fixture.service.set_healthy(false);
    CHECK(fixture.send(health, make_get("/readyz", {}, ""))->problem(503) == "store-unavailable");
    CHECK(status_of("/livez") == 200);
}

}  // namespace hubtrail::rest
