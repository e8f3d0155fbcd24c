#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/token_verifier.h"
#include "hub/log/log_hub.h"
#include "protocol/json.h"
#include "protocol/json_bridge.h"
#include "tests/support/catch.h"
#include "tests/support/fake_connection.h"
#include "tests/unit/hub_log/log_fixture.h"

namespace hubtrail::hub {

/// Knows tokens by their text. Thread: strand.
class FakeVerifier final : public auth::TokenVerifier {
public:
    Result<std::shared_ptr<const auth::Principal>, auth::TokenError> verify(
        std::string_view token) override {
        const auto found = principals.find(token);
        if (found == principals.end()) {
            return Failure{auth::TokenError{auth::TokenErrc::signature, "not known to the test"}};
        }
        return found->second;
    }

    void add(const std::string& token, const std::string& scope,
             std::map<std::string, auth::SiteRole, std::less<>> sites) {
        auth::Principal principal;
        principal.tenant = "t";
        principal.subject = "me";
        principal.scopes = {scope};
        principal.sites = std::move(sites);
        principals[token] = std::make_shared<const auth::Principal>(std::move(principal));
    }

    std::map<std::string, std::shared_ptr<const auth::Principal>, std::less<>> principals;
};

using Query = std::vector<std::pair<std::string, std::string>>;

/// The three hubs over a log in memory, and the tokens
/// `admin`, `super`, `user` with that role on site `a`, `all` (admin everywhere), `none` (no role),
/// each with the SALTO scope; `reader` (events.read, admin everywhere) and `other` (another scope).
struct LogHubFixture : LogFixture {
    LogHubFixture() {
        const std::string salto = "user_api.full_access";
        verifier.add("admin", salto, {{"a", auth::SiteRole::admin}});
        verifier.add("super", salto, {{"a", auth::SiteRole::super_user}});
        verifier.add("user", salto, {{"a", auth::SiteRole::user}});
        verifier.add("all", salto, {{"*", auth::SiteRole::admin}});
        verifier.add("none", salto, {});
        verifier.add("reader", "events.read", {{"*", auth::SiteRole::admin}});
        verifier.add("other", "events.write", {{"*", auth::SiteRole::admin}});
        for (auto& config : default_log_hubs()) {
            auto path = config.path;
            hubs[path] = make_log_hub(std::move(config), context);
        }
    }

    static transport::HttpRequest request(const std::string& token, Query query) {
        transport::HttpRequest made;
        made.method = "GET";
        made.token = token;
        made.query = std::move(query);
        return made;
    }
    transport::HubEndpoint& hub(const std::string& name) { return *hubs.at("/v1/hub/" + name); }

    FakeVerifier verifier;
    HubOptions options;
    transport::EndpointOptions endpoint_options;
    HubScratch scratch;
    FakeClock clock;
    LogHubContext context{tails, output, verifier, *log, scratch, clock};
    std::map<std::string, std::unique_ptr<transport::HubEndpoint>> hubs;
};

/// What a client speaks.
struct Wire {
    transport::TransportKind kind = transport::TransportKind::web_sockets;
    const protocol::HubProtocol* protocol = &protocol::json_hub_protocol();
    bool stateful = false;
};

/// Every way to speak to a hub: text alone over Server-Sent Events.
inline std::vector<Wire> all_wires() {
    using Kind = transport::TransportKind;
    const auto* json = &protocol::json_hub_protocol();
    const auto* messagepack = &protocol::messagepack_hub_protocol();
    return {{Kind::web_sockets, json, false},
            {Kind::web_sockets, messagepack, false},
            {Kind::server_sent_events, json, false},
            {Kind::long_polling, json, false},
            {Kind::long_polling, messagepack, false}};
}

/// One message as JSON, whatever it was sent in.
inline protocol::JsonValue show(const protocol::HubMessage& message,
                                const protocol::HubProtocol& protocol) {
    const auto raw = [&](std::string_view value) {
        const auto json = protocol::to_json(protocol, value);
        REQUIRE(json);
        return *json;
    };
    std::string text = "{\"type\":" + std::to_string(static_cast<int>(message.type));
    if (!message.invocation_id.empty()) {
        text += ",\"invocationId\":\"" + message.invocation_id + "\"";
    }
    if (!message.target.empty()) {
        text += ",\"target\":\"" + message.target + "\",\"arguments\":[";
        for (std::size_t i = 0; i < message.arguments.size(); ++i) {
            text += (i == 0 ? "" : ",") + raw(message.arguments[i]);
        }
        text += "]";
    }
    if (!message.value.empty()) {
        text +=
            (message.type == protocol::MessageType::stream_item ? ",\"item\":" : ",\"result\":") +
            raw(message.value);
    }
    if (message.has_error) {
        text += ",\"error\":";
        protocol::append_json_string(text, message.error);
    }
    text += "}";
    auto parsed = protocol::JsonValue::parse(text, {});
    REQUIRE(parsed);
    return std::move(*parsed);
}

/// The messages in what a peer was sent, as JSON. `taken`: bytes that were looked at before.
inline std::vector<protocol::JsonValue> show_all(const std::string& payload, std::size_t& taken,
                                                 const protocol::HubProtocol& protocol) {
    std::vector<protocol::JsonValue> list;
    const auto splitter = protocol.make_splitter(0);
    splitter->feed(std::string_view(payload).substr(taken));
    taken = payload.size();
    while (true) {
        const auto record = splitter->next();
        REQUIRE(record);
        if (!record->has_value()) {
            REQUIRE_FALSE(splitter->has_partial_record());
            return list;
        }
        protocol::HubMessage message;
        REQUIRE(protocol.parse(**record, message));
        list.push_back(show(message, protocol));
    }
}

/// A client of a log hub, from the request to the end. `hub`: the last part of its path.
struct HubClient {
    HubClient(LogHubFixture& fixture, const std::string& hub, const std::string& token, Query query,
              Wire wire = {})
        : f(fixture), protocol(*wire.protocol), connection(f.scheduler, f.loop) {
        connection.kind = wire.kind;
        connection.can_resume = wire.stateful;
        f.hub(hub).open(
            f.request(token, std::move(query)), "id", [this](transport::OpenResult result) {
                if (auto* response = std::get_if<transport::HttpResponse>(&result)) {
                    refusal = std::move(*response);
                    return;
                }
                handler =
                    std::move(std::get<std::unique_ptr<transport::ConnectionHandler>>(result));
                connection.handler = handler.get();
                handler->on_open(connection);
            });
        f.settle();
        if (handler) {
            receive(R"({"protocol":")" + std::string(protocol.name()) + R"(","version":2}|)");
            REQUIRE(connection.payload().substr(0, 3) == "{}\x1e");
            taken = 3;
        }
    }
    ~HubClient() {
        if (handler) {
            handler->on_close(transport::CloseReason::peer_closed);
        }
    }
    HubClient(const HubClient&) = delete;
    HubClient& operator=(const HubClient&) = delete;

    void receive_only(std::string text) {
        for (auto& c : text) {
            c = c == '|' ? '\x1e' : c;
        }
        handler->on_bytes(text);
    }
    void receive(std::string text) {
        receive_only(std::move(text));
        f.settle();
    }
    void call(protocol::MessageType type, const std::string& id, const std::string& target,
              const std::string& argument) {
        std::string raw;
        if (!argument.empty()) {
            REQUIRE(protocol::write_json(*protocol.make_writer(raw), argument));
        }
        std::string record;
        protocol.append_invocation(record, type, id, target, raw, argument.empty() ? 0 : 1);
        handler->on_bytes(record);
        f.settle();
    }
    /// `argument`: JSON, may be empty.
    void subscribe(const std::string& id, const std::string& argument) {
        if (protocol.binary()) {
            call(protocol::MessageType::stream_invocation, id, "Subscribe", argument);
        } else {
            receive(R"({"type":4,"invocationId":")" + id +
                    R"(","target":"Subscribe","arguments":[)" + argument + "]}|");
        }
    }
    /// What came since the last call.
    std::vector<protocol::JsonValue> messages() {
        return show_all(connection.payload(), taken, protocol);
    }
    /// Positions of the pushed events since the last call. Anything else fails the test.
    std::vector<std::int64_t> pushed() {
        std::vector<std::int64_t> list;
        for (const auto& message : messages()) {
            REQUIRE(message.find("target"));
            CHECK(message.find("target")->string() == "ReceiveMessage");
            REQUIRE(message.find("arguments")->size() == 1);
            const auto event =
                protocol::JsonValue::parse(message.find("arguments")->at(0).string(), {});
            REQUIRE(event);
            list.push_back(event->find("pos")->integer());
        }
        return list;
    }

    LogHubFixture& f;
    const protocol::HubProtocol& protocol;
    transport::FakeConnection connection;
    std::unique_ptr<transport::ConnectionHandler> handler;
    std::optional<transport::HttpResponse> refusal;
    std::size_t taken = 0;
};

}  // namespace hubtrail::hub
