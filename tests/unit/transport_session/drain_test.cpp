#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport_session/negotiated.h"

namespace hubtrail::transport {
namespace {

using List = std::vector<std::string>;

auto told(const HubRecord& record) {
    return std::count(record.calls.begin(), record.calls.end(), "shutdown");
}

}  // namespace

TEST_CASE("A draining server takes no new hub connections, and serves the rest",
          "[session][drain]") {
    SessionFixture f;
    Client client(f);
    const auto waiting = negotiated_target(client);
    const auto polled = negotiated_target(client);
    client.ask(200, "GET", polled);
    f.server->drain(10 * kSecondNs);
    CHECK(f.server->draining());
    const auto refused = client.ask(503, "POST", "/hub/negotiate?negotiateVersion=1");
    CHECK(refused.has("Retry-After: 1"));
    CHECK(client.ask(503, "GET", waiting).has("Retry-After: 1"));
    CHECK(client.ask(503, "GET", waiting, kEventStream).has("Retry-After: 1"));
    Client socket(f);
    socket.send(upgrade_request());
    CHECK(socket.expect(503).has("Retry-After: 1"));
    socket.send(upgrade_request(waiting));
    socket.expect(503);
    CHECK(client.ask(200, "GET", "/page").body == "GET /page ");
    client.ask(200, "POST", polled, "", "x");
    CHECK(f.record.calls == List{"open", "bytes x"});
}

TEST_CASE("A connection that is being opened when the drain begins is refused",
          "[session][drain]") {
    SessionFixture f;
    f.record.late = true;
    Client client(f);
    client.send(upgrade_request());
    f.server->drain();
    f.record.waiting.front()(std::make_unique<TestHandler>(f.record));
    client.settle();
    client.expect(503);
    CHECK(f.record.calls.empty());
}

TEST_CASE("Connections are sent away evenly over the window, each once", "[session][drain]") {
    SessionFixture f;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(std::make_unique<Client>(f));
        clients.back()->upgrade();
        clients.push_back(std::make_unique<Client>(f));
        clients.back()->ask(200, "GET", negotiated_target(*clients.back()));
    }
    f.record.on_shutdown = [](Connection& connection) { connection.send("come back", 0); };
    f.server->drain(10 * kSecondNs);
    CHECK(told(f.record) == 0);
    for (int second = 1; second <= 9; ++second) {
        f.loop.advance(kSecondNs);
        CHECK(told(f.record) >= 10 * second - 2);
        CHECK(told(f.record) <= 10 * second);
    }
    f.loop.advance(2 * kSecondNs);
    CHECK(told(f.record) == 100);
    f.server->shut_down();
    f.loop.advance(kSecondNs);
    CHECK(told(f.record) == 100);
}

TEST_CASE("A drain ends each transport in its own way", "[session][drain]") {
    SessionFixture f;
    f.record.on_shutdown = [](Connection& connection) { connection.send("come back", 0); };
    Client client(f);
    SECTION("WebSocket: 1001") {
        client.upgrade();
        f.server->drain(0);
        client.settle();
        CHECK(client.frames() == std::vector<Frame>{{1, "come back"}, {8, close_payload(1001)}});
        client.send(close_frame(1001));
        client.end();
        CHECK(f.server->counters()
                  .durations(TransportKind::web_sockets, EndStatus::app_shutdown)
                  .count == 1);
    }
    SECTION("event stream: the last chunk") {
        const auto target = negotiated_target(client);
        client.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + kEventStream + "\r\n");
        client.expect(200);
        f.server->drain(0);
        client.settle();
        bool ended = false;
        CHECK(unchunked(client.rest(), &ended) == ":\r\ndata: come back\r\n\r\n");
        CHECK(ended);
        client.end();
        CHECK(f.server->counters()
                  .durations(TransportKind::server_sent_events, EndStatus::app_shutdown)
                  .count == 1);
    }
    SECTION("long polling: data, then 204") {
        const auto target = negotiated_target(client);
        client.ask(200, "GET", target);
        client.send(get(target));
        f.server->drain(0);
        client.settle();
        CHECK(client.expect(200).body == "come back");
        client.ask(204, "GET", target);
        CHECK(f.server->counters()
                  .durations(TransportKind::long_polling, EndStatus::app_shutdown)
                  .count == 1);
    }
    CHECK(f.record.calls == List{"open", "shutdown", "close we_closed"});
}

TEST_CASE("A shutdown in the middle of a drain tells all others at once", "[session][drain]") {
    SessionFixture f;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 10; ++i) {
        clients.push_back(std::make_unique<Client>(f));
        clients.back()->upgrade();
    }
    Client idle(f);
    f.server->drain(4 * kSecondNs);
    f.loop.advance(2 * kSecondNs);
    const auto before = told(f.record);
    CHECK(before >= 4);
    CHECK(before <= 6);
    CHECK_FALSE(idle.wire->sending_ended);
    f.server->shut_down();
    CHECK(told(f.record) == 10);
    f.loop.run();
    CHECK(idle.wire->sending_ended);
}

TEST_CASE("Durations are counted from the first transport request, in their buckets",
          "[session][drain]") {
    SessionFixture f;
    Client client(f);
    const auto target = negotiated_target(client);
    client.wait(5 * kSecondNs);
    const auto& counters = f.server->counters();
    CHECK(counters.active(TransportKind::web_sockets) == 0);
    client.upgrade(target);
    CHECK(counters.active(TransportKind::web_sockets) == 1);
    client.wait(3 * kSecondNs);
    client.send(close_frame(1000));
    client.end();
    CHECK(counters.active(TransportKind::web_sockets) == 0);
    const auto& durations =
        counters.durations(TransportKind::web_sockets, EndStatus::normal_closure);
    CHECK(durations.count == 1);
    CHECK(durations.sum_ns == 3 * kSecondNs);
    CHECK(durations.buckets[8] == 1);  // up to 5 s
}

}  // namespace hubtrail::transport
