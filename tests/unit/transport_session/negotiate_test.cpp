#include <string>
#include <vector>

#include "protocol/json.h"
#include "tests/unit/transport_session/session_fixture.h"

namespace hubtrail::transport {
namespace {

std::string post(const std::string& target) {
    return "POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
}

std::string negotiate(Client& client, const std::string& query = "?negotiateVersion=1") {
    client.send(post("/hub/negotiate" + query));
    const auto answer = client.expect(200);
    CHECK(answer.has("Content-Type: application/json"));
    return answer.body;
}

std::string token_of(const std::string& body, const char* name = "connectionToken") {
    const auto parsed = protocol::JsonValue::parse(body, {});
    REQUIRE(parsed);
    REQUIRE(parsed->find(name));
    return parsed->find(name)->string();
}

}  // namespace

TEST_CASE("Negotiate answers exactly as the reference, with WebSockets", "[session]") {
    SessionFixture f;
    Client client(f);
    const auto body = negotiate(client);
    const auto id = token_of(body, "connectionId");
    const auto token = token_of(body);
    CHECK(
        body ==
        R"({"negotiateVersion":1,"connectionId":")" + id + R"(","connectionToken":")" + token +
            R"(","availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]}]})");
    CHECK(id.size() == 22);
    CHECK(token.size() == 22);
    CHECK(id != token);
    // The version is what both know; query names have no case.
    CHECK(negotiate(client, "?NEGOTIATEVERSION=7").find("\"negotiateVersion\":1") !=
          std::string::npos);
}

TEST_CASE("Negotiate version 0 has one id", "[session]") {
    SessionFixture f;
    Client client(f);
    const auto body = negotiate(client, GENERATE("", "?negotiateVersion=0"));
    CHECK(body.find("connectionToken") == std::string::npos);
    Client socket(f);
    socket.upgrade("/hub?id=" + token_of(body, "connectionId"));
    CHECK(f.record.ids.back() == token_of(body, "connectionId"));
}

TEST_CASE("Negotiate versions that are none are told so", "[session]") {
    SessionFixture f;
    Client client(f);
    CHECK(negotiate(client, "?negotiateVersion=x") ==
          R"({"error":"The client requested a non-integer protocol version."})");
    CHECK(
        negotiate(client, "?negotiateVersion=-1") ==
        R"({"error":"The client requested version '-1', but the server does not support this version."})");
}

TEST_CASE("Negotiate is a POST, and only of a hub", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(get("/hub/negotiate"));
    const auto answer = client.expect(405);
    CHECK(answer.has("Content-Type: text/plain"));
    CHECK(answer.body.empty());
    client.send(post("/other/negotiate"));
    CHECK(client.expect(200).body == "POST /other/negotiate ");
}

TEST_CASE("Negotiate is refused as the hub refuses", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(post("/hub/negotiate?access_token=bad"));
    client.expect(401);
}

TEST_CASE("A negotiated token opens one connection under the public id", "[session]") {
    SessionFixture f;
    Client client(f);
    const auto body = negotiate(client);
    const auto target = "/hub?id=" + token_of(body);
    Client socket(f);
    socket.upgrade(target);
    CHECK(f.record.ids == std::vector<std::string>{token_of(body, "connectionId")});
    Client second(f);
    second.send(upgrade_request(target));
    const auto answer = second.expect(409);
    CHECK(answer.body.empty());
    // With the end of the connection the token is spent.
    socket.send(close_frame(1000));
    socket.end();
    Client third(f);
    third.send(upgrade_request(target));
    CHECK(third.expect(404).body == "No Connection with that ID");
}

TEST_CASE("A token waits fifteen seconds for its connection", "[session]") {
    SessionFixture f;
    Client client(f);
    const auto first = token_of(negotiate(client));
    const auto second = token_of(negotiate(client));
    client.wait(kNegotiatedUnusedNs - 1);
    Client in_time(f);
    in_time.upgrade("/hub?id=" + first);
    client.wait(1);
    Client late(f);
    late.send(upgrade_request("/hub?id=" + second));
    CHECK(late.expect(404).body == "No Connection with that ID");
}

TEST_CASE("Who is refused does not use up the token", "[session]") {
    SessionFixture f;
    Client client(f);
    const auto target = "/hub?id=" + token_of(negotiate(client));
    client.send(upgrade_request(target + "&access_token=bad"));
    client.expect(401);
    client.upgrade(target);
}

TEST_CASE("A client that vanishes before the upgrade gives its token back", "[session]") {
    SessionFixture f;
    Client client(f);
    const auto token = token_of(negotiate(client));
    f.record.late = true;
    client.send(upgrade_request("/hub?id=" + token));
    CHECK(f.tokens.find(token, f.loop.now_ns()) == ConnectionTokens::State::in_use);
    client.vanish();
    f.record.waiting.front()(std::make_unique<TestHandler>(f.record));
    f.loop.run();
    CHECK(f.tokens.find(token, f.loop.now_ns()) == ConnectionTokens::State::unknown);
    CHECK(f.record.calls.empty());
}

TEST_CASE("Requests that only other transports make get the reference's texts", "[session]") {
    SessionFixture f;
    Client socket(f);
    const auto used = token_of(negotiate(socket));
    socket.upgrade("/hub?id=" + used);
    Client client(f);
    const auto fresh = token_of(negotiate(client));
    struct Row {
        std::string method;
        std::string query;
        std::string accept;
        int status;
        std::string body;
    };
    for (const auto& row : std::vector<Row>{
             {"GET", "", "*/*", 400, "Connection ID required"},
             {"GET", "", "text/event-stream", 400, "Connection ID required"},
             {"POST", "", "*/*", 400, "Connection ID required"},
             {"DELETE", "", "*/*", 400, "Connection ID required"},
             {"GET", "?id=nobody", "*/*", 404, "No Connection with that ID"},
             {"POST", "?id=nobody", "*/*", 404, "No Connection with that ID"},
             {"DELETE", "?id=nobody", "*/*", 404, "No Connection with that ID"},
             {"GET", "?id=" + fresh, "text/event-stream", 404,
              "ServerSentEvents transport not supported by this end point type"},
             {"GET", "?id=" + fresh, "*/*", 404,
              "LongPolling transport not supported by this end point type"},
             {"POST", "?id=" + fresh, "text/event-stream", 404,
              "LongPolling transport not supported by this end point type"},
             {"POST", "?id=" + used, "*/*", 405,
              "POST requests are not allowed for WebSocket connections."},
             {"DELETE", "?id=" + used, "*/*", 400,
              "Cannot terminate this connection using the DELETE endpoint."},
             {"PUT", "?id=" + fresh, "*/*", 405, ""},
         }) {
        CAPTURE(row.method, row.query, row.accept);
        client.send(row.method + " /hub" + row.query + " HTTP/1.1\r\nHost: h\r\nAccept: " +
                    row.accept + "\r\nContent-Length: 0\r\n\r\n");
        const auto answer = client.expect(row.status);
        CHECK(answer.body == row.body);
        CHECK(answer.has("Content-Type: text/plain"));
    }
}

TEST_CASE("A hundred thousand negotiated tokens may wait, and connected ones do not count",
          "[session]") {
    SeededRandom random(1);
    ConnectionTokens tokens(random);
    std::string first;
    for (std::size_t i = 0; i < kNegotiatedMax; ++i) {
        const auto made = tokens.make(true, 0);
        REQUIRE_FALSE(made.token.empty());
        first = made.token;
    }
    CHECK(tokens.make(true, 0).token.empty());
    std::string id;
    REQUIRE(tokens.claim(first, 0, id) == ConnectionTokens::Claim::ok);
    CHECK_FALSE(tokens.make(true, 0).token.empty());
    CHECK(tokens.make(true, 0).token.empty());
    tokens.forget(first);
    CHECK(tokens.make(true, 0).token.empty());
    // Those that nobody came for make room.
    CHECK(tokens.make(true, kNegotiatedUnusedNs - 1).token.empty());
    CHECK_FALSE(tokens.make(true, kNegotiatedUnusedNs + kSecondNs).token.empty());
}

TEST_CASE("A full token table is 503 with Retry-After", "[session]") {
    SessionFixture f;
    for (std::size_t i = 0; i < kNegotiatedMax; ++i) {
        f.tokens.make(true, f.loop.now_ns());
    }
    Client client(f);
    client.send(post("/hub/negotiate"));
    const auto answer = client.expect(503);
    CHECK(answer.has("Retry-After: 1"));
    CHECK(answer.body.find("too-many-negotiations") != std::string::npos);
}

TEST_CASE("The longest prefix serves a path, and an exact one before it", "[session]") {
    TestPages exact;
    TestPages shorter;
    TestPages longer;
    Router router;
    router.add("/a/b", exact);
    router.add_prefix("/a/", shorter);
    router.add_prefix("/a/b/", longer);
    CHECK(router.find("/a/b") == &exact);
    CHECK(router.find("/a/b/c") == &longer);
    CHECK(router.find("/a/c") == &shorter);
    CHECK(router.find("/b") == nullptr);
    CHECK(router.find_negotiate("/negotiate") == nullptr);
}

}  // namespace hubtrail::transport
