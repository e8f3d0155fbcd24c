#pragma once

#include <string>

#include "protocol/json.h"
#include "tests/unit/transport_session/session_fixture.h"

namespace hubtrail::transport {

inline const std::string kEventStream = "Accept: text/event-stream\r\n";

/// Negotiates over the client's connection; the token.
inline std::string negotiated(Client& client, const std::string& query = "") {
    const auto body = client.ask(200, "POST", "/hub/negotiate?negotiateVersion=1" + query).body;
    const auto parsed = protocol::JsonValue::parse(body, {});
    REQUIRE(parsed);
    REQUIRE(parsed->find("connectionToken"));
    return parsed->find("connectionToken")->string();
}

/// The hub's target for a new connection.
inline std::string negotiated_target(Client& client, const std::string& query = "") {
    return "/hub?id=" + negotiated(client, query);
}

/// Joins the chunks of a body that is still coming.
inline std::string unchunked(std::string_view body, bool* ended = nullptr) {
    std::string text;
    while (!body.empty()) {
        const auto line = body.find("\r\n");
        REQUIRE(line != std::string_view::npos);
        const auto size = std::stoul(std::string(body.substr(0, line)), nullptr, 16);
        body.remove_prefix(line + 2);
        REQUIRE(body.size() >= size + 2);
        REQUIRE(body.substr(size, 2) == "\r\n");
        text += body.substr(0, size);
        body.remove_prefix(size + 2);
        if (size == 0) {
            REQUIRE(body.empty());
            if (ended != nullptr) {
                *ended = true;
            }
        }
    }
    return text;
}

}  // namespace hubtrail::transport
