#include "transport/session/http_protocol.h"

#include <string>
#include <vector>

#include "tests/unit/transport_session/session_fixture.h"

namespace hubtrail::transport {
namespace {

// An answer after which the connection ends: said in the header, our side ended, then nothing.
void check_last(Client& client, const Answer& answer) {
    CHECK(answer.has("Connection: close"));
    CHECK(client.rest().empty());
    CHECK(client.wire->sending_ended);
    CHECK_FALSE(client.wire->gone);
    client.end();
    CHECK(client.wire->gone);
}

}  // namespace

TEST_CASE("An answer carries what every answer carries", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/a"));
    const auto answer = client.expect(200);
    CHECK(answer.body == "GET /a ");
    CHECK(answer.has("Date: Mon, 04 May 2026 08:00:00 GMT"));
    CHECK(answer.has("Content-Type: text/plain"));
    CHECK(answer.has("X-Content-Type-Options: nosniff"));
    CHECK(answer.has("Cache-Control: no-store"));
    CHECK_FALSE(answer.has("Connection:"));
    CHECK_FALSE(client.wire->sending_ended);
}

TEST_CASE("A connection serves one request after another", "[session]") {
    SessionFixture f;
    Client client(f);
    for (int i = 0; i < 3; ++i) {
        client.send(get("/a"));
        CHECK(client.expect(200).body == "GET /a ");
    }
    CHECK(f.parsers_made == 1);
}

TEST_CASE("Pipelined requests are answered in order", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/1") + "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
                get("/3"));
    CHECK(client.expect(200).body == "GET /1 ");
    CHECK(client.expect(200).body == "POST /2 abc");
    CHECK(client.expect(200).body == "GET /3 ");
    CHECK(client.rest().empty());
}

TEST_CASE("A request that waits for its answer holds up those behind it", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/later") + get("/2") + get("/later"));
    CHECK(client.wire->sent.empty());
    CHECK(f.pages.handled == 1);
    f.pages.waiting.front()({});
    client.settle();
    client.expect(200);
    CHECK(client.expect(200).body == "GET /2 ");
    CHECK(f.pages.waiting.size() == 2);
    f.pages.waiting.back()({});
    client.settle();
    client.expect(200);
}

TEST_CASE("A reply that is used twice, or too late, answers nothing else", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/later"));
    const auto reply = f.pages.waiting.front();
    reply({});
    reply({});
    client.settle();
    reply({});
    client.send(get("/later"));
    reply({});
    client.settle();
    client.expect(200);
    CHECK(client.rest().empty());
    f.pages.waiting.back()({});
    client.settle();
    client.expect(200);
}

TEST_CASE("A client that has ended its side still gets all its answers", "[session]") {
    SessionFixture f;
    Client client(f);
    client.wire->incoming = get("/1") + get("/later") + get("/3");
    client.end();
    client.expect(200);
    CHECK_FALSE(client.wire->gone);
    f.pages.waiting.front()({});
    client.settle();
    client.expect(200);
    CHECK(client.expect(200).body == "GET /3 ");
    CHECK(client.wire->gone);
}

TEST_CASE("A large last answer reaches a client that has ended its side", "[session]") {
    const std::string connection = GENERATE("", "Connection: close\r\n");
    SessionFixture f;
    Client client(f);
    client.wire->room = 1000;
    client.wire->incoming = "GET /big HTTP/1.1\r\nHost: h\r\n" + connection + "\r\n";
    client.end();
    CHECK_FALSE(client.wire->gone);
    while (!client.wire->gone && client.wire->sent.size() < 1'100'000) {
        const auto before = client.wire->sent.size();
        client.let_read(100'000);
        if (client.wire->sent.size() == before) {
            break;
        }
    }
    CHECK(client.expect(200).body.size() == 1'000'000);
    CHECK(client.wire->gone);
}

TEST_CASE("What is pipelined behind a waiting request is bounded", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/later"));
    const auto request = get("/x");
    std::string many;
    for (int i = 0; i < 400; ++i) {
        many += "GET /x HTTP/1.1\r\nHost: h\r\nX: " + std::string(1000, 'x') + "\r\n\r\n";
    }
    client.send(many);
    CHECK_FALSE(client.wire->wants_read);
    CHECK(many.size() - client.wire->incoming.size() <= kPipelinedBytesMax + 64 * 1024);
    f.pages.waiting.front()({});
    client.settle();
    CHECK(client.wire->incoming.empty());
    CHECK(f.pages.handled == 401);
}

TEST_CASE("HEAD is answered by the header alone, and only HEAD", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto answer = client.answer(true);
    REQUIRE(answer);
    CHECK(answer->has("Content-Length: 8"));
    CHECK(client.rest().empty());
    // The refusal of what follows has its body again.
    client.send("BAD\r\n\r\n");
    const auto refusal = client.expect(400);
    CHECK(refusal.body.find("bad-request") != std::string::npos);
    check_last(client, refusal);
}

TEST_CASE("An answer without content says no length", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/empty"));
    const auto answer = client.expect(204);
    CHECK_FALSE(answer.has("Content-"));
}

TEST_CASE("A path that nobody serves is 404", "[session]") {
    FakeLoop loop;
    SessionFixture f;
    f.routes = RouteTable();
    f.routes.add({{}, "/only", &f.pages, "pages"});
    Client client(f);
    client.send(get("/only"));
    client.expect(200);
    client.send(get("/only/more"));
    CHECK(client.expect(404).body.find("not-found") != std::string::npos);
    client.send(get("/only"));
    client.expect(200);
}

TEST_CASE("A bad request is refused, and the connection lingers until the client hangs up",
          "[session]") {
    SessionFixture f;
    Client client(f);
    client.send("GET / HTTP/1.1\nHost: h\n\n");
    const auto answer = client.expect(400);
    // What still comes is read and dropped: our last bytes must not be lost to a reset.
    client.send(get("/a") + std::string(100'000, 'x'));
    CHECK(client.wire->incoming.empty());
    CHECK(f.pages.handled == 0);
    check_last(client, answer);
}

TEST_CASE("A client that does not hang up is left after two seconds", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send("BAD\r\n\r\n");
    client.wait(kLingerNs - kTickNs);
    CHECK_FALSE(client.wire->gone);
    client.wait(kTickNs);
    CHECK(client.wire->gone);
}

TEST_CASE("Connection: close is obeyed", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + get("/b"));
    check_last(client, client.expect(200));
    CHECK(f.pages.handled == 1);
}

TEST_CASE("A connection serves 1000 requests", "[session]") {
    SessionFixture f;
    Client client(f);
    for (std::size_t i = 1; i < kRequestsPerConnectionMax; ++i) {
        client.send(get("/a"));
    }
    for (std::size_t i = 1; i < kRequestsPerConnectionMax; ++i) {
        REQUIRE_FALSE(client.expect(200).has("Connection: close"));
    }
    client.send(get("/a") + get("/b"));
    check_last(client, client.expect(200));
    CHECK(f.pages.handled == 1000);
}

TEST_CASE("The header must be complete after five seconds, however it drips", "[session]") {
    SessionFixture f;
    Client client(f);
    const bool second = GENERATE(false, true);
    if (second) {
        client.send(get("/a"));
        client.expect(200);
        client.wait(30 * kSecondNs);
    }
    client.send("GET / HTTP/1.1\r\nX: ");
    for (std::int64_t t = kTickNs; t < kHeaderDeadlineNs; t += kTickNs) {
        client.wait(kTickNs);
        client.send("x");
    }
    CHECK(client.rest().empty());
    client.wait(kTickNs);
    const auto answer = client.expect(408);
    CHECK(answer.body.find("header-timeout") != std::string::npos);
    check_last(client, answer);
}

// Browsers open connections ahead of need: an answer to nothing would be taken for that to the
// first request, and so would an end that comes while they send it.
TEST_CASE("A client that says nothing is let go at the idle time without a word", "[session]") {
    SessionFixture f;
    Client client(f);
    client.wait(kKeepAliveIdleNs - kTickNs);
    CHECK_FALSE(client.wire->sending_ended);
    client.send(get("/a"));
    client.expect(200);
    Client silent(f);
    silent.wait(kKeepAliveIdleNs);
    CHECK(silent.wire->sent.empty());
    CHECK(silent.wire->sending_ended);
}

TEST_CASE("The body must be complete after thirty seconds", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    for (std::int64_t t = kTickNs; t < kBodyDeadlineNs; t += kTickNs) {
        client.wait(kTickNs);
        client.send("x");
    }
    CHECK(client.rest().empty());
    client.wait(kTickNs);
    const auto answer = client.expect(408);
    CHECK(answer.body.find("body-timeout") != std::string::npos);
    check_last(client, answer);
}

TEST_CASE("An idle connection is closed after a minute without a word", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/a"));
    client.expect(200);
    client.wait(kKeepAliveIdleNs - kTickNs);
    CHECK_FALSE(client.wire->sending_ended);
    client.wait(kTickNs);
    CHECK(client.rest().empty());
    CHECK(client.wire->sending_ended);
}

TEST_CASE("The idle time begins when the answer has left", "[session]") {
    SessionFixture f;
    Client client(f);
    client.let_read(1000);
    client.send(get("/big"));
    for (int i = 0; i < 4; ++i) {
        client.wait(50 * kSecondNs);
        client.let_read(i == 3 ? 2'000'000 : 100'000);
    }
    CHECK(client.expect(200).body.size() == 1'000'000);
    client.wait(kKeepAliveIdleNs - kTickNs);
    CHECK_FALSE(client.wire->sending_ended);
}

TEST_CASE("A request that is being served has no deadline of ours", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/later"));
    client.wait(600 * kSecondNs);
    CHECK_FALSE(client.wire->gone);
    f.pages.waiting.front()({});
    client.settle();
    client.expect(200);
}

TEST_CASE("Expect: 100-continue is answered before the body", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.wire->sent == "HTTP/1.1 100 Continue\r\n\r\n");
    client.expect(100);
    client.send("abc");
    CHECK(client.expect(200).body == "POST /a abc");
    client.send(
        "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n");
    client.expect(413);
}

TEST_CASE("A peer that takes nothing for a minute is cut off", "[session]") {
    SessionFixture f;
    f.loop.advance(100'000 * kSecondNs);  // a machine that has been up for long
    Client client(f);
    client.let_read(1000);
    client.send(get("/big"));
    client.wait(kTickNs);
    CHECK_FALSE(client.wire->gone);
    client.wait(50 * kSecondNs);
    client.let_read(1);
    client.wait(kWriteStallMaxNs - kSecondNs);
    CHECK_FALSE(client.wire->gone);
    client.wait(2 * kSecondNs);
    CHECK(client.wire->gone);
}

TEST_CASE("Different tokens in header and query are refused", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(
        "POST /hub/negotiate?access_token=a HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer b\r\n"
        "Content-Length: 0\r\n\r\n");
    CHECK(client.expect(400).body.find("token-conflict") != std::string::npos);
}

TEST_CASE("A body that breaks off is refused, a header that does is not worth an answer",
          "[session]") {
    SessionFixture f;
    Client body(f);
    body.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    body.end();
    CHECK(body.expect(400).body.find("incomplete-body") != std::string::npos);
    CHECK(f.pages.handled == 0);
    Client header(f);
    header.send("POST /a HTTP/1.1\r\nHost");
    header.end();
    CHECK(header.rest().empty());
    CHECK(header.wire->gone);
}

}  // namespace hubtrail::transport
