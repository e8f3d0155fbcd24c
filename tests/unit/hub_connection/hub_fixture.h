#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/connection/hub_connection.h"
#include "protocol/json_hub_protocol.h"
#include "tests/support/fake_connection.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;

/// What the hub of a test was called with, and how it behaves.
struct TestHub {
    std::vector<std::string> calls;
    std::vector<std::shared_ptr<UploadStream>> uploads;  ///< of the last call that took some
    HubConnection* connection = nullptr;
    std::string foreign_id;  ///< a question that another connection was asked
    bool authorized = true;
    bool hold_at_connect = false;
    bool close_at_connect = false;
    bool ends_cancelled_itself = false;
};

/// A hub with a method of each kind; writes down what is called. Thread: strand.
class TestSession final : public HubSession {
public:
    explicit TestSession(TestHub& hub) : hub_(hub) {}

    const HubMethod* find_method(std::string_view lower_name) const override {
        static constexpr std::array<HubMethod, 10> kMethods = {{
            {"echo", MethodKind::plain, 1, 2,
             [](HubSession& session, const HubMethod&, const HubCall& call) {
                 note(session, "echo " + std::string(call.message.arguments[0]));
                 call.connection.complete_result(call.id(), call.message.arguments[0]);
             }},
            {"later", MethodKind::async, 0, 0, &note_call},
            {"now", MethodKind::async, 0, 0,
             [](HubSession& session, const HubMethod&, const HubCall& call) {
                 note(session, "now");
                 call.connection.complete_result(call.id(), "true");
                 call.connection.release_slot();
             }},
            {"count", MethodKind::stream, 0, 1, &note_call},
            {"bye", MethodKind::plain, 0, 0,
             [](HubSession&, const HubMethod&, const HubCall& call) {
                 call.connection.close({}, false);
             }},
            {"cut", MethodKind::plain, 0, 0,
             [](HubSession&, const HubMethod&, const HubCall& call) {
                 call.connection.transport().abort(transport::CloseReason::stalled);
             }},
            {"up", MethodKind::async, 0, 0, &note_call, 1},
            {"up2", MethodKind::stream, 0, 0, &note_call, 2},
            {"upcount", MethodKind::stream, 0, 0, &note_call, 1},
            {"upnow", MethodKind::plain, 0, 0, &note_call, 1},
        }};
        for (const auto& method : kMethods) {
            if (method.name == lower_name) {
                return &method;
            }
        }
        return nullptr;
    }
    bool authorize(const HubMethod&, const HubCall&) override { return hub_.authorized; }
    void on_connected(HubConnection& connection) override {
        hub_.connection = &connection;
        hub_.calls.emplace_back("connected");
        if (hub_.hold_at_connect) {
            connection.hold();
        }
        if (hub_.close_at_connect) {
            connection.close("not today", false);
        }
    }
    bool on_cancel(std::string_view id) override {
        hub_.calls.push_back("cancel " + std::string(id));
        return hub_.ends_cancelled_itself;
    }
    bool on_foreign_result(std::string_view id) override {
        return !id.empty() && id == hub_.foreign_id;
    }
    void on_tick(std::int64_t) override {}
    void on_congested() override { hub_.calls.emplace_back("congested"); }
    void on_drained() override { hub_.calls.emplace_back("drained"); }
    void on_disconnected(std::string_view error) override {
        hub_.calls.push_back(error.empty() ? "disconnected"
                                           : "disconnected: " + std::string(error));
    }

private:
    static void note(HubSession& session, std::string text) {
        static_cast<TestSession&>(session).hub_.calls.push_back(std::move(text));
    }
    static void note_call(HubSession& session, const HubMethod& method, const HubCall& call) {
        note(session, std::string(method.name) + " " + std::string(call.id()));
        if (!call.uploads.empty()) {
            static_cast<TestSession&>(session).hub_.uploads = call.uploads;
        }
    }

    TestHub& hub_;
};

inline HubOptions with_detailed_errors() {
    HubOptions options;
    options.detailed_errors = true;
    return options;
}

/// One hub connection over a fake transport.
struct HubPeer {
    explicit HubPeer(HubOptions options_of = {},
                     transport::TransportKind kind = transport::TransportKind::web_sockets)
        : options(std::move(options_of)),
          hub("id", std::make_unique<TestSession>(test_hub), options, scratch) {
        connection.kind = kind;
        connection.handler = &hub;
        hub.on_open(connection);
    }
    ~HubPeer() { hub.on_close(transport::CloseReason::lost); }
    HubPeer(const HubPeer&) = delete;
    HubPeer& operator=(const HubPeer&) = delete;

    /// Bytes as they are.
    void receive_raw(std::string_view bytes) {
        hub.on_bytes(bytes);
        loop.run();
    }
    /// `|` stands for the record separator.
    void receive(std::string text) {
        for (auto& c : text) {
            c = c == '|' ? protocol::kRecordSeparator : c;
        }
        receive_raw(text);
    }
    void shake_hands(const std::string& protocol = "json", int version = 1) {
        receive(R"({"protocol":")" + protocol + R"(","version":)" + std::to_string(version) + "}|");
        sent_raw();
        calls.clear();
    }
    /// The payload that was sent since the last call.
    std::string sent_raw() {
        loop.run();
        const auto all = connection.payload();
        const auto from = std::min(taken, all.size());
        taken = all.size();
        return all.substr(from);
    }
    /// The same as text; `|` stands for the record separator.
    std::string sent() {
        auto text = sent_raw();
        std::replace(text.begin(), text.end(), protocol::kRecordSeparator, '|');
        return text;
    }
    /// An async method of the test hub ends.
    void finish(const std::string& id, const std::string& raw_result) {
        hub.complete_result(id, raw_result);
        hub.release_slot();
        loop.run();
    }
    void fail(const std::string& id, const std::string& error) {
        hub.complete_error(id, error);
        hub.release_slot();
        loop.run();
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
        connection.send(
            std::string(transport::kUnsentSoftMax + 1, ' ') + protocol::kRecordSeparator, 0);
        loop.run();
    }
    /// The peer's socket breaks and it comes back on another one.
    void come_back() {
        loop.run();
        connection.begin_anew();
        taken = 0;
        hub.on_resumed();
        loop.run();
    }

    transport::FakeLoop loop;
    transport::OutputScheduler scheduler{loop};
    transport::FakeConnection connection{scheduler, loop};
    HubOptions options;
    HubScratch scratch;
    TestHub test_hub;
    std::vector<std::string>& calls = test_hub.calls;
    HubConnection hub;
    std::size_t taken = 0;
};

inline std::string completion(const std::string& id, const std::string& error) {
    return R"({"type":3,"invocationId":")" + id + R"(","error":")" + error + "\"}|";
}
/// The Close of a failure.
inline std::string closing(const std::string& error) {
    return R"({"type":7,"error":")" + error + R"(","allowReconnect":true}|)";
}

}  // namespace hubtrail::hub
