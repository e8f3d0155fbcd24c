#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/fanout/hub_manager.h"
#include "hub/fanout/name_directory.h"
#include "hub/fanout/shared_done.h"
#include "transport/connection.h"
#include "transport/outbox.h"

namespace hubtrail::hub {

/// Told by what names the connections of this node can be reached, each time one more or one less
/// can be. Called on the connection's loop. Thread: any.
class NameWatch {
public:
    virtual ~NameWatch() = default;
    /// `known` (may be null) is kept until other nodes know the name, and told if they do not.
    virtual void on_name(NameKind kind, std::string_view name, SharedDonePtr known) = 0;
    virtual void on_name_gone(NameKind kind, std::string_view name) = 0;
};

/// The connections of one hub on one loop, by id, group and user. A group is a shared stream per
/// encoding and framing, so that a send to it costs the same whatever it has for members; the
/// turn's end fans it out. Thread: strand, but for size().
class LoopMembers {
public:
    /// `watch` may be null. All must outlive it.
    LoopMembers(transport::OutputScheduler& scheduler, std::size_t index, NameDirectory& directory,
                NameWatch* watch);
    ~LoopMembers();
    LoopMembers(const LoopMembers&) = delete;
    LoopMembers& operator=(const LoopMembers&) = delete;

    transport::Loop& loop() { return scheduler_.loop(); }
    /// Any thread.
    std::size_t size() const { return size_.load(std::memory_order_relaxed); }
    std::size_t groups() const { return groups_.size(); }
    std::size_t users() const { return users_.size(); }

    void add(HubConnection& connection, std::string_view user, const SharedDonePtr& known);
    void remove(HubConnection& connection);
    HubConnection* find(std::string_view id) const;

    void add_to_group(std::string_view id, std::string_view group, const SharedDonePtr& known);
    void remove_from_group(std::string_view id, std::string_view group);

    /// `done` (may be null) is kept for every recipient that is congested, until it is not.
    void send(const Recipients& to, const EncodedInvocation& message, const SharedDonePtr& done);

    void on_congested(const HubConnection& connection);
    void on_drained(const HubConnection& connection);

private:
    struct Group;
    struct User;
    /// One connection. Its neighbours in the list are the other connections of its user.
    struct Member {
        HubConnection* connection = nullptr;
        User* user = nullptr;
        Member* next = nullptr;
        Member* previous = nullptr;
        std::vector<Group*> groups;
    };
    struct User {
        std::string_view name;  ///< the directory's
        Member* first = nullptr;
    };
    /// Members of a group that get the same bytes.
    struct Lane {
        Lane(transport::OutputScheduler& scheduler, transport::SendOrder& order,
             transport::Framing framing_of, protocol::Encoding encoding_of)
            : framing(framing_of), encoding(encoding_of), stream(scheduler, &order) {}
        transport::Framing framing;
        protocol::Encoding encoding;
        transport::SharedStream stream;
    };
    /// A message for connections that get the same bytes.
    struct Frame {
        protocol::Encoding encoding;
        transport::Framing framing;
        transport::FrameRef bytes;
    };
    struct Group {
        std::string_view name;  ///< the directory's
        std::vector<std::unique_ptr<Lane>> lanes;
    };
    /// A send to a group with a backlog: the turn's end shows which members it made wait.
    struct GroupWait {
        const Group* group;
        SharedDonePtr done;
    };
    using Waiters = std::vector<SharedDonePtr>;

    Member* find_member(std::string_view id);
    void add_user(Member& member, std::string_view user);
    void drop_user(Member& member);
    static Lane* find_lane(const Group& group, HubConnection& connection);
    void join(Group& group, Member& member);
    void leave(Group& group, Member& member);
    void forget_group(Group& group);
    void send_group(Group& group, const EncodedInvocation& message,
                    const std::vector<Member*>& except, const SharedDonePtr& done);
    void send_one(Member& member, const EncodedInvocation& message, const SharedDonePtr& done);
    const transport::FrameRef* frame_of(const EncodedInvocation& message,
                                        HubConnection& connection);
    bool is_in(const Member& member, const Group& group) const;
    void check_later();
    void check();
    void cut_off_overrun();

    transport::OutputScheduler& scheduler_;
    transport::SendOrder order_;  ///< of everything that goes through groups
    const std::size_t index_;
    NameDirectory& directory_;
    NameWatch* const watch_;
    std::atomic<std::size_t> size_{0};
    std::unordered_map<std::string_view, Member> members_;  ///< by the connection's own id
    std::unordered_map<std::string_view, User> users_;
    std::unordered_map<std::string_view, Group> groups_;
    Group all_;
    std::unordered_map<Member*, Waiters> slow_;  ///< with a backlog, and who waits for it
    std::vector<GroupWait> group_waits_;
    std::vector<Member*> except_;  ///< reused
    /// The message that is being sent to users or connections, laid out once for each kind of them.
    std::vector<Frame> frames_;
    bool check_due_ = false;
    std::shared_ptr<LoopMembers*> self_;  ///< null once we are gone: for the check that comes late
};

}  // namespace hubtrail::hub
