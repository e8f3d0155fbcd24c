#include "transport/websocket_handshake.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/ascii.h"
#include "base/crypto.h"

namespace hubtrail::transport {
namespace {

constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
constexpr std::size_t kKeyBytes = 16;

bool list_has(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        if (equal_ignoring_case(trim(take_until(list, ',')), token)) {
            return true;
        }
    }
    return false;
}

bool any_header_has(const HttpRequest& request, std::string_view name, std::string_view token) {
    return std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& header) {
        return header.first == name && list_has(header.second, token);
    });
}

bool repeated(const HttpRequest& request, std::string_view name) {
    return std::count_if(request.headers.begin(), request.headers.end(),
                         [&](const auto& header) { return header.first == name; }) > 1;
}

bool is_good_key(std::string_view key) {
    const auto bytes = base64_decode(key);
    return bytes.has_value() && bytes->size() == kKeyBytes;
}

WebSocketHandshake refuse(int status, std::string_view code, std::string_view text) {
    WebSocketHandshake result;
    result.outcome = WebSocketHandshake::Outcome::refused;
    result.response = make_problem(status, code, text);
    return result;
}

WebSocketHandshake refuse(std::string_view text) {
    return refuse(400, "bad-websocket-handshake", text);
}

}  // namespace

WebSocketHandshake check_websocket_handshake(const HttpRequest& request) {
    if (!any_header_has(request, "upgrade", "websocket")) {
        return {};
    }
    for (const std::string_view name :
         {"upgrade", "connection", "sec-websocket-version", "sec-websocket-key"}) {
        if (repeated(request, name)) {
            return refuse("a header of the WebSocket handshake appears twice");
        }
    }
    if (request.method != "GET") {
        return refuse("a WebSocket handshake must be a GET");
    }
    if (request.http_minor != 1) {
        return refuse("a WebSocket handshake needs HTTP/1.1");
    }
    if (!request.body.empty()) {
        return refuse("a WebSocket handshake has no body");
    }
    if (!any_header_has(request, "connection", "upgrade")) {
        return refuse("Connection must list upgrade");
    }
    if (request.header("sec-websocket-version") != "13") {
        auto result = refuse(426, "websocket-version", "only WebSocket version 13 is spoken here");
        result.response.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
        return result;
    }
    const auto key = request.header("sec-websocket-key");
    if (!key.has_value() || !is_good_key(*key)) {
        return refuse("Sec-WebSocket-Key must be the base64 of 16 bytes");
    }
    WebSocketHandshake result;
    result.outcome = WebSocketHandshake::Outcome::accepted;
    result.accept_value = base64_encode(sha1_for_websocket(std::string(*key).append(kAcceptGuid)));
    return result;
}

}  // namespace hubtrail::transport
