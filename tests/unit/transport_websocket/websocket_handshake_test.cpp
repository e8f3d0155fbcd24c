#include "transport/websocket_handshake.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::transport {
namespace {

using Outcome = WebSocketHandshake::Outcome;

HttpRequest upgrade_request() {
    HttpRequest request;
    request.method = "GET";
    request.path = "/v1/hub/entries";
    request.headers = {{"host", "x"},
                       {"upgrade", "websocket"},
                       {"connection", "Upgrade"},
                       {"sec-websocket-version", "13"},
                       {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    return request;
}

void set(HttpRequest& request, const std::string& name, const std::string& value) {
    for (auto& header : request.headers) {
        if (header.first == name) {
            header.second = value;
        }
    }
}

void remove(HttpRequest& request, const std::string& name) {
    for (auto it = request.headers.begin(); it != request.headers.end(); ++it) {
        if (it->first == name) {
            request.headers.erase(it);
            return;
        }
    }
}

struct Row {
    std::string header;
    std::string value;
    Outcome outcome;
    int status;
};

}  // namespace

TEST_CASE("The example of RFC 6455 is accepted with its value", "[websocket]") {
    const auto result = check_websocket_handshake(upgrade_request());
    CHECK(result.outcome == Outcome::accepted);
    CHECK(result.accept_value == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("Each header of the handshake is read strictly", "[websocket]") {
    const auto accepted = Outcome::accepted;
    const auto refused = Outcome::refused;
    const auto ordinary = Outcome::not_upgrade;
    const std::vector<Row> rows{
        {"upgrade", "WebSocket", accepted, 0},
        {"upgrade", "h2c, websocket", accepted, 0},
        {"upgrade", " ,\twebsocket\t,", accepted, 0},
        {"upgrade", "xwebsockety", ordinary, 0},
        {"upgrade", "websocket/13", ordinary, 0},
        {"upgrade", "web socket", ordinary, 0},
        {"upgrade", "websocket;", ordinary, 0},
        {"upgrade", "h2c", ordinary, 0},
        {"upgrade", "", ordinary, 0},
        {"connection", "upgrade", accepted, 0},
        {"connection", "keep-alive, Upgrade", accepted, 0},
        {"connection", "notupgradeX", refused, 400},
        {"connection", "keep-alive", refused, 400},
        {"connection", "", refused, 400},
        {"sec-websocket-version", "8", refused, 426},
        {"sec-websocket-version", "0", refused, 426},
        {"sec-websocket-version", "130", refused, 426},
        {"sec-websocket-version", "013", refused, 426},
        {"sec-websocket-version", "13, 8", refused, 426},
        {"sec-websocket-version", "13x", refused, 426},
        {"sec-websocket-version", "", refused, 426},
        {"sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==", accepted, 0},
        {"sec-websocket-key", "x", refused, 400},
        {"sec-websocket-key", "", refused, 400},
        {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ", refused, 400},
        {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=", refused, 400},
        {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZR==", refused, 400},  // spare bits set
        {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ== ", refused, 400},
        {"sec-websocket-key", "dGhlIHNhbXBsZSBub25j", refused, 400},      // 15 bytes
        {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZWE=", refused, 400},  // 17 bytes
        {"sec-websocket-key", "dGhlIHNhbXBs_SBub25jZQ==", refused, 400},
        {"sec-websocket-key", "dGhl IHNhbXBsZSBub25jZQ=", refused, 400},
    };
    for (const auto& [header, value, outcome, status] : rows) {
        CAPTURE(header, value);
        auto request = upgrade_request();
        set(request, header, value);
        const auto result = check_websocket_handshake(request);
        CHECK(result.outcome == outcome);
        if (outcome == refused) {
            CHECK(result.response.status == status);
        }
        CHECK(result.accept_value.empty() == (outcome != accepted));
    }
}

TEST_CASE("A missing header of the handshake is refused, and without Upgrade there is none",
          "[websocket]") {
    const auto status_without = [](const std::string& name) {
        auto request = upgrade_request();
        remove(request, name);
        const auto result = check_websocket_handshake(request);
        return result.outcome == Outcome::refused ? result.response.status : 0;
    };
    CHECK(status_without("connection") == 400);
    CHECK(status_without("sec-websocket-key") == 400);
    CHECK(status_without("sec-websocket-version") == 426);
    auto request = upgrade_request();
    remove(request, "upgrade");
    CHECK(check_websocket_handshake(request).outcome == Outcome::not_upgrade);
}

TEST_CASE("A header of the handshake that comes twice is refused, even if equal", "[websocket]") {
    for (const std::string name :
         {"upgrade", "connection", "sec-websocket-version", "sec-websocket-key"}) {
        CAPTURE(name);
        auto request = upgrade_request();
        request.headers.emplace_back(name, std::string(*request.header(name)));
        const auto result = check_websocket_handshake(request);
        CHECK(result.outcome == Outcome::refused);
        CHECK(result.response.status == 400);
    }
}

TEST_CASE("Another version is told which one is spoken", "[websocket]") {
    auto request = upgrade_request();
    set(request, "sec-websocket-version", "8");
    const auto response = check_websocket_handshake(request).response;
    CHECK(response.status == 426);
    using Header = std::pair<std::string, std::string>;
    CHECK(response.headers ==
          std::vector<Header>{{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}});
}

TEST_CASE("Only a GET of HTTP/1.1 without body upgrades", "[websocket]") {
    for (const int fault : {0, 1, 2, 3}) {
        CAPTURE(fault);
        auto request = upgrade_request();
        switch (fault) {
            case 0:
                request.method = "POST";
                break;
            case 1:
                request.method = "get";
                break;
            case 2:
                request.http_minor = 0;
                break;
            default:
                request.body = "x";
                break;
        }
        const auto result = check_websocket_handshake(request);
        CHECK(result.outcome == Outcome::refused);
        CHECK(result.response.status == 400);
    }
}

// The draft handshakes of the years before the standard.
TEST_CASE("An old handshake is refused", "[websocket]") {
    auto request = upgrade_request();
    remove(request, "sec-websocket-version");
    remove(request, "sec-websocket-key");
    request.headers.emplace_back("sec-websocket-key1", "18x 6]8vM;54 *(5:  {   U1]8  z [  8");
    request.headers.emplace_back("sec-websocket-key2", "1_ tx7X d  <  nw  334J702) 7]o}` 0");
    CHECK(check_websocket_handshake(request).outcome == Outcome::refused);
}

}  // namespace hubtrail::transport
