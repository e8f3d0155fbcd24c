#include <string>
#include <vector>

#include "protocol/json.h"
#include "tests/unit/transport_session/session_fixture.h"

namespace hubtrail::transport {
namespace {

const std::int64_t kUnusedNs = EndpointOptions().disconnect_timeout_ns;

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
            R"(","availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]},)"
            R"({"transport":"ServerSentEvents","transferFormats":["Text"]},)"
            R"({"transport":"LongPolling","transferFormats":["Text","Binary"]}]})");
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
    for (const auto* query :
         {"?negotiateVersion=x", "?negotiateVersion=", "?negotiateVersion=1&negotiateVersion=1"}) {
        CHECK(negotiate(client, query) ==
              R"({"error":"The client requested a non-integer protocol version."})");
    }
    CHECK(
        negotiate(client, "?negotiateVersion=-1") ==
        R"({"error":"The client requested version '-1', but the server does not support this version."})");
}

TEST_CASE("Negotiate below the hub's minimum version is refused", "[session]") {
    SessionFixture f;
    f.hub.hub_options.minimum_protocol_version = 1;
    Client client(f);
    CHECK(
        negotiate(client, "") ==
        R"({"error":"The client requested version '0', but the server does not support this version."})");
    CHECK(negotiate(client).find("connectionToken") != std::string::npos);
}

TEST_CASE("Negotiate lists the transports that are on, in the reference's order", "[session]") {
    SessionFixture f;
    f.hub.hub_options.web_sockets = false;
    Client client(f);
    const std::string events = R"({"transport":"ServerSentEvents","transferFormats":["Text"]})";
    const std::string polling =
        R"({"transport":"LongPolling","transferFormats":["Text","Binary"]})";
    CHECK(negotiate(client).find("\"availableTransports\":[" + events + "," + polling + "]}") !=
          std::string::npos);
    f.hub.hub_options.server_sent_events = false;
    CHECK(negotiate(client).find("\"availableTransports\":[" + polling + "]}") !=
          std::string::npos);
}

TEST_CASE("Negotiate may send the client elsewhere, after the check", "[session]") {
    SessionFixture f;
    f.hub.redirect_to = NegotiateRedirect{"https://other/hub", "secret"};
    Client client(f);
    CHECK(negotiate(client) == R"({"url":"https://other/hub","accessToken":"secret"})");
    f.hub.redirect_to->access_token.clear();
    CHECK(negotiate(client) == R"({"url":"https://other/hub"})");
    client.ask(401, "POST", "/hub/negotiate?access_token=bad");
}

TEST_CASE("An application may add headers to what negotiate answers", "[session]") {
    SessionFixture f;
    f.hub.hub_options.on_negotiate = [](const HttpRequest& request, HttpResponse& response) {
        response.headers.emplace_back("Set-Cookie", "node=" + request.method);
    };
    Client client(f);
    CHECK(client.ask(200, "POST", "/hub/negotiate").has("Set-Cookie: node=POST"));
    CHECK(client.ask(200, "POST", "/hub/negotiate?negotiateVersion=x").has("Set-Cookie"));
    CHECK_FALSE(client.ask(405, "GET", "/hub/negotiate").has("Set-Cookie"));
}

TEST_CASE("A transport that is off is refused by its name", "[session]") {
    SessionFixture f;
    f.hub.hub_options.web_sockets = false;
    Client client(f);
    const std::string text = "WebSockets transport not supported by this end point type";
    for (const auto& target : {std::string("/hub"), "/hub?id=" + token_of(negotiate(client))}) {
        client.send(upgrade_request(target));
        CHECK(client.expect(404).body == text);
    }
    CHECK(f.record.calls.empty());
}

TEST_CASE("An empty id is none", "[session]") {
    SessionFixture f;
    Client client(f);
    CHECK(client.ask(400, "GET", "/hub?id=").body == "Connection ID required");
    client.upgrade("/hub?id=");
    CHECK(f.record.calls == std::vector<std::string>{"open"});
}

TEST_CASE("Hub paths have no case", "[session]") {
    SessionFixture f;
    Client client(f);
    client.ask(200, "POST", "/Hub/NEGOTIATE");
    client.upgrade("/HUB");
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
    client.wait(kUnusedNs - 1);
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
    CHECK(f.tokens.find(token, f.routes.find_hub("/hub").hub, f.loop.now_ns()).state ==
          ConnectionTokens::State::in_use);
    client.vanish();
    f.record.waiting.front()(std::make_unique<TestHandler>(f.record));
    f.loop.run();
    CHECK(f.tokens.find(token, f.routes.find_hub("/hub").hub, f.loop.now_ns()).state ==
          ConnectionTokens::State::unknown);
    CHECK(f.record.calls.empty());
}

TEST_CASE("Requests of other transports get the reference's texts where only WebSockets are on",
          "[session]") {
    SessionFixture f;
    f.hub.hub_options.server_sent_events = false;
    f.hub.hub_options.long_polling = false;
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
             {"GET", "?id=" + fresh + "&id=" + fresh, "*/*", 404, "No Connection with that ID"},
             {"GET", "?id=" + fresh, "*/*, Text/Event-Stream ", 404,
              "ServerSentEvents transport not supported by this end point type"},
             {"GET", "?id=" + fresh, "text/event-stream;q=1", 404,
              "LongPolling transport not supported by this end point type"},
             {"GET", "/?id=" + fresh, "*/*", 404,
              "LongPolling transport not supported by this end point type"},
             {"GET", "?id=" + fresh, "text/event-stream", 404,
              "ServerSentEvents transport not supported by this end point type"},
             {"GET", "?id=" + fresh, "*/*", 404,
              "LongPolling transport not supported by this end point type"},
             {"POST", "?id=" + fresh, "text/event-stream", 404, "No Connection with that ID"},
             {"DELETE", "?id=" + fresh, "*/*", 400,
              "Cannot terminate this connection using the DELETE endpoint."},
             {"POST", "?id=" + used, "*/*", 405,
              "POST requests are not allowed for WebSocket connections."},
             {"DELETE", "?id=" + used, "*/*", 400,
              "Cannot terminate this connection using the DELETE endpoint."},
             {"GET", "?id=" + used, "*/*", 404,
              "LongPolling transport not supported by this end point type"},
             {"PUT", "?id=" + fresh, "*/*", 405, ""},
             {"OPTIONS", "?id=" + fresh, "*/*", 405, ""},
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
        const auto made = tokens.make({1, kUnusedNs, true, false}, 0);
        REQUIRE_FALSE(made.token.empty());
        first = made.token;
    }
    CHECK(tokens.make({1, kUnusedNs, true, false}, 0).token.empty());
    SessionFixture f;
    REQUIRE(tokens.claim(first, 1, TransportKind::long_polling, *f.server, 0).state ==
            ConnectionTokens::State::waiting);
    CHECK_FALSE(tokens.make({1, kUnusedNs, true, false}, 0).token.empty());
    CHECK(tokens.make({1, kUnusedNs, true, false}, 0).token.empty());
    tokens.forget(first);
    CHECK(tokens.make({1, kUnusedNs, true, false}, 0).token.empty());
    // Those that nobody came for make room.
    CHECK(tokens.make({1, kUnusedNs, true, false}, kUnusedNs - 1).token.empty());
    CHECK_FALSE(tokens.make({1, kUnusedNs, true, false}, kUnusedNs + kSecondNs).token.empty());
}

TEST_CASE("A full token table is 503 with Retry-After", "[session]") {
    SessionFixture f;
    for (std::size_t i = 0; i < kNegotiatedMax; ++i) {
        f.tokens.make({1, kUnusedNs, true, false}, f.loop.now_ns());
    }
    Client client(f);
    client.send(post("/hub/negotiate"));
    const auto answer = client.expect(503);
    CHECK(answer.has("Retry-After: 1"));
    CHECK(answer.body.find("too-many-negotiations") != std::string::npos);
}

TEST_CASE("A WebSocket for an unknown id is told so without a content type", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(upgrade_request("/hub?id=nobody"));
    const auto answer = client.expect(404);
    CHECK(answer.body == "No Connection with that ID");
    CHECK_FALSE(answer.has("Content-Type:"));
}

}  // namespace hubtrail::transport
