#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "hub/fanout/client_questions.h"
#include "hub/fanout/hub_manager.h"
#include "hub/fanout/loop_members.h"
#include "hub/fanout/name_directory.h"
#include "hub/fanout/shared_done.h"

namespace hubtrail::hub {

/// Bytes of sends that one loop has been given by other threads and has not worked off. Over it a
/// send skips that loop and says so: a caller who does not wait must not fill the memory.
inline constexpr std::size_t kPostedSendBytesMax = 64 * 1024 * 1024;

/// A connection or user that is listed twice gets one copy; a group as many as it is listed.
void drop_repeats(Recipients& to);
bool names_empty_group(const Recipients& to);

/// The manager of one node: over all loops of the process. Thread: any, except where HubManager
/// says so; the tables belong to the loops, what they share guards itself.
class LocalHubManager final : public HubManager {
public:
    /// `ticket_prefix` keeps the tickets of several nodes apart. `watch` may be null.
    LocalHubManager(const std::vector<transport::OutputScheduler*>& loops,
                    std::string ticket_prefix, NameWatch* watch, Log& log);
    ~LocalHubManager() override;
    LocalHubManager(const LocalHubManager&) = delete;
    LocalHubManager& operator=(const LocalHubManager&) = delete;

    void send(transport::Loop* from, Recipients to,
              std::shared_ptr<const EncodedInvocation> message, Done done) override;
    void add_to_group(transport::Loop* from, std::string connection_id, std::string group,
                      Done done) override;
    void remove_from_group(transport::Loop* from, std::string connection_id, std::string group,
                           Done done) override;
    std::string invoke(transport::Loop* from, std::string connection_id,
                       std::shared_ptr<const ClientQuestion> question, Asked done) override;
    void cancel(const std::string& ticket) override;
    bool is_waiting(std::string_view ticket) override { return questions_.is_open(ticket); }
    void add(HubConnection& connection, std::string_view user, Done ready) override;
    void remove(HubConnection& connection) override;
    void on_congested(HubConnection& connection) override;
    void on_drained(HubConnection& connection) override;
    bool wants(protocol::Encoding encoding) const override;

    // For a manager of several nodes.

    bool has(std::string_view connection_id) const {
        return directory_.find_connection(connection_id).has_value();
    }
    /// invoke() under a ticket that was made elsewhere.
    void invoke_as(transport::Loop* from, const std::string& ticket, std::string connection_id,
                   std::shared_ptr<const ClientQuestion> question, const Asked& done);
    /// The connection need not answer any more.
    void withdraw(const std::string& ticket, const std::string& connection_id);
    ClientQuestions& questions() { return questions_; }
    SharedDonePtr make_done(transport::Loop* from, Done done) const;
    transport::Loop& first_loop() { return loops_.front()->members.loop(); }
    const NameDirectory& directory() const { return directory_; }

private:
    /// One loop as the others see it.
    struct LoopSlot {
        LoopSlot(transport::OutputScheduler& scheduler, std::size_t index, NameDirectory& directory,
                 NameWatch* watch)
            : members(scheduler, index, directory, watch) {}
        LoopMembers members;
        std::atomic<std::size_t> posted_bytes{0};
    };
    enum class GroupChange : std::uint8_t { add, remove };

    LoopSlot& slot_of(HubConnection& connection);
    LoopSet loops_of(const Recipients& to) const;
    void post_send(LoopSlot& slot, const std::shared_ptr<const Recipients>& to,
                   const std::shared_ptr<const EncodedInvocation>& message,
                   const SharedDonePtr& done);
    void change_group(GroupChange change, transport::Loop* from, std::string connection_id,
                      std::string group, Done done);
    void ask(LoopSlot& slot, const std::string& ticket, const std::string& connection_id,
             const ClientQuestion& question);
    void count(const HubConnection& connection, int by);

    Log& log_;
    NameDirectory directory_;
    ClientQuestions questions_;
    std::vector<std::unique_ptr<LoopSlot>> loops_;
    protocol::PerEncoding<std::atomic<int>> connections_;
    std::atomic<bool> overloaded_{false};  ///< said in the log
    const std::shared_ptr<std::atomic<bool>> open_ =
        std::make_shared<std::atomic<bool>>(true);  ///< owners: dones too
};

}  // namespace hubtrail::hub
