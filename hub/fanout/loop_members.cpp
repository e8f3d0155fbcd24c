#include "hub/fanout/loop_members.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "hub/connection/hub_connection.h"

namespace hubtrail::hub {
namespace {

using transport::Outbox;

Outbox& outbox_of(HubConnection& connection) {
    return connection.transport().outbox();
}

bool must_wait_for(const Outbox& outbox) {
    return outbox.congested() || outbox.must_wait();
}

}  // namespace

LoopMembers::LoopMembers(transport::OutputScheduler& scheduler, std::size_t index,
                         NameDirectory& directory, NameWatch* watch)
    : scheduler_(scheduler),
      index_(index),
      directory_(directory),
      watch_(watch),
      self_(std::make_shared<LoopMembers*>(this)) {}

LoopMembers::~LoopMembers() {
    HUBTRAIL_CHECK(members_.empty(), "a hub died with connections");
    *self_ = nullptr;
}

void LoopMembers::add(HubConnection& connection, std::string_view user,
                      const SharedDonePtr& known) {
    auto& member = members_[connection.id()];
    member.connection = &connection;
    directory_.add_connection(connection.id(), index_);
    join(all_, member);
    size_.store(members_.size(), std::memory_order_relaxed);
    if (!user.empty()) {
        add_user(member, user);
    }
    if (watch_ != nullptr) {
        watch_->on_name(NameKind::connection, connection.id(), known);
        if (!user.empty()) {
            watch_->on_name(NameKind::user, user, known);
        }
    }
}

void LoopMembers::remove(HubConnection& connection) {
    const auto found = members_.find(connection.id());
    if (found == members_.end()) {
        return;
    }
    auto& member = found->second;
    // Who waited for it goes on once everything here is in order again.
    Waiters waiters;
    if (const auto slow = slow_.find(&member); slow != slow_.end()) {
        waiters.swap(slow->second);
        slow_.erase(slow);
    }
    while (!member.groups.empty()) {
        leave(*member.groups.back(), member);
    }
    leave(all_, member);
    if (member.user != nullptr) {
        drop_user(member);
    }
    if (watch_ != nullptr) {
        watch_->on_name_gone(NameKind::connection, connection.id());
    }
    directory_.remove_connection(connection.id());
    members_.erase(found);
    size_.store(members_.size(), std::memory_order_relaxed);
}

HubConnection* LoopMembers::find(std::string_view id) const {
    const auto found = members_.find(id);
    return found == members_.end() ? nullptr : found->second.connection;
}

LoopMembers::Member* LoopMembers::find_member(std::string_view id) {
    const auto found = members_.find(id);
    return found == members_.end() ? nullptr : &found->second;
}

void LoopMembers::add_user(Member& member, std::string_view name) {
    auto found = users_.find(name);
    if (found == users_.end()) {
        const auto kept = directory_.add(NameKind::user, name, index_);
        found = users_.emplace(kept, User{kept, nullptr}).first;
    }
    auto& user = found->second;
    member.user = &user;
    member.next = std::exchange(user.first, &member);
    if (member.next != nullptr) {
        member.next->previous = &member;
    }
}

void LoopMembers::drop_user(Member& member) {
    auto& user = *std::exchange(member.user, nullptr);
    if (watch_ != nullptr) {
        watch_->on_name_gone(NameKind::user, user.name);
    }
    (member.previous != nullptr ? member.previous->next : user.first) = member.next;
    if (member.next != nullptr) {
        member.next->previous = member.previous;
    }
    if (user.first == nullptr) {
        const auto name = user.name;
        users_.erase(name);
        directory_.remove(NameKind::user, name, index_);
    }
}

LoopMembers::Lane* LoopMembers::find_lane(const Group& group, HubConnection& connection) {
    const auto framing = connection.transport().framing();
    const auto encoding = connection.protocol().encoding();
    for (const auto& lane : group.lanes) {
        if (lane->framing == framing && lane->encoding == encoding) {
            return lane.get();
        }
    }
    return nullptr;
}

void LoopMembers::join(Group& group, Member& member) {
    auto* lane = find_lane(group, *member.connection);
    if (lane == nullptr) {
        const auto framing = member.connection->transport().framing();
        group.lanes.push_back(std::make_unique<Lane>(scheduler_, order_, framing,
                                                     member.connection->protocol().encoding()));
        lane = group.lanes.back().get();
    }
    outbox_of(*member.connection).join(lane->stream);
}

// Also takes the group off the member's list, except for "all", which is on none.
void LoopMembers::leave(Group& group, Member& member) {
    auto* lane = find_lane(group, *member.connection);
    outbox_of(*member.connection).leave(lane->stream);
    if (lane->stream.empty()) {
        std::erase_if(group.lanes, [lane](const auto& kept) { return kept.get() == lane; });
    }
    if (&group == &all_) {
        return;
    }
    const auto at = std::find(member.groups.begin(), member.groups.end(), &group);
    *at = member.groups.back();
    member.groups.pop_back();
    if (watch_ != nullptr) {
        watch_->on_name_gone(NameKind::group, group.name);
    }
    if (group.lanes.empty()) {
        forget_group(group);
    }
}

void LoopMembers::forget_group(Group& group) {
    const auto name = group.name;
    for (auto& wait : group_waits_) {
        if (wait.group == &group) {
            wait.group = nullptr;  // its members are gone: the check lets go of it
        }
    }
    groups_.erase(name);
    directory_.remove(NameKind::group, name, index_);
}

void LoopMembers::add_to_group(std::string_view id, std::string_view name,
                               const SharedDonePtr& known) {
    auto* member = find_member(id);
    if (member == nullptr) {
        return;
    }
    auto found = groups_.find(name);
    if (found == groups_.end()) {
        const auto kept = directory_.add(NameKind::group, name, index_);
        found = groups_.emplace(kept, Group{kept, {}}).first;
    } else if (is_in(*member, found->second)) {
        return;
    }
    join(found->second, *member);
    member->groups.push_back(&found->second);
    if (watch_ != nullptr) {
        watch_->on_name(NameKind::group, name, known);
    }
}

void LoopMembers::remove_from_group(std::string_view id, std::string_view name) {
    auto* member = find_member(id);
    const auto found = groups_.find(name);
    if (member != nullptr && found != groups_.end() && is_in(*member, found->second)) {
        leave(found->second, *member);
    }
}

bool LoopMembers::is_in(const Member& member, const Group& group) const {
    return &group == &all_ ||
           std::find(member.groups.begin(), member.groups.end(), &group) != member.groups.end();
}

void LoopMembers::send(const Recipients& to, const EncodedInvocation& message,
                       const SharedDonePtr& done) {
    using Kind = Recipients::Kind;
    except_.clear();
    if (to.kind == Kind::all || to.kind == Kind::groups) {
        for (const auto& id : to.except) {
            auto* member = find_member(id);
            if (member != nullptr &&
                std::find(except_.begin(), except_.end(), member) == except_.end()) {
                except_.push_back(member);
            }
        }
    }
    if (to.kind == Kind::all) {
        send_group(all_, message, except_, done);
    }
    for (const auto& name : to.names) {
        if (to.kind == Kind::connections) {
            if (auto* member = find_member(name)) {
                send_one(*member, message, done);
            }
        } else if (to.kind == Kind::users) {
            const auto user = users_.find(name);
            auto* member = user == users_.end() ? nullptr : user->second.first;
            for (; member != nullptr; member = member->next) {
                send_one(*member, message, done);
            }
        } else if (to.kind == Kind::groups) {
            if (const auto group = groups_.find(name); group != groups_.end()) {
                send_group(group->second, message, except_, done);
            }
        }
    }
    frames_.clear();
}

// Whoever is excepted steps out of the stream for this one frame: that costs what they are, not
// what the group is.
void LoopMembers::send_group(Group& group, const EncodedInvocation& message,
                             const std::vector<Member*>& except, const SharedDonePtr& done) {
    bool backlogged = false;
    for (const auto& lane : group.lanes) {
        const std::string_view record = message[lane->encoding];
        if (record.empty()) {
            continue;
        }
        const auto steps_out = [&](const Member* member) {
            return is_in(*member, group) && find_lane(group, *member->connection) == lane.get();
        };
        for (auto* member : except) {
            if (steps_out(member)) {
                outbox_of(*member->connection).leave(lane->stream);
            }
        }
        append_framed(lane->stream, lane->framing, record);
        backlogged = backlogged || lane->stream.backlogged();
        for (auto* member : except) {
            if (steps_out(member)) {
                outbox_of(*member->connection).join(lane->stream);
            }
        }
    }
    if (backlogged) {
        if (done) {
            group_waits_.push_back({&group, done});
        }
        check_later();
    }
}

const transport::FrameRef* LoopMembers::frame_of(const EncodedInvocation& message,
                                                 HubConnection& connection) {
    const auto encoding = connection.protocol().encoding();
    const auto framing = connection.transport().framing();
    for (const auto& frame : frames_) {
        if (frame.framing == framing && frame.encoding == encoding) {
            return &frame.bytes;
        }
    }
    const std::string_view record = message[encoding];
    if (record.empty()) {
        return nullptr;
    }
    return &frames_
                .emplace_back(Frame{encoding, framing, lay_out_framed(scheduler_, framing, record)})
                .bytes;
}

void LoopMembers::send_one(Member& member, const EncodedInvocation& message,
                           const SharedDonePtr& done) {
    const auto* frame = member.connection->open() ? frame_of(message, *member.connection) : nullptr;
    if (frame == nullptr) {
        return;
    }
    outbox_of(*member.connection).send_frame(*frame, 1);
    if (must_wait_for(outbox_of(*member.connection))) {
        auto& waiters = slow_[&member];
        if (done) {
            waiters.push_back(done);
        }
        check_later();
    }
}

void LoopMembers::on_congested(const HubConnection& connection) {
    if (auto* member = find_member(connection.id())) {
        slow_[member];
        check_later();
    }
}

void LoopMembers::on_drained(const HubConnection& connection) {
    if (auto* member = find_member(connection.id())) {
        // Taken out first: whoever goes on may send again.
        const auto waiters = slow_.extract(member);
    }
}

// Posted, so that the turn's end has handed over what was shared and told who is congested; and
// because cutting a peer off calls back into the hub.
void LoopMembers::check_later() {
    if (!std::exchange(check_due_, true)) {
        loop().post([self = self_] {
            if (*self != nullptr) {
                (*self)->check();
            }
        });
    }
}

void LoopMembers::check() {
    check_due_ = false;
    const auto group_waits = std::exchange(group_waits_, {});
    for (const auto& wait : group_waits) {
        for (auto& [member, waiters] : slow_) {
            if (wait.group != nullptr && is_in(*member, *wait.group)) {
                waiters.push_back(wait.done);
            }
        }
    }
    std::vector<Waiters> released;
    for (auto entry = slow_.begin(); entry != slow_.end();) {
        if (must_wait_for(outbox_of(*entry->first->connection))) {
            ++entry;
        } else {
            released.push_back(std::move(entry->second));
            entry = slow_.erase(entry);
        }
    }
    cut_off_overrun();
}

void LoopMembers::cut_off_overrun() {
    std::vector<Member*> overrun;
    bool undecided = false;
    for (const auto& [member, waiters] : slow_) {
        const auto& outbox = outbox_of(*member->connection);
        if (outbox.overrun()) {
            overrun.push_back(member);
        }
        // Only who was told to be congested is told to have drained.
        undecided = undecided || !outbox.congested();
    }
    for (auto* member : overrun) {
        // Ending one may end others.
        if (slow_.contains(member)) {
            member->connection->transport().abort(transport::CloseReason::stalled);
        }
    }
    if (undecided) {
        check_later();
    }
}

}  // namespace hubtrail::hub
