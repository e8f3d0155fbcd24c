#include "host/host.h"

#include <memory>
#include <string>
#include <utility>

#include "host/log/log_features.h"
#include "tests/support/catch.h"
#include "tests/unit/host/simulation.h"
#include "tests/unit/transport_session/client_bytes.h"

namespace hubtrail::host {
namespace {

using Catch::Matchers::Contains;
using transport::upgrade_request;

std::string post(const std::string& body) {
    return "POST /api/v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a\r\n"
           "Content-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a\r\n\r\n";
}

}  // namespace

TEST_CASE("A whole server runs without a thread or a socket", "[host]") {
    Simulation s;
    s.start();
    const auto watcher = s.watcher(0);
    const auto writer = s.network.connect(1);
    CHECK_THAT(s.say(*writer, post(R"({"id":"one","stream":"entries","type":"a"})")),
               Contains(" 201 ") && Contains("\"pos\":1"));
    CHECK_THAT(watcher->sent, Contains("ReceiveMessage") && Contains("one"));
    CHECK_THAT(s.say(*writer, get("/api/v1/sync/changes?since=earliest")),
               Contains(" 200 ") && Contains("\"id\":\"one\""));
    CHECK_THAT(s.say(*writer, get("/readyz")), Contains(" 200 "));
    CHECK_THAT(s.say(*writer, get("/nothing")), Contains(" 404 "));
    const auto caller = s.network.connect(1);
    CHECK_THAT(s.say(*caller, upgrade_request("/add")), Contains(" 101 "));
    s.say(*caller, transport::text_frame(kHandshake));
    CHECK_THAT(s.say(*caller, transport::text_frame("{\"type\":1,\"invocationId\":\"1\",\"target\":"
                                                    "\"Add\",\"arguments\":[1,2]}\x1e")),
               Contains("\"result\":3"));
}

TEST_CASE("A poll that waits on one loop is woken by an append on another, and by the goodbye",
          "[host]") {
    Simulation s;
    s.start();
    const auto reader = s.network.connect(0);
    CHECK(s.say(*reader, get("/api/v1/sync/changes?since=latest&wait=30")).empty());
    const auto writer = s.network.connect(1);
    s.say(*writer, post(R"({"id":"one","stream":"entries","type":"a"})"));
    s.advance(kSecond);
    CHECK_THAT(std::exchange(reader->sent, {}), Contains("\"id\":\"one\""));
    CHECK(s.say(*reader, get("/api/v1/sync/changes?since=latest&wait=30")).empty());
    s.signal();
    s.advance(2 * kDrainLookNs);
    CHECK_THAT(reader->sent, Contains(" 200 ") && Contains("\"changes\":[]"));
}

TEST_CASE("A server without clients stops as soon as it looks", "[host][drain]") {
    Simulation s;
    s.start();
    s.signal();
    CHECK(s.host.draining());
    s.advance(kDrainLookNs);
    CHECK_FALSE(s.network.stopped());
    CHECK(s.network.connect(0) == nullptr);
    s.advance(kDrainLookNs);
    CHECK(s.network.stopped());
}

TEST_CASE("A drain sends clients away, serves everything else, and ends with the last",
          "[host][drain]") {
    Simulation s;
    s.start();
    const auto one = s.watcher(0);
    const auto two = s.watcher(1);
    const auto other = s.network.connect(1);
    s.signal();
    CHECK_THAT(s.say(*other, get("/readyz")), Contains(" 503 ") && Contains("draining"));
    s.advance(5 * kSecond - kDrainLookNs);
    CHECK_FALSE(s.network.stopped());
    CHECK_THAT(s.say(*other, get("/livez")), Contains(" 200 "));
    s.advance(kSecond / 2);
    for (const auto& wire : {one, two}) {
        CHECK_THAT(wire->sent, Contains("\"allowReconnect\":true"));
        wire->ended = true;
    }
    s.settle();
    CHECK(other->sending_ended);
    other->ended = true;
    s.settle();
    s.look_again(3);
    CHECK(s.network.stopped());
}

TEST_CASE("Who does not take the goodbye has two seconds", "[host][drain]") {
    Simulation s;
    s.start();
    const auto idle = s.network.connect(0);
    s.say(*idle, get("/livez"));
    idle->room = 0;
    s.say(*idle, get("/livez"));
    s.host.post_stop();
    s.settle();
    s.advance(kGoodbyeNs - kDrainLookNs);
    CHECK_FALSE(s.network.stopped());
    s.advance(2 * kDrainLookNs);
    CHECK(s.network.stopped());
}

TEST_CASE("A second signal ends at once", "[host][drain]") {
    Simulation s;
    s.start();
    const auto watcher = s.watcher(0);
    s.signal();
    CHECK_FALSE(s.network.stopped());
    s.signal();
    CHECK(s.network.stopped());
}

TEST_CASE("Two features that want one path stop the start, with both names", "[host][routes]") {
    Simulation s;
    LogHubFeature thief(s.events, changes_hub("/LiveZ"), "the thief");
    s.site.features.push_back(&thief);
    CHECK_THROWS_WITH(s.start(),
                      "the thief cannot serve '/LiveZ': the health check serves '/livez'");
    s.host.take_down();
}

TEST_CASE("A second site serves its own features on one loop", "[host]") {
    Simulation s;
    Site admin;
    admin.listen = "admin";
    admin.features = {&s.health};
    admin.first_loop_only = true;
    s.code.seal();
    s.host.add_site(s.site);
    s.host.add_site(admin);
    s.host.start();
    CHECK(s.host.address(0).port != s.host.address(1).port);
    const auto scraper = s.network.connect(0, s.host.address(1).port);
    CHECK_THAT(s.say(*scraper, get("/livez")), Contains(" 200 "));
    CHECK_THAT(s.say(*scraper, get("/api/v1/sync/cursor")), Contains(" 404 "));
    CHECK(s.network.connect(1, s.host.address(1).port) == nullptr);
    CHECK(s.host.counters().size() == 2);
}

TEST_CASE("An address that is taken is said with its advice", "[host]") {
    Simulation s;
    s.network.taken = "simulated";
    s.site.advice = "; choose another";
    CHECK_THROWS_WITH(s.start(), "simulated is taken; choose another");
}

TEST_CASE("A log is not shown without tokens", "[host]") {
    Simulation s;
    Host host(s.network, s.loops, s.clock, s.random, *s.log, {});
    s.site.features = {&s.events, &s.changes};
    host.add_site(s.site);
    CHECK_THROWS_WITH(host.start(), Contains("the hub of changes needs tokens"));
}

TEST_CASE("A listed origin may read what is no hub", "[host][routes]") {
    Simulation s;
    s.site.endpoint.allowed_origins = {"https://app.example"};
    s.start();
    const auto page = s.network.connect(0);
    CHECK_THAT(s.say(*page,
                     "GET /api/v1/sync/cursor HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a\r\n"
                     "Origin: https://app.example\r\n\r\n"),
               Contains(" 200 ") && Contains("Access-Control-Allow-Origin: https://app.example"));
}

}  // namespace hubtrail::host
