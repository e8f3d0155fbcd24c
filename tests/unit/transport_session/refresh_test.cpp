// Authentication refresh (docs/protocol/transports.md) as the session layer has it: paths,
// statuses, texts.
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport_session/negotiated.h"
#include "transport/frame_header.h"

namespace hubtrail::transport {
namespace {

using List = std::vector<std::string>;

const std::string kAnna = "Authorization: Bearer anna\r\n";

void enable(SessionFixture& f) {
    f.hub.hub_options.enable_authentication_refresh = true;
    f.routes.add_hub("/hub", f.hub, "the hub at /hub");
}

std::string error(const std::string& name) {
    return R"({"error":")" + name + "\"}";
}

/// A WebSocket on a hub where it is enabled.
struct Refreshing : SessionFixture {
    Refreshing() {
        enable(*this);
        token = negotiated(page);
        client.upgrade("/hub?id=" + token);
        target = "/hub/refresh?id=" + token;
    }
    std::string token;
    std::string target;
    Client page{*this};
    Client client{*this};
};

}  // namespace

TEST_CASE("A hub has no refresh unless it is enabled", "[session][refresh]") {
    SessionFixture f;
    Client client(f);
    CHECK(client.ask(200, "POST", "/hub/refresh", kAnna).body == "POST /hub/refresh ");
    enable(f);
    CHECK(client.ask(400, "POST", "/hub/refresh", kAnna).body == error("missing_connection_token"));
    CHECK(client.ask(400, "POST", "/HUB/Refresh/", kAnna).body ==
          error("missing_connection_token"));
    CHECK(client.ask(200, "POST", "/other-hub/refresh").body == "POST /other-hub/refresh ");
}

TEST_CASE("A refresh tells the handler and says how long the token lasts", "[session][refresh]") {
    Refreshing f;
    struct Row {
        std::int64_t left_us;
        std::string body;
    };
    for (const auto& row : std::vector<Row>{{3600'000'000, R"({"tokenLifetimeSeconds":3600})"},
                                            {3600'000'000 - 1, R"({"tokenLifetimeSeconds":3599})"},
                                            {999'999, R"({"tokenLifetimeSeconds":0})"},
                                            {-1'000'000, R"({"tokenLifetimeSeconds":0})"}}) {
        CAPTURE(row.left_us);
        f.hub.tokens_end_us = f.clock.wall_us() + row.left_us;
        const auto answer = f.page.ask(200, "POST", f.target, kAnna, "whatever");
        CHECK(answer.body == row.body);
        CHECK(answer.has("Content-Type: application/json"));
        CHECK(answer.has("Cache-Control: no-store"));
    }
    f.hub.tokens_end_us = 0;
    CHECK(f.page.ask(200, "POST", f.target + "&access_token=berta").body == "{}");
    CHECK(f.record.users ==
          List{"refresh anna", "refresh anna", "refresh anna", "refresh anna", "refresh berta"});
    CHECK(f.record.calls == List{"open"});
}

TEST_CASE("A refresh is refused with the reason", "[session][refresh]") {
    Refreshing f;
    struct Row {
        int status;
        std::string method;
        std::string target;
        std::string headers;
        std::string body;
    };
    const auto waiting = negotiated(f.page);
    for (const auto& row : std::vector<Row>{
             {405, "GET", f.target, kAnna, ""},
             {405, "DELETE", f.target, kAnna, ""},
             {401, "POST", f.target, "Authorization: Bearer bad\r\n", ""},
             {400, "POST", "/hub/refresh", kAnna, error("missing_connection_token")},
             {400, "POST", "/hub/refresh?id=", kAnna, error("missing_connection_token")},
             {404, "POST", "/hub/refresh?id=x", kAnna, error("connection_not_found")},
             {404, "POST", f.target + "&id=" + f.token, kAnna, error("connection_not_found")},
             {404, "POST", "/hub/refresh?id=" + waiting, kAnna, error("connection_not_found")},
             {401, "POST", f.target, "", error("invalid_token")}}) {
        CAPTURE(row.method, row.target, row.headers);
        const auto answer = f.page.ask(row.status, row.method, row.target, row.headers);
        if (row.headers.find("bad") == std::string::npos) {
            CHECK(answer.body == row.body);
        }
    }
    CHECK(f.page.ask(401, "POST", f.target).has("WWW-Authenticate: Bearer"));
    CHECK(f.record.users.empty());
    f.record.user_outcome = UserOutcome::refused;
    CHECK(f.page.ask(403, "POST", f.target, kAnna).body == error("permission_change_rejected"));
    f.record.user_outcome = UserOutcome::gone;
    CHECK(f.page.ask(404, "POST", f.target, kAnna).body == error("connection_not_found"));
    CHECK(f.record.calls == List{"open"});
}

TEST_CASE("A connection of version 0 cannot be refreshed, as its id is no secret",
          "[session][refresh]") {
    SessionFixture f;
    enable(f);
    Client page(f);
    const auto body = page.ask(200, "POST", "/hub/negotiate").body;
    const auto id = protocol::JsonValue::parse(body, {})->find("connectionId")->string();
    Client client(f);
    client.upgrade("/hub?id=" + id);
    CHECK(page.ask(400, "POST", "/hub/refresh?id=" + id, kAnna).body ==
          error("unsupported_negotiate_version"));
    CHECK(f.record.users.empty());
}

TEST_CASE("Negotiate tells the lifetime from version 1 on, where refresh is enabled",
          "[session][refresh]") {
    SessionFixture f;
    f.hub.tokens_end_us = f.clock.wall_us() + 60'000'000;
    Client client(f);
    const auto told = [&](const std::string& query, const std::string& headers) {
        return client.ask(200, "POST", "/hub/negotiate" + query, headers)
                   .body.find(R"(,"tokenLifetimeSeconds":60,"availableTransports")") !=
               std::string::npos;
    };
    CHECK_FALSE(told("?negotiateVersion=1", kAnna));
    enable(f);
    CHECK(told("?negotiateVersion=1", kAnna));
    CHECK_FALSE(told("", kAnna));
    CHECK_FALSE(told("?negotiateVersion=1", ""));
    f.hub.tokens_end_us = 0;
    CHECK_FALSE(told("?negotiateVersion=1", kAnna));
}

TEST_CASE("A connection is refreshed on every transport until it ends", "[session][refresh]") {
    SessionFixture f;
    enable(f);
    Client page(f);
    Client client(f);
    const auto token = negotiated(page);
    const auto refresh = [&](int status) {
        page.ask(status, "POST", "/hub/refresh?id=" + token, kAnna);
    };
    SECTION("WebSockets") {
        client.upgrade("/hub?id=" + token);
        refresh(200);
        client.end();
        refresh(404);
    }
    SECTION("Server-Sent Events") {
        client.send("GET /hub?id=" + token + " HTTP/1.1\r\nHost: h\r\n" + kEventStream + "\r\n");
        refresh(200);
        client.end();
        refresh(404);
    }
    SECTION("Long polling") {
        client.ask(200, "GET", "/hub?id=" + token);
        refresh(200);
        page.ask(202, "DELETE", "/hub?id=" + token);
        refresh(404);
    }
    CHECK(f.record.users == List{"refresh anna"});
}

TEST_CASE("A server ends with WebSockets that requests can name", "[session][refresh]") {
    Refreshing f;
    f.client.wait(5 * kSecondNs);
    CHECK(f.record.ticks >= 4);
    f.server->drain(0);
    f.client.send(close_frame(1001));
    CHECK(f.record.calls == List{"open", "shutdown", "close we_closed"});
    CHECK(f.page.ask(404, "POST", f.target, kAnna).body == error("connection_not_found"));
}

TEST_CASE("A server that is taken down ends WebSockets that requests can name",
          "[session][refresh]") {
    Refreshing f;
    f.server.reset();
    CHECK(f.record.calls == List{"open", "close we_closed"});
}

TEST_CASE("A refresh goes to the loop of its connection", "[session][refresh]") {
    SharedFixture shared;
    SessionFixture a{100, &shared};
    SessionFixture b{100, &shared};
    enable(a);
    enable(b);
    Client on_a(a);
    Client on_b(b);
    const auto token = negotiated(on_a);
    on_b.upgrade("/hub?id=" + token);
    on_a.ask(200, "POST", "/hub/refresh?id=" + token, kAnna);
    CHECK(b.record.users == List{"refresh anna"});
    CHECK(a.record.users.empty());
}

TEST_CASE("Every poll but the first shows its user, and may be refused", "[session][refresh]") {
    SessionFixture f;
    Client page(f);
    const auto target = negotiated_target(page);
    Client poll(f);
    poll.ask(200, "GET", target, kAnna);
    CHECK(f.record.users.empty());
    poll.send(get(target));
    Client other(f);
    f.record.user_outcome = UserOutcome::refused;
    CHECK(other.ask(403, "GET", target, "Authorization: Bearer berta\r\n").body ==
          error("permission_change_rejected"));
    CHECK(f.record.users == List{"poll nobody", "poll berta"});
    // The poll that is held is still that of the connection; a POST asks nobody.
    page.ask(200, "POST", target, "", "one");
    f.record.connection->send("data", 0);
    poll.settle();
    CHECK(poll.expect(200).body == "data");
    CHECK(f.record.users.size() == 2);
    // Who ends already still gets what is left.
    f.record.user_outcome = UserOutcome::gone;
    f.record.connection->send("last", 0);
    CHECK(poll.ask(200, "GET", target).body == "last");
}

TEST_CASE("A reconnect shows its user, and may be refused", "[session][refresh]") {
    SessionFixture f;
    f.hub.hub_options.allow_stateful_reconnects = true;
    f.record.on_open = [](Connection& connection) { connection.outbox().keep_history(1000); };
    f.record.on_resumed = [](Connection& connection) { connection.outbox().resend("first"); };
    Client page(f);
    const auto target = negotiated_target(page, "&useStatefulReconnect=true");
    Client client(f);
    client.upgrade(target);
    client.vanish();
    f.record.user_outcome = UserOutcome::refused;
    Client other(f);
    other.send(upgrade_request(target + "&access_token=berta"));
    CHECK(other.expect(403).body == error("permission_change_rejected"));
    f.record.user_outcome = UserOutcome::accepted;
    Client again(f);
    again.upgrade(target + "&access_token=anna");
    CHECK(f.record.users == List{"resume berta", "resume anna"});
    CHECK(f.record.calls == List{"open", "resumed"});
}

}  // namespace hubtrail::transport
