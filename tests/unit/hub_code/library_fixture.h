#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "hub/code/code_hub.h"
#include "hub/code/convert.h"
#include "hub/code/delay.h"
#include "hub/code/exceptions.h"
#include "hub/code/methods.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_connection.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {

/// What a coroutine of a test runs in. Thread: strand.
class TestScope final : public CallScope {
public:
    transport::Loop& loop() override { return fake_loop; }
    WorkerPool& workers() override { return pool; }
    bool may_continue() override { return true; }

    transport::FakeLoop fake_loop;
    WorkerPool pool{2};
    RootTasks tasks;
};

/// Keeps what was logged. Thread: strand.
class ListLog final : public Log {
public:
    void write(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
        std::string line(event);
        for (const auto& field : fields) {
            line += " " + std::string(field.key) + "=" + field.value;
        }
        lines.push_back(std::move(line));
    }
    std::vector<std::string> lines;
};

/// Tokens are the subject's name; `bad` is refused; claims `role` come after a slash. Thread:
/// strand.
class NameVerifier final : public auth::TokenVerifier {
public:
    Result<std::shared_ptr<const auth::Principal>, auth::TokenError> verify(
        std::string_view token) override {
        if (token == "bad") {
            return Failure{auth::TokenError{auth::TokenErrc::signature, "bad"}};
        }
        auto principal = std::make_shared<auth::Principal>();
        const auto slash = token.find('/');
        principal->subject = token.substr(0, slash);
        if (slash != std::string_view::npos) {
            principal->scopes.emplace(token.substr(slash + 1));
        }
        principal->expires_us = 1'777'881'600'000'000 + 10'000'000;
        return std::shared_ptr<const auth::Principal>(std::move(principal));
    }
};

/// One loop with one hub on it, and no network. Thread: strand.
template <typename H>
struct HubWorld {
    struct Peer {
        explicit Peer(HubWorld& in) : world(in), connection(in.scheduler, in.loop) {}
        ~Peer() { leave(); }
        Peer(const Peer&) = delete;
        Peer& operator=(const Peer&) = delete;

        void leave(transport::CloseReason reason = transport::CloseReason::lost) {
            if (handler) {
                handler->on_close(reason);
                handler.reset();
                connection.handler = nullptr;
            }
            world.loop.run();
        }
        /// `|` stands for the record separator.
        void receive(std::string text) {
            std::replace(text.begin(), text.end(), '|', '\x1e');
            handler->on_bytes(text);
            world.loop.run();
        }
        std::string call(const std::string& target, const std::string& arguments = "",
                         const std::string& id = "1") {
            receive(R"({"type":1,"target":")" + target + R"(","arguments":[)" + arguments +
                    R"(],"invocationId":")" + id + "\"}|");
            return sent();
        }
        std::string stream(const std::string& target, const std::string& arguments = "",
                           const std::string& id = "1") {
            receive(R"({"type":4,"target":")" + target + R"(","arguments":[)" + arguments +
                    R"(],"invocationId":")" + id + "\"}|");
            return sent();
        }
        /// What was sent since the last call; `|` stands for the record separator.
        std::string sent() {
            world.loop.run();
            const auto all = connection.payload();
            auto text = all.substr(std::min(taken, all.size()));
            taken = all.size();
            std::replace(text.begin(), text.end(), '\x1e', '|');
            return text;
        }

        HubWorld& world;
        transport::FakeConnection connection;
        std::unique_ptr<transport::ConnectionHandler> handler;
        std::string refused;  ///< status of the refusal
        std::size_t taken = 0;
    };

    HubWorld() {
        definition.name = type_name(typeid(H));
        definition.create = [] { return std::make_unique<H>(); };
        definition.user_id = default_user_id;
        Methods<H> methods(definition);
        H::methods(methods);
        manager = make_hub_manager("test", {&scheduler}, nullptr, random, log);
        messenger = std::make_unique<Messenger>(*manager, definition.options.protocols);
        route.path = "/hub";
    }
    ~HubWorld() { hub_loop.tasks().destroy_all(); }

    /// A client that has shaken hands. `token`: see NameVerifier. Version 2 is for stateful
    /// reconnect.
    std::unique_ptr<Peer> connect(const std::string& id, const std::string& token = "",
                                  const std::string& protocol = "json", int version = 1) {
        if (!endpoint) {
            definition.seal();
            endpoint = make_code_hub(route, definition, *messenger, hub_loop, &verifier);
        }
        auto peer = std::make_unique<Peer>(*this);
        transport::HttpRequest request;
        request.path = "/hub";
        request.query = {{"Room", "one"}};
        request.headers = {{"user-agent", "test"}, {"cookie", "a=1; b=2"}};
        request.token = token;
        endpoint->open(std::move(request), id, [&](transport::OpenResult result) {
            if (auto* response = std::get_if<transport::HttpResponse>(&result)) {
                peer->refused = std::to_string(response->status);
                return;
            }
            peer->handler = std::move(std::get<1>(result));
        });
        if (peer->handler) {
            peer->connection.handler = peer->handler.get();
            peer->connection.can_resume = version == 2;
            peer->handler->on_open(peer->connection);
            peer->receive(R"({"protocol":")" + protocol + R"(","version":)" +
                          std::to_string(version) + "}|");
            if (peer->sent().rfind("{}|", 0) != 0) {
                throw std::runtime_error("no handshake");
            }
            peer->taken = 0;
            auto all = peer->sent();
            peer->taken = 3;
        }
        return peer;
    }

    transport::FakeLoop loop;
    transport::OutputScheduler scheduler{loop};
    WorkerPool workers{2};
    FakeClock clock;
    ListLog log;
    SeededRandom random{7};
    NameVerifier verifier;
    HubDefinition definition;
    HubRouteOptions route;
    std::unique_ptr<HubManager> manager;
    std::unique_ptr<Messenger> messenger;
    HubLoop hub_loop{loop, workers, clock, log};
    std::unique_ptr<transport::HubEndpoint> endpoint;
};

inline std::string result(const std::string& value, const std::string& id = "1") {
    return R"({"type":3,"invocationId":")" + id + R"(","result":)" + value + "}|";
}
inline std::string failed(const std::string& error, const std::string& id = "1") {
    return R"({"type":3,"invocationId":")" + id + R"(","error":")" + error + "\"}|";
}
inline std::string item(const std::string& value, const std::string& id = "1") {
    return R"({"type":2,"invocationId":")" + id + R"(","item":)" + value + "}|";
}
inline std::string ended(const std::string& id = "1") {
    return R"({"type":3,"invocationId":")" + id + "\"}|";
}

}  // namespace hubtrail::hub
