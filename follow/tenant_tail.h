#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>

#include "follow/channels.h"
#include "follow/read_retry.h"
#include "follow/ring.h"
#include "protocol/cursor.h"
#include "storage/log_service.h"

namespace hubtrail::follow {

class Follower;
class Tails;

inline constexpr std::int64_t kBeatNs = 15'000'000'000;  ///< how often channels are told to beat

/// One tenant on one loop: head, ring of recent events, live channels, and followers that wait for
/// the head. Only Tails and Follower use it. Thread: strand. `tails` must outlive it.
class TenantTail : public std::enable_shared_from_this<TenantTail> {
public:
    TenantTail(Tails& tails, std::string tenant);

    const std::string& tenant() const { return tenant_; }

    // The head as this loop knows it. What came to be known by a gap or a reset is asked of the
    // log again: until then it is not known.

    bool head_known() const { return head_known_; }
    std::int64_t head_pos() const { return last_pos_; }
    std::uint32_t epoch() const { return epoch_; }
    storage::LogHead head() const { return {epoch_, first_pos_, last_pos_}; }
    const protocol::Cursor& head_cursor() const { return last_cursor_; }
    /// Asks the log, if that is not under way; those who wait are woken by the answer.
    void learn_head();

    void publish(const std::shared_ptr<const storage::CommittedBatch>& batch);
    void on_head(const storage::LogHead& head);
    void beat(std::int64_t now_ns);
    /// Stops who follows still.
    void end();

    std::size_t followers() const { return followers_.size(); }
    void attach(Follower& follower);
    void detach(Follower& follower);

    /// Live from the next event on; the follower stands at the head.
    ChannelEntry& join(const protocol::EventFilter& filter, Sharing& member) {
        return channels_.join(filter, member, last_cursor_);
    }
    void leave(ChannelEntry& entry, Sharing& member) { channels_.leave(entry, member); }
    /// wake() is called once, when the tail has moved. The ticket is for forget().
    std::uint64_t wait(Follower& follower);
    void forget(std::uint64_t ticket) { waiting_.erase(ticket); }

    const Ring& ring() const { return ring_; }

private:
    void move_head(std::int64_t pos, const protocol::Cursor& cursor);
    void remember(const std::shared_ptr<const storage::CommittedBatch>& batch);
    void forget_head();
    void scatter();
    void reset(const storage::LogHead& head);
    void on_learned(const Result<storage::Page, storage::StoreError>& page);
    void learn_later();
    void fail_waiting(const storage::StoreError& error);
    void wake_waiting();

    Tails& tails_;
    const std::string tenant_;
    std::uint32_t epoch_ = 0;  ///< 0: nothing is known yet
    std::int64_t first_pos_ = 1;
    std::int64_t last_pos_ = 0;
    protocol::Cursor last_cursor_;
    bool head_known_ = false;
    bool learning_ = false;
    bool outdated_ = false;  ///< the answer under way is older than what we were told
    ReadRetry retry_;
    std::unordered_set<Follower*> followers_;
    Channels channels_;
    Ring ring_;
    std::map<std::uint64_t, Follower*> waiting_;  ///< by ticket: first come, first woken
    std::uint64_t last_ticket_ = 0;
    std::int64_t beat_ns_ = 0;
};

}  // namespace hubtrail::follow
