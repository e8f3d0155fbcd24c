#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "follow/read_retry.h"
#include "follow/sink.h"
#include "follow/tails.h"
#include "protocol/event_filter.h"
#include "storage/log_store.h"

namespace hubtrail::follow {

// How much of the log a hub's reader fetches and encodes at a time (docs/limits.md).
inline constexpr std::size_t kCatchUpEventsMax = 1000;
inline constexpr std::size_t kCatchUpBytesMax = 256 * 1024;

/// From where, what, and how much at a time.
struct Following {
    std::string tenant;
    protocol::EventFilter filter;
    std::int64_t after_pos = 0;  ///< of a position that was resolved in `epoch`
    std::uint32_t epoch = 1;
    std::size_t events_max = kCatchUpEventsMax;  ///< of a range
    std::size_t bytes_max = kCatchUpBytesMax;    ///< of its bodies; one event is always given
    std::int64_t scan_max = 20'000;              ///< positions looked at by one read
    enum class Ahead { none, one_page } ahead = Ahead::one_page;  ///< fetched while one is given
};

/// One reader of one tenant's log: a position, never a queue. Where its sink shares, it is live as
/// a member of a channel while the sink keeps up; otherwise it reads the ring, else pages of the
/// store, at the sink's speed, and joins again at the head. All of it happens on the loop's one
/// thread, so no seam has a gap or a duplicate. A sink that does not share is given the ring's
/// events as they come.
///
/// A read that fails for a while is tried again, ever more slowly; any other error ends it.
/// Thread: strand. `tails` and `sink` must outlive stop(), which must be called.
class Follower : public std::enable_shared_from_this<Follower> {
public:
    Follower(Tails& tails, Sink& sink, Following following);
    ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    /// Once. The sink may be called at once.
    void start();
    /// The sink is not called from here on.
    void stop();

    /// The sink takes no more: what it was told up to now it has; from here on it reads for itself.
    void pause();
    /// The sink takes more.
    void resume();

    // For the tail.

    void wake();
    void on_gap();
    void on_epoch(const storage::LogHead& head);
    void fail(const storage::StoreError& error);

private:
    void advance();
    bool check_epoch();
    void wait();
    void announce_live();
    void go_live();
    void leave_channel();
    void read_ring();
    void request_page(std::int64_t after_pos);
    void on_page(const Result<storage::Page, storage::StoreError>& page);
    void take_page(const storage::Page& page);
    void give_range(const protocol::Cursor& to, const storage::LogHead& head);
    void advance_later();
    void retry();
    void lose(Loss::Reason reason, const storage::LogHead& head);

    Tails& tails_;
    Sink& sink_;
    const Following following_;
    TenantTail* tail_ = nullptr;       ///< from start() to stop()
    ChannelEntry* channel_ = nullptr;  ///< while live
    std::int64_t after_pos_;           ///< what was given ends here; behind the head while live
    std::uint64_t ticket_ = 0;         ///< while it waits for the tail
    ReadRetry retry_;
    bool reading_ = false;   ///< a page was asked for
    bool retrying_ = false;  ///< until the delay after a failed read is over
    bool later_ = false;
    bool stopped_ = false;
    bool announced_live_ = false;
};

}  // namespace hubtrail::follow
