#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/cursor.h"
#include "protocol/event.h"
#include "storage/log_store.h"

// Who follows a log: what a follower gives to, and what live followers share. Two kinds of sink
// exist, the subscription of a hub (hub/log/log_subscription.h) and the poll that waits
// (rest/changes_poll.h). Further ones, and how each is written:
//
//  - an answer that goes on, as SSE or NDJSON: a Sink whose credit() asks its outbox, as that of a
//    hub does; on_event() appends a line, on_range() a comment or a line with the cursor, so that
//    a reader gets on over hidden events. Many alike share a Channel with a
//    transport::SharedStream.
//  - a webhook: a Sink without Sharing. on_event() collects a request, on_range() sends it;
//    credit() is `closed` while one is on its way, and its success stores the range's cursor and
//    calls Follower::resume(). on_lost() marks the webhook as gapped.
//  - an exporter: the same, with a file or a socket in the place of the request.
namespace hubtrail::follow {

/// Whether a sink takes more.
enum class Credit {
    open,
    next_turn,  ///< to be asked again in the loop's next turn
    closed,     ///< to be asked again at Follower::resume()
};

/// A piece of the log that was given: every position of from..cursor.pos was looked at, and the
/// sink has had those of its events that the filter shows.
struct Range {
    std::int64_t from = 0;
    protocol::Cursor cursor;  ///< where a reader goes on that has seen all of it
    storage::LogHead head;    ///< as known when it was read
};

/// Why nobody can go on from where a follower stands.
struct Loss {
    enum class Reason {
        expired,    ///< events after it are no longer kept
        log_reset,  ///< the log began a new epoch
    };
    Reason reason = Reason::expired;
    storage::LogHead head;
    std::int64_t lost_at_least = 0;  ///< events between the follower and the first that is kept
};

/// An event on its way to those who are live. Dies with the call.
struct LiveEvent {
    const protocol::LogEvent& event;
    std::uint32_t epoch = 1;
    std::uint64_t serial = 0;  ///< one for each event of a loop, never 0: who encodes it once knows
                               ///< by this that it is still the same one
};

/// Live sinks with one filter and one shape: they get each event by one call, whatever their
/// number. Called by the tail, in the order of the log; nobody joins or leaves within a call.
/// Thread: strand.
class Channel {
public:
    virtual ~Channel() = default;
    /// An event that the filter shows.
    virtual void on_event(const LiveEvent& event) = 0;
    /// All up to here was looked at: after a commit that had an event for it, and before another
    /// sink joins, so that all members know the same.
    virtual void on_head(const protocol::Cursor& head) = 0;
    /// Every kBeatNs, for those who tell their peers that they live.
    virtual void on_beat(const protocol::Cursor& head) = 0;
};

/// What a sink adds that can be live by a channel. Thread: strand.
class Sharing {
public:
    virtual ~Sharing() = default;
    /// Sinks of one tenant with equal filters and equal shapes share a channel. It begins with a
    /// word of its kind of sink: a sink only ever gets channels that its kind has made.
    virtual std::string shape() const = 0;
    /// `after_pos`: the head, so its first event comes behind it.
    virtual std::unique_ptr<Channel> make_channel(std::int64_t after_pos) const = 0;
    /// From now on what the channel is told is for this sink too. Both stand at the head.
    virtual void join(Channel& channel, const protocol::Cursor& head) = 0;
    virtual void leave(Channel& channel) = 0;
};

/// What a follower gives to, on its loop. In each call but credit() the sink may stop its follower
/// or let go of it. Thread: strand.
class Sink {
public:
    virtual ~Sink() = default;
    virtual Credit credit() = 0;
    /// An event of the range that the next on_range() ends. Dies with the call.
    virtual void on_event(const protocol::LogEvent& event) = 0;
    virtual void on_range(const Range& range) = 0;
    /// It stands at the head for the first time.
    virtual void on_live(const protocol::Cursor& head) = 0;
    /// It cannot go on; the last call.
    virtual void on_lost(const Loss& loss) = 0;
    /// The log cannot be read and that will not pass (storage::passes()); the last call.
    virtual void on_failed(const storage::StoreError& error) = 0;
    /// Null: it has what is new by ranges, which costs no read of the store as long as it keeps up.
    virtual Sharing* sharing() { return nullptr; }
};

}  // namespace hubtrail::follow
