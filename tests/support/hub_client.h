#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/connection/hub_connection.h"
#include "hub/fanout/hub_manager.h"
#include "protocol/hub_protocol.h"
#include "tests/support/fake_connection.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {

/// A loop of a hub under test, turned by the test. Thread: strand.
struct TestLoop {
    transport::FakeLoop loop;
    transport::OutputScheduler scheduler{loop};
    HubScratch scratch;
};

/// The same invocation in both encodings. `argument`: text without anything to escape.
inline std::shared_ptr<const EncodedInvocation> make_invocation(std::string_view target,
                                                                std::string_view argument = {}) {
    auto message = std::make_shared<EncodedInvocation>();
    for (const auto encoding : protocol::kEncodings) {
        const auto* const protocol = protocol::HubProtocols().find(encoding);
        std::string raw;
        protocol->make_writer(raw)->string(argument);
        protocol->append_invocation((*message)[encoding], protocol::MessageType::invocation, {},
                                    target, raw, 1);
    }
    return message;
}

inline std::shared_ptr<const ClientQuestion> make_question(std::string target) {
    auto question = std::make_shared<ClientQuestion>();
    question->target = std::move(target);
    for (const auto encoding : protocol::kEncodings) {
        auto& arguments = question->arguments[encoding];
        protocol::HubProtocols().find(encoding)->make_writer(arguments.raw)->integer(7);
        arguments.count = 1;
    }
    return question;
}

/// One client of a hub under test: a hub connection over a fake transport, known to a manager from
/// its handshake to its end. Thread: strand.
class HubClient {
public:
    HubClient(HubManager& manager, TestLoop& at, std::string id, std::string user = {},
              std::string_view protocol = "json")
        : connection(at.scheduler, at.loop),
          hub(std::move(id), std::make_unique<Session>(*this, manager, std::move(user)), options_,
              at.scratch),
          protocol_(protocol == "json" ? protocol::json_hub_protocol()
                                       : protocol::messagepack_hub_protocol()) {
        connection.handler = &hub;
        hub.on_open(connection);
        hub.on_bytes("{\"protocol\":\"" + std::string(protocol) + "\",\"version\":1}\x1e");
    }
    ~HubClient() { end(); }

    /// The connection is lost.
    void end() {
        if (!std::exchange(ended_, true)) {
            hub.on_close(transport::CloseReason::lost);
        }
    }
    /// What the manager's abort() asks of the transport.
    void end_if_aborted() {
        if (connection.aborted) {
            end();
        }
    }

    struct Received {
        protocol::MessageType type;
        std::string target;
        std::string id;
        bool operator==(const Received&) const = default;
    };
    /// Everything but pings that arrived in whole records.
    std::vector<Received> received() const {
        const auto payload = connection.payload();
        const auto begin = std::min(payload.find('\x1e'), payload.size() - 1) + 1;
        const auto splitter = protocol_.make_splitter(0);
        splitter->feed(std::string_view(payload).substr(begin));
        std::vector<Received> list;
        protocol::HubMessage message;
        for (auto record = splitter->next(); record && *record; record = splitter->next()) {
            if (protocol_.parse(**record, message) && message.type != protocol::MessageType::ping) {
                list.push_back({message.type, message.target, message.invocation_id});
            }
        }
        return list;
    }
    /// The names of the client methods that were called.
    std::vector<std::string> targets() const {
        std::vector<std::string> names;
        for (const auto& message : received()) {
            if (message.type == protocol::MessageType::invocation) {
                names.push_back(message.target);
            }
        }
        return names;
    }
    void answer(std::string_view ticket, std::int64_t value) {
        std::string raw;
        std::string record;
        protocol_.make_writer(raw)->integer(value);
        protocol_.append_completion_result(record, ticket, raw);
        hub.on_bytes(record);
    }
    /// The peer stops reading.
    void block() { connection.let_read(0); }

    bool ready = false;  ///< known to every node
    bool ended() const { return ended_; }
    transport::FakeConnection connection;

private:
    /// Thread: strand.
    class Session final : public HubSession {
    public:
        Session(HubClient& peer, HubManager& manager, std::string user)
            : peer_(peer), manager_(manager), user_(std::move(user)) {}
        const HubMethod* find_method(std::string_view) const override { return nullptr; }
        void on_connected(HubConnection& opened) override {
            connection_ = &opened;
            manager_.add(opened, user_, [this](std::string_view) { peer_.ready = true; });
        }
        bool on_cancel(std::string_view) override { return false; }
        bool on_foreign_result(std::string_view id) override { return manager_.is_waiting(id); }
        void on_tick(std::int64_t) override {}
        void on_congested() override { manager_.on_congested(*connection_); }
        void on_drained() override { manager_.on_drained(*connection_); }
        void on_disconnected(std::string_view) override { manager_.remove(*connection_); }

    private:
        HubClient& peer_;
        HubManager& manager_;
        const std::string user_;
        HubConnection* connection_ = nullptr;
    };

    HubOptions options_;
    bool ended_ = false;

public:
    HubConnection hub;  ///< after what it refers to

private:
    const protocol::HubProtocol& protocol_;
};

}  // namespace hubtrail::hub
