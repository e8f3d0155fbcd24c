#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport_session/negotiated.h"
#include "transport/frame_header.h"

namespace hubtrail::transport {
namespace {

using List = std::vector<std::string>;

/// Two loops of one process, with a client on each.
struct TwoLoops {
    SharedFixture shared;
    SessionFixture a{100, &shared};
    SessionFixture b{100, &shared};
    Client on_a{a};
    Client on_b{b};
};

/// Where the client's connection is now.
bool is_on(const Client& client, const SessionFixture& fixture) {
    return client.wire->loop == &fixture.loop;
}

}  // namespace

TEST_CASE("The loop of the first poll is the connection's home, others move there",
          "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_b.ask(200, "GET", target);
    CHECK(t.a.record.calls.empty());
    CHECK(t.b.record.calls == List{"open"});
    t.on_a.ask(200, "POST", target, "", "one");
    CHECK(t.b.record.calls == List{"open", "bytes one"});
    CHECK(is_on(t.on_a, t.b));
    CHECK(t.a.server->connections() == 0);
    CHECK(t.b.server->connections() == 2);
    // It stays there, and serves what else comes.
    t.on_a.ask(200, "POST", target, "", "two");
    CHECK(t.on_a.ask(200, "GET", "/page").body == "GET /page ");
    CHECK(t.b.pages.handled == 1);
    t.on_a.send(get(target));
    t.b.record.connection->send("data", 0);
    t.on_a.settle();
    CHECK(t.on_a.expect(200).body == "data");
    t.on_a.ask(202, "DELETE", target);
    CHECK(t.b.record.calls.back() == "close peer_closed");
    CHECK(t.shared.tokens.find(target.substr(8), t.a.routes.find_hub("/hub").hub, t.a.loop.now_ns())
              .state == ConnectionTokens::State::unknown);
}

TEST_CASE("What was read behind the request moves with it", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_b.ask(200, "GET", target);
    const auto post = "POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n";
    // Three requests at once, the last cut; and one before them that is ours.
    t.on_a.send(get("/page") + post + "1" + post + "2" + post.substr(0, 20));
    CHECK(t.on_a.expect(200).body == "GET /page ");
    t.on_a.expect(200);
    t.on_a.expect(200);
    CHECK_FALSE(t.on_a.answer());
    t.on_a.send(post.substr(20) + "3");
    t.on_a.expect(200);
    CHECK(t.b.record.calls == List{"open", "bytes 1", "bytes 2", "bytes 3"});
    CHECK(t.a.pages.handled == 1);
}

TEST_CASE("A connection moves only when what it was sent is out", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_b.ask(200, "GET", target);
    t.on_a.let_read(100);
    t.on_a.send(get("/big") + "POST " + target +
                " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
    CHECK(t.b.record.calls == List{"open"});
    t.on_a.let_read(10'000'000);
    CHECK(t.on_a.expect(200).body.size() == 1'000'000);
    t.on_a.expect(200);
    CHECK(t.b.record.calls == List{"open", "bytes x"});
}

TEST_CASE("An interim answer goes out before the move", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_b.ask(200, "GET", target);
    t.on_a.let_read(0);
    t.on_a.send("POST " + target +
                " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    t.on_a.send("x");
    CHECK(t.a.server->connections() == 1);
    t.on_a.let_read(10'000);
    CHECK(t.on_a.rest().rfind("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 0) == 0);
    CHECK(t.b.record.calls == List{"open", "bytes x"});
}

TEST_CASE("A client that goes while it moves is gone on both", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_b.ask(200, "GET", target);
    t.on_a.wire->incoming = get(target);
    t.on_a.wire->events->on_readable();
    t.a.loop.run();
    CHECK(t.a.server->connections() == 0);
    CHECK(t.on_a.wire->events == nullptr);
    SECTION("by hanging up") {
        t.on_a.wire->ended = true;
    }
    SECTION("by vanishing") {
        t.on_a.wire->vanished = true;
    }
    t.shared.run();
    t.on_a.settle();
    t.on_a.wait(3 * kSecondNs);
    t.on_a.end();
    CHECK(t.on_a.wire->gone);
    CHECK(t.b.server->connections() == 1);
    CHECK(t.b.record.calls == List{"open"});
}

TEST_CASE("A loop that has stopped closes who was to move there", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_b.ask(200, "GET", target);
    t.b.loop.stop();
    t.on_a.send(get(target));
    CHECK(t.on_a.wire->gone);
}

TEST_CASE("A server that goes down tells who comes later from another loop", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_b.ask(200, "GET", target);
    t.on_a.wire->incoming = "POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx";
    t.on_a.wire->events->on_readable();
    t.a.loop.run();
    t.b.server->shut_down();
    t.shared.run();
    t.on_a.settle();
    CHECK(t.on_a.answer()->has("Connection: close"));
}

TEST_CASE("An event stream gets its POSTs from any loop", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_b);
    t.on_b.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + kEventStream + "\r\n");
    t.on_b.expect(200);
    t.on_a.ask(200, "POST", target, "", "hello");
    CHECK(t.b.record.calls == List{"open", "bytes hello"});
}

TEST_CASE("Answers that need no connection come from any loop", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_a.upgrade(target);
    CHECK(t.a.record.calls == List{"open"});
    t.on_b.ask(405, "POST", target);
    t.on_b.ask(400, "DELETE", target);
    t.on_b.ask(400, "GET", target);
    t.on_b.send(upgrade_request(target));
    t.on_b.expect(409);
    CHECK(t.on_b.wire->loop == nullptr);
}

TEST_CASE("Who is refused does not move", "[session][move]") {
    TwoLoops t;
    const auto target = negotiated_target(t.on_a);
    t.on_b.ask(200, "GET", target);
    const auto checks = t.b.hub.checks;
    t.on_a.ask(401, "POST", target + "&access_token=bad");
    CHECK(t.on_a.wire->loop == nullptr);
    t.on_a.ask(200, "POST", target);
    CHECK(t.b.hub.checks == checks);
}

TEST_CASE("A resumable connection is resumed from another loop", "[session][move]") {
    TwoLoops t;
    for (auto* fixture : {&t.a, &t.b}) {
        fixture->hub.hub_options.allow_stateful_reconnects = true;
        fixture->record.on_open = [](Connection& connection) {
            connection.outbox().keep_history(1000);
        };
        fixture->record.on_resumed = [](Connection& connection) {
            std::string first;
            append_frame(first, FrameOpcode::text, "again");
            connection.outbox().resend(first);
        };
    }
    const auto target = negotiated_target(t.on_a, "&useStatefulReconnect=true");
    Client first(t.b);
    first.upgrade(target);
    t.b.record.connection->send("kept", 1);
    first.settle();
    if (GENERATE(true, false)) {
        first.vanish();
    }
    t.on_a.send(upgrade_request(target) + text_frame("hello"));
    t.on_a.expect(101);
    CHECK(t.on_a.frames() == std::vector<Frame>{{1, "again"}, {1, "kept"}});
    CHECK(t.b.record.calls == List{"open", "resumed", "bytes hello"});
    CHECK(t.a.record.calls.empty());
}

TEST_CASE("Two first requests at once open one connection", "[session][move]") {
    TwoLoops t;
    t.a.record.late = true;
    const auto target = negotiated_target(t.on_b);
    t.on_a.send(get(target));
    t.on_b.send(get(target));
    CHECK(t.on_b.expect(409).body.empty());
    t.a.record.waiting.front()(std::make_unique<TestHandler>(t.a.record));
    t.on_a.settle();
    t.on_a.expect(200);
    CHECK(t.b.record.calls.empty());
}

TEST_CASE("A token is known to its hub only", "[session][move]") {
    TwoLoops t;
    const auto token = negotiated(t.on_a);
    t.on_a.ask(404, "GET", "/other-hub?id=" + token);
    t.on_a.ask(200, "GET", "/HUB?id=" + token);
    t.on_a.ask(404, "POST", "/other-hub?id=" + token);
}

}  // namespace hubtrail::transport
