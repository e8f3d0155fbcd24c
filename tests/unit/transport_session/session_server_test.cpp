#include "transport/session/session_server.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport_session/negotiated.h"

namespace hubtrail::transport {
namespace {

using List = std::vector<std::string>;

struct Situation {
    const char* name;
    std::function<void(SessionFixture&, Client&)> enter;
};

// Every state that a connection can be in.
std::vector<Situation> situations() {
    return {
        {"accepted", [](SessionFixture&, Client&) {}},
        {"in a header", [](SessionFixture&, Client& client) { client.send("GET / HT"); }},
        {"in a body",
         [](SessionFixture&, Client& client) {
             client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
         }},
        {"being served",
         [](SessionFixture&, Client& client) { client.send(get("/later") + get("/a")); }},
        {"half closed and being served",
         [](SessionFixture&, Client& client) {
             client.send(get("/later"));
             client.end();
         }},
        {"answered, not sent",
         [](SessionFixture&, Client& client) {
             client.let_read(100);
             client.send(get("/big") + get("/later"));
         }},
        {"idle", [](SessionFixture&, Client& client) { client.send(get("/a")); }},
        {"last answer not sent",
         [](SessionFixture&, Client& client) {
             client.let_read(100);
             client.send("GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
         }},
        {"lingering", [](SessionFixture&, Client& client) { client.send("BAD\r\n\r\n"); }},
        {"being opened",
         [](SessionFixture& f, Client& client) {
             f.record.late = true;
             client.send(upgrade_request());
         }},
        {"open", [](SessionFixture&, Client& client) { client.upgrade(); }},
        {"in a message",
         [](SessionFixture&, Client& client) {
             client.upgrade();
             client.send(text_frame("abc").substr(0, 3));
         }},
        {"paused",
         [](SessionFixture& f, Client& client) {
             client.upgrade();
             f.record.connection->pause_reading();
             client.send(text_frame("abc"));
         }},
        {"congested",
         [](SessionFixture& f, Client& client) {
             client.upgrade();
             client.let_read(0);
             f.record.connection->send(std::string(kUnsentSoftMax + 1, 'x'), 0);
             client.settle();
         }},
        {"closed by us",
         [](SessionFixture& f, Client& client) {
             client.upgrade();
             f.record.connection->close();
             client.settle();
         }},
        {"polled", [](SessionFixture&,
                      Client& client) { client.ask(200, "GET", negotiated_target(client)); }},
        {"polling",
         [](SessionFixture&, Client& client) {
             const auto target = negotiated_target(client);
             client.ask(200, "GET", target);
             client.send(get(target));
         }},
        {"poll answered, not sent",
         [](SessionFixture& f, Client& client) {
             const auto target = negotiated_target(client);
             client.ask(200, "GET", target);
             client.let_read(10);
             client.send(get(target));
             f.record.connection->send("x", 0);
             client.settle();
         }},
        {"poll connection closed by us, not fetched",
         [](SessionFixture& f, Client& client) {
             client.ask(200, "GET", negotiated_target(client));
             f.record.connection->send("x", 0);
             f.record.connection->close();
             client.settle();
         }},
        {"POST not read",
         [](SessionFixture& f, Client& client) {
             f.hub.hub_options.application_buffer_bytes = 1;
             const auto target = negotiated_target(client);
             client.ask(200, "GET", target);
             f.record.connection->pause_reading();
             client.send("POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab");
         }},
        {"event stream",
         [](SessionFixture&, Client& client) {
             client.ask(200, "GET", negotiated_target(client), kEventStream);
         }},
        {"event stream closed by us, not sent",
         [](SessionFixture& f, Client& client) {
             client.ask(200, "GET", negotiated_target(client), kEventStream);
             client.let_read(0);
             f.record.connection->close();
             client.settle();
         }},
        {"resumable",
         [](SessionFixture& f, Client& client) {
             f.hub.hub_options.allow_stateful_reconnects = true;
             f.record.on_open = [](Connection& connection) {
                 connection.outbox().keep_history(1000);
             };
             client.upgrade(negotiated_target(client, "&useStatefulReconnect=true"));
             f.record.connection->send("x", 1);
             client.settle();
         }},
        {"resumable, closed by us, not sent",
         [](SessionFixture& f, Client& client) {
             f.hub.hub_options.allow_stateful_reconnects = true;
             client.upgrade(negotiated_target(client, "&useStatefulReconnect=true"));
             client.let_read(0);
             f.record.connection->close();
             client.settle();
         }},
        {"closed by the peer",
         [](SessionFixture&, Client& client) {
             client.upgrade();
             client.send(close_frame(1000));
         }},
        {"closed by the peer, answer not sent",
         [](SessionFixture&, Client& client) {
             client.upgrade();
             client.let_read(0);
             client.send(close_frame(1000));
         }},
    };
}

void answer_all(SessionFixture& f) {
    for (auto& reply : f.pages.waiting) {
        reply({});
    }
    for (auto& done : f.record.waiting) {
        done(std::make_unique<TestHandler>(f.record));
    }
    f.loop.run();
}

// Each handler that was opened was closed once.
void check_handlers(const HubRecord& record) {
    int open = 0;
    for (const auto& call : record.calls) {
        open += call == "open" ? 1 : call.rfind("close", 0) == 0 ? -1 : 0;
    }
    CHECK(open == 0);
}

}  // namespace

TEST_CASE("A peer that vanishes leaves nothing behind, in whatever state", "[session]") {
    for (const auto& situation : situations()) {
        CAPTURE(situation.name);
        SessionFixture f;
        Client client(f);
        situation.enter(f, client);
        CHECK(f.server->connections() == 1);
        client.vanish();
        CHECK(client.wire->gone);
        CHECK(f.server->connections() == 0);
        answer_all(f);
        f.loop.advance(100 * kSecondNs);
        check_handlers(f.record);
    }
}

TEST_CASE("A peer whose writes fail leaves nothing behind, in whatever state", "[session]") {
    for (const auto& situation : situations()) {
        CAPTURE(situation.name);
        SessionFixture f;
        Client client(f);
        situation.enter(f, client);
        // Seen by a write first, as when the network is down.
        client.wire->vanished = true;
        if (f.record.connection != nullptr) {
            f.record.connection->send("x", 0);
        }
        answer_all(f);
        client.settle();
        f.loop.advance(100 * kSecondNs);
        client.settle();
        CHECK(client.wire->gone);
        CHECK(f.server->connections() == 0);
        check_handlers(f.record);
    }
}

TEST_CASE("A server may end with connections in whatever state", "[session]") {
    for (const auto& situation : situations()) {
        CAPTURE(situation.name);
        SessionFixture f;
        Client client(f);
        situation.enter(f, client);
        f.server.reset();
        CHECK(client.wire->gone);
        answer_all(f);
        f.loop.advance(kSecondNs);
        check_handlers(f.record);
    }
}

TEST_CASE("A shutdown ends every connection in its own way", "[session]") {
    for (const auto& situation : situations()) {
        CAPTURE(situation.name);
        SessionFixture f;
        Client client(f);
        situation.enter(f, client);
        f.server->shut_down();
        client.let_read(10'000'000);
        answer_all(f);
        client.settle();
        client.end();
        f.loop.advance(20 * kSecondNs);
        client.settle();
        CHECK(client.wire->gone);
        check_handlers(f.record);
    }
}

TEST_CASE("A request that is being served gets its answer before a shutdown", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/later") + get("/never"));
    f.server->shut_down();
    client.settle();
    CHECK_FALSE(client.wire->sending_ended);
    f.pages.waiting.front()({});
    client.settle();
    CHECK(client.expect(200).has("Connection: close"));
    CHECK(client.rest().empty());
    CHECK(client.wire->sending_ended);
    CHECK(f.pages.handled == 1);
}

TEST_CASE("An answer that is on its way at a shutdown is the last", "[session]") {
    SessionFixture f;
    Client client(f);
    client.let_read(100);
    client.send(get("/big") + get("/never"));
    f.server->shut_down();
    client.let_read(2'000'000);
    client.expect(200);
    CHECK(client.rest().empty());
    CHECK(client.wire->sending_ended);
    CHECK(f.pages.handled == 1);
}

TEST_CASE("An upgrade that is decided after a shutdown is refused", "[session]") {
    SessionFixture f;
    f.record.late = true;
    Client client(f);
    client.send(upgrade_request());
    f.server->shut_down();
    f.record.waiting.front()(std::make_unique<TestHandler>(f.record));
    client.settle();
    const auto answer = client.expect(503);
    CHECK(answer.has("Retry-After: 1"));
    CHECK(answer.has("Connection: close"));
    CHECK(f.record.calls.empty());
}

TEST_CASE("A hub is told of a shutdown and closes", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    f.server->shut_down();
    client.settle();
    CHECK(f.record.calls == List{"open", "shutdown"});
    CHECK(client.frames() == std::vector<Frame>{{8, close_payload(1001)}});
    client.send(close_frame(1001));
    client.end();
    CHECK(f.server->connections() == 0);
}

TEST_CASE("A full server says so and lets go", "[session]") {
    SessionFixture f(2);
    Client one(f);
    auto two = std::make_unique<Client>(f);
    Client three(f);
    const auto answer = three.expect(503);
    CHECK(answer.has("Retry-After: 1"));
    CHECK(answer.has("Connection: close"));
    CHECK(answer.body.find("too-many-connections") != std::string::npos);
    three.send(get("/a"));
    CHECK(three.rest().empty());
    CHECK(f.pages.handled == 0);
    three.end();
    CHECK(three.wire->gone);
    one.send(get("/a"));
    one.expect(200);
    two->vanish();
    Client four(f);
    four.send(get("/a"));
    four.expect(200);
}

TEST_CASE("All connections can be ended at once", "[session]") {
    SessionFixture f;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(std::make_unique<Client>(f));
        if (i % 2 == 0) {
            clients.back()->upgrade();
        }
    }
    f.server->close_all();
    f.loop.run();
    CHECK(f.server->connections() == 0);
    for (const auto& client : clients) {
        CHECK(client->wire->gone);
    }
}

TEST_CASE("The date is made once a second", "[session]") {
    SessionFixture f;
    CHECK(f.server->http_date() == "Mon, 04 May 2026 08:00:00 GMT");
    f.clock.advance_us(999'999);
    CHECK(f.server->http_date() == "Mon, 04 May 2026 08:00:00 GMT");
    f.clock.advance_us(1);
    CHECK(f.server->http_date() == "Mon, 04 May 2026 08:00:01 GMT");
}

}  // namespace hubtrail::transport
