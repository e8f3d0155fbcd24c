#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport_session/negotiated.h"
#include "transport/session/long_poll_connection.h"

namespace hubtrail::transport {
namespace {

using List = std::vector<std::string>;

std::string get_poll(const std::string& target) {
    return get(target + "&_=1700000000000");
}

/// A connection whose first poll is answered. `poll` carries the GETs, `other` the rest.
struct Polling {
    explicit Polling(SessionFixture& fixture)
        : poll(fixture), other(fixture), target(negotiated_target(other)) {
        poll.send(get_poll(target));
        const auto first = poll.expect(200);
        CHECK(first.body.empty());
        CHECK(first.has("Content-Type: application/octet-stream"));
    }
    Client poll;
    Client other;
    std::string target;
};

}  // namespace

TEST_CASE("The first poll is answered at once and empty, the next with what comes",
          "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    CHECK(f.record.calls == List{"open"});
    c.poll.send(get_poll(c.target));
    CHECK_FALSE(c.poll.answer());
    f.record.connection->send("one\x1e", 1);
    f.record.connection->send("two\x1e", 1);
    c.poll.settle();
    const auto answer = c.poll.expect(200);
    CHECK(answer.body == "one\x1etwo\x1e");
    CHECK(answer.has("Content-Type: application/octet-stream"));
    CHECK(answer.has("Cache-Control: no-cache, no-store"));
    CHECK(answer.has("Pragma: no-cache"));
    CHECK(answer.has("Expires: Thu, 01 Jan 1970 00:00:00 GMT"));
    // What comes between polls waits for the next.
    f.record.connection->send("three", 1);
    c.poll.settle();
    CHECK(c.poll.rest().empty());
    c.poll.send(get_poll(c.target));
    CHECK(c.poll.expect(200).body == "three");
    CHECK(f.record.connection->transport() == TransportKind::long_polling);
    CHECK(f.record.connection->has_inherent_keep_alive());
    CHECK(f.record.connection->supports(TransferFormat::binary));
}

TEST_CASE("A poll without data is answered empty after the poll timeout", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.poll.send(get_poll(c.target));
    c.poll.wait(f.hub.hub_options.poll_timeout_ns - kSecondNs);
    CHECK_FALSE(c.poll.answer());
    c.poll.wait(2 * kSecondNs);
    const auto answer = c.poll.expect(200);
    CHECK(answer.body.empty());
    CHECK(answer.has("Content-Type: text/plain"));
    CHECK(answer.has("Cache-Control: no-cache, no-store"));
    CHECK(f.record.calls == List{"open"});
}

TEST_CASE("A newer poll takes the place of one that is held", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.poll.send(get_poll(c.target));
    c.other.send(get_poll(c.target));
    CHECK(c.poll.expect(204).body.empty());
    c.poll.settle();
    f.record.connection->send("x", 0);
    c.other.settle();
    CHECK(c.other.expect(200).body == "x");
}

TEST_CASE("A connection without a poll for the disconnect timeout is removed", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.poll.wait(f.hub.hub_options.disconnect_timeout_ns - kSecondNs);
    c.poll.send(get_poll(c.target));
    SECTION("polls that are held keep it") {
        c.poll.wait(3 * f.hub.hub_options.disconnect_timeout_ns);
        CHECK(f.record.calls == List{"open"});
    }
    SECTION("a client that hangs up in the middle of one has it no more") {
        c.poll.end();
        c.other.wait(f.hub.hub_options.disconnect_timeout_ns - kSecondNs);
        CHECK(f.record.calls == List{"open"});
        c.other.wait(2 * kSecondNs);
        CHECK(f.record.calls == List{"open", "close lost"});
        CHECK(c.other.ask(404, "GET", c.target).body == "No Connection with that ID");
        const auto& ended =
            f.server->counters().durations(TransportKind::long_polling, EndStatus::timeout);
        CHECK(ended.count == 1);
        CHECK(f.server->counters().active(TransportKind::long_polling) == 0);
    }
}

TEST_CASE("What comes while a held poll has hung up is for the next poll", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.poll.send(get_poll(c.target));
    c.poll.vanish();
    f.record.connection->send("kept", 0);
    c.other.send(get_poll(c.target));
    CHECK(c.other.expect(200).body == "kept");
}

TEST_CASE("DELETE ends the connection at once and the held poll with 204", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.poll.send(get_poll(c.target));
    const auto answer = c.other.ask(202, "DELETE", c.target);
    CHECK(answer.body.empty());
    CHECK(answer.has("Content-Type: text/plain"));
    c.poll.settle();
    CHECK(c.poll.expect(204).has("Content-Type: text/plain"));
    CHECK(f.record.calls == List{"open", "close peer_closed"});
    // A Close that comes late, as from the stock client, hurts nobody.
    c.other.ask(404, "POST", c.target, "", "late");
    c.other.ask(404, "DELETE", c.target);
}

TEST_CASE("The last message comes before the 204", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    const bool held = GENERATE(true, false);
    if (held) {
        c.poll.send(get_poll(c.target));
    }
    f.record.connection->send("goodbye", 0);
    f.record.connection->close();
    f.record.connection->send("never", 0);
    c.poll.settle();
    if (!held) {
        c.poll.send(get_poll(c.target));
    }
    CHECK(c.poll.expect(200).body == "goodbye");
    CHECK(f.record.calls == List{"open"});
    c.other.ask(404, "POST", c.target, "", "late");
    c.poll.send(get_poll(c.target));
    c.poll.expect(204);
    CHECK(f.record.calls == List{"open", "close we_closed"});
    CHECK(c.poll.ask(404, "GET", c.target).body == "No Connection with that ID");
}

TEST_CASE("A close without data ends the held poll, an abort too", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.poll.send(get_poll(c.target));
    SECTION("close") {
        f.record.connection->close();
    }
    SECTION("abort") {
        f.record.connection->abort(CloseReason::we_closed);
    }
    c.poll.settle();
    c.poll.expect(204);
    CHECK(f.record.calls == List{"open", "close we_closed"});
}

TEST_CASE("Nobody who polls a closed connection: it goes after the disconnect timeout",
          "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    f.record.connection->send("goodbye", 0);
    f.record.connection->close();
    c.poll.wait(f.hub.hub_options.disconnect_timeout_ns + kSecondNs);
    CHECK(f.record.calls == List{"open", "close we_closed"});
}

TEST_CASE("POST bodies reach the handler in order", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    const auto answer = c.other.ask(200, "POST", c.target, "", "one");
    CHECK(answer.body.empty());
    CHECK(answer.has("Content-Type: text/plain"));
    c.other.ask(200, "POST", c.target, "", "");
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<Client>(f));
        clients.back()->ask(200, "POST", c.target, "", std::to_string(i));
    }
    CHECK(f.record.calls == List{"open", "bytes one", "bytes 0", "bytes 1", "bytes 2"});
    CHECK(f.record.formats.empty());
}

TEST_CASE("A POST whose body breaks off is 400 and brings nothing", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.other.send("POST " + c.target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    c.other.end();
    const auto answer = c.other.expect(400);
    CHECK(answer.body.empty());
    CHECK(answer.has("Content-Type: text/plain"));
    CHECK(f.record.calls == List{"open"});
}

TEST_CASE("While the handler does not read, POSTs wait, and their answers beyond the buffer",
          "[session][poll]") {
    SessionFixture f;
    f.hub.hub_options.application_buffer_bytes = 10;
    Polling c(f);
    f.record.connection->pause_reading();
    c.other.ask(200, "POST", c.target, "", "1234567890");
    Client late(f);
    late.send("POST " + c.target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
    CHECK_FALSE(late.answer());
    CHECK(f.record.calls == List{"open"});
    SECTION("until it reads") {
        f.record.connection->resume_reading();
        late.settle();
        late.expect(200);
        CHECK(f.record.calls == List{"open", "bytes 1234567890x"});
    }
    SECTION("or the connection ends") {
        c.other.ask(202, "DELETE", c.target);
        late.settle();
        CHECK(late.expect(404).body.empty());
    }
    SECTION("or for good, when the client has gone") {
        late.vanish();
        f.record.connection->resume_reading();
        late.settle();
    }
}

TEST_CASE("Bytes of POSTs that nobody reads have a limit", "[session][poll]") {
    SessionFixture f;
    f.hub.hub_options.application_buffer_bytes = 0;
    Polling c(f);
    f.record.connection->pause_reading();
    c.other.ask(200, "POST", c.target, "", std::string(kBodyBytesMax, 'a'));
    c.other.ask(200, "POST", c.target, "", std::string(kPostBytesHeldMax - kBodyBytesMax, 'b'));
    CHECK(c.other.ask(503, "POST", c.target, "", "c").body.find("too-much-unread") !=
          std::string::npos);
    std::size_t read = 0;
    f.record.on_bytes = [&](Connection& connection, std::string_view bytes) {
        read += bytes.size();
        if (read == kPostPieceBytes) {
            connection.pause_reading();
        }
    };
    f.record.connection->resume_reading();
    CHECK(read == kPostPieceBytes);
    f.record.connection->resume_reading();
    CHECK(read == kPostBytesHeldMax);
    c.other.ask(200, "POST", c.target, "", "c");
}

TEST_CASE("What waits for a poll is bounded, whole records all the same", "[session][poll]") {
    SessionFixture f;
    f.hub.hub_options.transport_buffer_bytes = 1000;
    Polling c(f);
    const std::string first(999, 'a');
    const std::string second(70'000, 'b');
    const std::string third(40'000, 'c');
    f.record.connection->send(first, 1);
    c.poll.settle();
    f.record.connection->send(second, 1);
    c.poll.settle();
    f.record.connection->send(third, 1);
    c.poll.settle();
    CHECK(f.record.connection->outbox().unsent() == third.size());
    c.poll.send(get_poll(c.target));
    CHECK(c.poll.expect(200).body == first + second);
    c.poll.settle();
    c.poll.send(get_poll(c.target));
    CHECK(c.poll.expect(200).body == third);
    f.record.connection->send(std::string(kUnsentSoftMax + 1, 'x'), 0);
    f.record.connection->send("y", 0);
    c.poll.settle();
    CHECK(f.record.calls == List{"open"});
    for (int i = 0; i < 6; ++i) {
        f.record.connection->send(std::string(60'000, 'z'), 0);
        c.poll.settle();
    }
    CHECK(f.record.calls == List{"open", "congested"});
    while (f.record.calls.back() != "drained") {
        c.poll.send(get_poll(c.target));
        REQUIRE_FALSE(c.poll.expect(200).body.empty());
        c.poll.settle();
    }
}

TEST_CASE("Without a limit of its own, what waits for a poll is bounded all the same",
          "[session][poll]") {
    SessionFixture f;
    f.hub.hub_options.transport_buffer_bytes = 0;
    Polling c(f);
    for (int i = 0; i < 30; ++i) {
        f.record.connection->send(std::string(50'000, 'x'), 0);
        c.poll.settle();
    }
    const auto waiting = f.record.connection->outbox().unsent();
    CHECK(waiting == 9 * 50'000);
    CHECK(1'500'000 - waiting >= kUnsentHardMax);
    c.poll.send(get_poll(c.target));
    CHECK(c.poll.expect(200).body.size() == 1'500'000 - waiting);
}

TEST_CASE("A poll whose answer is not taken ends the connection after the send timeout",
          "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.poll.send(get_poll(c.target));
    c.poll.let_read(10);
    f.record.connection->send("x", 0);
    c.poll.settle();
    c.poll.wait(f.hub.hub_options.send_timeout_ns - kSecondNs);
    CHECK(f.record.calls == List{"open"});
    c.poll.wait(2 * kSecondNs);
    CHECK(f.record.calls == List{"open", "close stalled"});
    CHECK(c.poll.wire->gone);
    c.other.ask(404, "GET", c.target);
}

TEST_CASE("A poll is ticked as any connection", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    c.poll.wait(5 * kSecondNs);
    CHECK(f.record.ticks >= 4);
}

TEST_CASE("A handler may end a poll connection from any of its calls", "[session][poll]") {
    SessionFixture f;
    SECTION("on_open") {
        f.record.on_open = [](Connection& connection) { connection.abort(CloseReason::we_closed); };
        Polling c(f);
        c.poll.send(get_poll(c.target));
        c.poll.expect(404);
    }
    SECTION("on_bytes") {
        Polling c(f);
        f.record.on_bytes = [](Connection& connection, std::string_view) {
            connection.abort(CloseReason::protocol_error);
        };
        c.poll.send(get_poll(c.target));
        c.other.ask(200, "POST", c.target, "", "x");
        c.poll.settle();
        c.poll.expect(204);
        CHECK(f.record.calls == List{"open", "bytes x", "close protocol_error"});
    }
}

TEST_CASE("A hub that refuses a poll connection answers it, and the token is spent",
          "[session][poll]") {
    SessionFixture f;
    f.record.late = true;
    Client client(f);
    const auto target = negotiated_target(client);
    client.send(get_poll(target));
    CHECK_FALSE(client.answer());
    Client other(f);
    other.ask(409, "GET", target);
    other.ask(404, "POST", target);
    f.record.waiting.front()(make_problem(503, "full", "full"));
    client.settle();
    client.expect(503);
    client.ask(404, "GET", target);
}

TEST_CASE("Every request of a poll connection is checked", "[session][poll]") {
    SessionFixture f;
    Polling c(f);
    for (const auto* method : {"GET", "POST", "DELETE"}) {
        c.other.ask(401, method, c.target + "&access_token=bad");
    }
    CHECK(f.record.calls == List{"open"});
}

TEST_CASE("Poll connections count against the limit while no TCP connection carries them",
          "[session][poll]") {
    SessionFixture f(2);
    for (int i = 0; i < 2; ++i) {
        Client client(f);
        client.send(get(negotiated_target(client)));
        client.expect(200);
        client.vanish();
    }
    CHECK(f.server->connections() == 0);
    Client client(f);
    const auto target = negotiated_target(client);
    const auto answer = client.ask(503, "GET", target);
    CHECK(answer.has("Retry-After: 1"));
    CHECK(answer.body.find("too-many-connections") != std::string::npos);
    client.wait(f.hub.hub_options.disconnect_timeout_ns + kSecondNs);
    client.ask(200, "GET", negotiated_target(client));
}

TEST_CASE("A server that ends with poll connections tells their handlers", "[session][poll]") {
    SessionFixture f;
    auto c = std::make_unique<Polling>(f);
    if (GENERATE(true, false)) {
        c->poll.send(get_poll(c->target));
    }
    f.server.reset();
    CHECK(f.record.calls == List{"open", "close we_closed"});
}

}  // namespace hubtrail::transport
