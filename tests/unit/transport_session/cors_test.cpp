#include "transport/session/cors.h"

#include <string>

#include "tests/unit/transport_session/negotiated.h"

namespace hubtrail::transport {
namespace {

const std::string kListed = "Origin: https://app.example\r\n";
const std::string kOther = "Origin: https://evil.example\r\n";
const std::string kPreflight = "Access-Control-Request-Method: POST\r\n";

struct CorsFixture : SessionFixture {
    CorsFixture() {
        hub.hub_options.allowed_origins = {"https://app.example", "http://localhost:3000"};
    }
    Client client{*this};
};

void check_allowed(const Answer& answer, const std::string& origin = "https://app.example") {
    CHECK(answer.has("Access-Control-Allow-Origin: " + origin + "\r\n"));
    CHECK(answer.has("Access-Control-Allow-Credentials: true"));
    CHECK(answer.has("Vary: Origin"));
}

std::string upgrade_from(const std::string& headers) {
    auto request = upgrade_request();
    return request.insert(request.size() - 2, headers);
}

}  // namespace

TEST_CASE("A preflight of a listed origin is granted what hubs need", "[session][cors]") {
    CorsFixture f;
    const auto target = std::string(GENERATE("/hub", "/hub/negotiate?negotiateVersion=1"));
    const auto answer = f.client.ask(
        204, "OPTIONS", target,
        kListed + kPreflight +
            "Access-Control-Request-Headers: x-requested-with, x-signalr-user-agent\r\n");
    check_allowed(answer);
    CHECK(answer.has("Access-Control-Allow-Methods: GET, POST, DELETE, OPTIONS"));
    CHECK(answer.has("Access-Control-Allow-Headers: x-requested-with, x-signalr-user-agent"));
    CHECK(answer.has("Access-Control-Max-Age: 7200"));
    CHECK(f.hub.checks == 0);
}

TEST_CASE("A preflight of any other origin is granted nothing", "[session][cors]") {
    CorsFixture f;
    const auto origin = std::string(
        GENERATE("https://evil.example", "https://app.example:444", "http://app.example",
                 "https://app.example.evil.example", "null", "HTTPS://app.example"));
    const auto answer =
        f.client.ask(204, "OPTIONS", "/hub", "Origin: " + origin + "\r\n" + kPreflight);
    CHECK_FALSE(answer.has("Access-Control"));
    CHECK(answer.has("Vary: Origin"));
}

TEST_CASE("Without a list there is no CORS at all", "[session][cors]") {
    SessionFixture f;
    Client client(f);
    CHECK_FALSE(client.ask(204, "OPTIONS", "/hub", kListed + kPreflight).has("Access-Control"));
    const auto answer = client.ask(200, "POST", "/hub/negotiate", kListed);
    CHECK_FALSE(answer.has("Access-Control"));
    CHECK_FALSE(answer.has("Vary"));
}

TEST_CASE("A list of header names that is no list, or too long, is not echoed", "[session][cors]") {
    CorsFixture f;
    const auto ask = [&](const std::string& names) {
        return f.client.ask(
            204, "OPTIONS", "/hub",
            kListed + kPreflight + "Access-Control-Request-Headers: " + names + "\r\n");
    };
    CHECK(ask(std::string(kCorsRequestHeadersBytesMax, 'a'))
              .has("Access-Control-Allow-Headers: aaa"));
    CHECK_FALSE(
        ask(std::string(kCorsRequestHeadersBytesMax + 1, 'a')).has("Access-Control-Allow-Headers"));
    CHECK_FALSE(ask("a: b").has("Access-Control-Allow-Headers"));
}

TEST_CASE("Answers to a listed origin say so, refusals and streams too", "[session][cors]") {
    CorsFixture f;
    check_allowed(f.client.ask(200, "POST", "/hub/negotiate", kListed));
    check_allowed(f.client.ask(401, "POST", "/hub/negotiate?access_token=bad", kListed));
    check_allowed(f.client.ask(404, "GET", "/hub?id=nobody", kListed));
    check_allowed(f.client.ask(405, "PUT", "/hub", kListed));
    check_allowed(f.client.ask(200, "POST", "/hub/negotiate", "Origin: http://localhost:3000\r\n"),
                  "http://localhost:3000");
    const auto polled = negotiated_target(f.client);
    check_allowed(f.client.ask(200, "GET", polled, kListed));
    const auto target = negotiated_target(f.client);
    check_allowed(f.client.ask(200, "GET", target, kListed + kEventStream));
}

TEST_CASE("Answers to others carry no rights of an earlier request on the same connection",
          "[session][cors]") {
    CorsFixture f;
    check_allowed(f.client.ask(200, "POST", "/hub/negotiate", kListed));
    CHECK_FALSE(f.client.ask(200, "POST", "/hub/negotiate", kOther).has("Access-Control"));
    CHECK_FALSE(f.client.ask(200, "POST", "/hub/negotiate").has("Access-Control"));
    CHECK_FALSE(f.client.ask(200, "GET", "/page", kListed).has("Access-Control"));
}

TEST_CASE("A WebSocket of a page comes from our host or a listed origin", "[session][cors]") {
    CorsFixture f;
    struct Row {
        std::string headers;
        int status;
    };
    const auto row = GENERATE(
        Row{"", 101}, Row{kListed, 101}, Row{"Origin: https://H\r\n", 101},
        Row{"Origin: http://h\r\n", 101}, Row{kOther, 403}, Row{"Origin: null\r\n", 403},
        Row{"Origin: https://h.evil.example\r\n", 403}, Row{"Origin: https://h:8443\r\n", 403});
    CAPTURE(row.headers);
    f.client.send(upgrade_from(row.headers));
    f.client.expect(row.status);
    CHECK(f.record.calls.empty() == (row.status == 403));
}

TEST_CASE("An application may be asked about origins that are not listed", "[session][cors]") {
    SessionFixture f;
    f.hub.hub_options.allow_origin = [](std::string_view origin) {
        return origin == "https://asked.example";
    };
    Client client(f);
    const std::string asked = "Origin: https://asked.example\r\n";
    check_allowed(client.ask(204, "OPTIONS", "/hub", asked + kPreflight), "https://asked.example");
    check_allowed(client.ask(200, "POST", "/hub/negotiate", asked), "https://asked.example");
    CHECK_FALSE(client.ask(200, "POST", "/hub/negotiate", kOther).has("Access-Control"));
    client.send(upgrade_from(kOther));
    client.expect(403);
    client.send(upgrade_from(asked));
    client.expect(101);
}

}  // namespace hubtrail::transport
