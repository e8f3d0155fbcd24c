#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub_connection.h"
#include "protocol/json_hub_protocol.h"
#include "tests/support/fake_connection.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;

/// A hub with a method of each kind; writes down what is called. Thread: strand.
class TestSession final : public HubSession {
public:
    explicit TestSession(std::vector<std::string>& calls) : calls_(calls) {}

    const HubMethod* find_method(std::string_view lower_name) const override {
        static constexpr std::array<HubMethod, 4> kMethods = {{
            {"echo", MethodKind::plain, 1, 2,
             [](HubSession& session, const HubCall& call) {
                 note(session, "echo " + std::string(call.message.arguments[0]));
                 call.connection.complete_result(call.id(), call.message.arguments[0]);
             }},
            {"later", MethodKind::async, 0, 0,
             [](HubSession& session, const HubCall& call) {
                 note(session, "later " + std::string(call.id()));
             }},
            {"now", MethodKind::async, 0, 0,
             [](HubSession& session, const HubCall& call) {
                 note(session, "now");
                 call.connection.finish_async(call.id(), "true");
             }},
            {"count", MethodKind::stream, 0, 1,
             [](HubSession& session, const HubCall& call) {
                 note(session, "count " + std::string(call.id()));
             }},
        }};
        for (const auto& method : kMethods) {
            if (method.name == lower_name) {
                return &method;
            }
        }
        return nullptr;
    }
    void on_connected(HubConnection&) override { calls_.emplace_back("connected"); }
    void on_cancel(std::string_view id) override { calls_.push_back("cancel " + std::string(id)); }
    void on_tick(std::int64_t) override {}
    void on_congested() override { calls_.emplace_back("congested"); }
    void on_drained() override { calls_.emplace_back("drained"); }
    void on_disconnected() override { calls_.emplace_back("disconnected"); }

private:
    static void note(HubSession& session, std::string text) {
        static_cast<TestSession&>(session).calls_.push_back(std::move(text));
    }

    std::vector<std::string>& calls_;
};

inline HubOptions with_detailed_errors() {
    HubOptions options;
    options.detailed_errors = true;
    return options;
}

/// One hub connection over a fake transport.
struct HubPeer {
    explicit HubPeer(HubOptions options_of = {})
        : options(options_of), hub("id", std::make_unique<TestSession>(calls), options, scratch) {
        connection.handler = &hub;
        hub.on_open(connection);
    }

    /// `|` stands for the record separator.
    void receive(std::string text) {
        for (auto& c : text) {
            c = c == '|' ? protocol::kRecordSeparator : c;
        }
        hub.on_bytes(text);
        loop.run();
    }
    void shake_hands() {
        receive(R"({"protocol":"json","version":1}|)");
        sent();
        calls.clear();
    }
    /// What was sent since the last call; `|` stands for the record separator.
    std::string sent() {
        loop.run();
        const auto records = connection.records();
        std::string text;
        for (; taken < records.size(); ++taken) {
            text += records[taken] + "|";
        }
        return text;
    }
    /// Time passes in the transport's ticks.
    void wait(std::int64_t seconds) {
        for (std::int64_t i = 0; i < seconds; ++i) {
            loop.advance(kSecondNs);
            hub.on_tick(loop.now_ns());
            loop.run();
        }
    }
    /// Everything to the peer waits until let_read().
    void congest() {
        connection.let_read(0);
        connection.send(std::string(transport::kUnsentSoftMax + 1, ' ') +
                        protocol::kRecordSeparator);
        loop.run();
    }

    transport::FakeLoop loop;
    transport::OutputScheduler scheduler{loop};
    transport::FakeConnection connection{scheduler, loop};
    HubOptions options;
    HubScratch scratch;
    std::vector<std::string> calls;
    HubConnection hub;
    std::size_t taken = 0;
};

}  // namespace hubtrail::hub
