#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/random.h"
#include "hub/fanout/backplane.h"
#include "hub/fanout/hub_manager.h"
#include "hub/fanout/local_hub_manager.h"
#include "hub/fanout/node_message.h"

namespace hubtrail::hub {

inline constexpr std::size_t kGroupCommandsMax =
    100'000;  ///< group changes on other nodes that wait for their answer
inline constexpr int kGroupAckSeconds = 30;  ///< how long each may wait
inline constexpr int kQuestionProbeSeconds =
    10;  ///< how often a remote client result is asked after

/// The manager of one node among several (docs/scale-out.md): what concerns this node's connections
/// is done by a LocalHubManager without a round trip, the rest is published. Thread: any, except
/// where HubManager says so; mutex_ guards the group commands under way.
class NodeHubManager final : public HubManager, private NameWatch {
public:
    NodeHubManager(std::string hub_name, const std::vector<transport::OutputScheduler*>& loops,
                   Backplane& backplane, Random& random, Log& log);
    ~NodeHubManager() override;
    NodeHubManager(const NodeHubManager&) = delete;
    NodeHubManager& operator=(const NodeHubManager&) = delete;

    void send(transport::Loop* from, Recipients to,
              std::shared_ptr<const EncodedInvocation> message, Done done) override;
    void add_to_group(transport::Loop* from, std::string connection_id, std::string group,
                      Done done) override;
    void remove_from_group(transport::Loop* from, std::string connection_id, std::string group,
                           Done done) override;
    std::string invoke(transport::Loop* from, std::string connection_id,
                       std::shared_ptr<const ClientQuestion> question, Asked done) override;
    void cancel(const std::string& ticket) override;
    bool is_waiting(std::string_view ticket) override { return local_.is_waiting(ticket); }
    void add(HubConnection& connection, std::string_view user, Done ready) override;
    void remove(HubConnection& connection) override { local_.remove(connection); }
    void on_congested(HubConnection& connection) override { local_.on_congested(connection); }
    void on_drained(HubConnection& connection) override { local_.on_drained(connection); }
    /// Every encoding: what other nodes have is not known.
    bool wants(protocol::Encoding) const override { return true; }

private:
    /// A group command under way. Done when a node has done it, or each that heard of it has said
    /// that it had not.
    struct PendingCommand {
        SharedDonePtr done;
        std::int64_t receivers = -1;  ///< -1: not known yet
        std::int64_t denials = 0;
        int seconds = 0;
        bool denied_by_all() const { return receivers >= 0 && denials >= receivers; }
    };

    std::string channel(NameKind kind, std::string_view name) const;
    std::vector<std::string> channels_of(const Recipients& to) const;
    void on_name(NameKind kind, std::string_view name, SharedDonePtr known) override;
    void on_name_gone(NameKind kind, std::string_view name) override;

    void command(GroupCommand::Action action, transport::Loop* from, std::string connection_id,
                 std::string group, Done done);
    void on_command_published(std::uint64_t id, std::int64_t receivers, std::string_view error);
    void publish_question(NodeQuestion::Step step, const std::string& ticket,
                          const std::string& connection_id, const ClientQuestion* question);

    void on_message(std::string_view channel, std::string_view payload);
    void on_lost();
    bool deliver(Recipients to, std::string_view payload);
    bool on_connection_message(std::string_view connection_id, std::string_view payload);
    bool on_group_command(std::string_view payload);
    bool on_group_ack(std::string_view payload);
    bool on_result(std::string_view payload);

    void start_sweep();
    void sweep();

    Backplane& backplane_;
    Log& log_;
    const std::string prefix_;  ///< of all channels, with its colon
    const std::string node_;
    LocalHubManager local_;
    Mutex mutex_;
    std::unordered_map<std::uint64_t, PendingCommand> commands_ HUBTRAIL_GUARDED_BY(mutex_);
    std::uint64_t last_command_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    bool sweeping_ HUBTRAIL_GUARDED_BY(mutex_) = false;
    std::uint64_t sweeps_asked_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    int seconds_ = 0;  ///< of sweeping; first loop's
};

}  // namespace hubtrail::hub
