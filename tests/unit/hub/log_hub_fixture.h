#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/token_verifier.h"
#include "hub/log_hub.h"
#include "tests/support/catch.h"
#include "tests/unit/hub/log_fixture.h"

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
    HubScratch scratch;
    LogHubContext context{tails, verifier, *log, options, scratch};
    std::map<std::string, std::unique_ptr<transport::HubEndpoint>> hubs;
};

/// A client of a log hub, from the request to the end. `hub`: the last part of its path.
struct HubClient {
    HubClient(LogHubFixture& fixture, const std::string& hub, const std::string& token, Query query)
        : f(fixture), connection(f.scheduler, f.loop) {
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
            receive(R"({"protocol":"json","version":1}|)");
            taken = 1;
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
    /// `argument`: JSON, may be empty.
    void subscribe(const std::string& id, const std::string& argument) {
        receive(R"({"type":4,"invocationId":")" + id + R"(","target":"Subscribe","arguments":[)" +
                argument + "]}|");
    }
    /// What came since the last call.
    std::vector<protocol::JsonValue> messages() {
        std::vector<protocol::JsonValue> list;
        const auto records = connection.records();
        for (; taken < records.size(); ++taken) {
            auto parsed = protocol::JsonValue::parse(records[taken], {});
            REQUIRE(parsed);
            list.push_back(std::move(*parsed));
        }
        return list;
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
    transport::FakeConnection connection;
    std::unique_ptr<transport::ConnectionHandler> handler;
    std::optional<transport::HttpResponse> refusal;
    std::size_t taken = 0;
};

}  // namespace hubtrail::hub
