#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "transport/frame_ref.h"
#include "transport/gathering.h"
#include "transport/loop.h"
#include "transport/segment.h"
#include "transport/sent_history.h"
#include "transport/socket.h"

namespace hubtrail::transport {

// Limits of what waits for one slow peer (docs/limits.md).
inline constexpr std::size_t kUnsentSoftMax =
    256 * 1024;  ///< over it: on_congested(), log tails become readers
inline constexpr std::size_t kUnsentLowWater = 64 * 1024;  ///< at or below it again: on_drained()
inline constexpr std::size_t kUnsentHardMax =
    1024 * 1024;  ///< what no log can replay: over it the peer is cut off
inline constexpr std::size_t kSharedTurnBytesMax =
    512 * 1024;  ///< a shared stream flushes in mid-turn beyond this

class OutputScheduler;
class SharedStream;

/// Told what becomes of a connection's output. Called at the end of a turn, never within a call of
/// the owner's; only on_blocked() comes in the middle of the writing. Thread: strand.
class OutboxOwner {
public:
    virtual ~OutboxOwner() = default;
    virtual void on_blocked() = 0;    ///< ask the socket to say when it can be written, and no more
    virtual void on_congested() = 0;  ///< over kUnsentSoftMax, or over the limit of the history
    virtual void
    on_drained() = 0;  ///< at kUnsentLowWater or less and below that limit, after on_congested()
    virtual void on_flushed() = 0;       ///< nothing waits any more, after tell_when_flushed()
    virtual void on_write_failed() = 0;  ///< the peer is gone; nothing more will be sent
};

/// What one connection still has to send: ranges of segments that it shares with others, in order.
/// Whatever is added within a turn leaves in one gathered write at the end of it. Thread: strand.
/// `scheduler`, `socket` and `owner` must outlive it.
class Outbox {
public:
    Outbox(OutputScheduler& scheduler, Socket& socket, OutboxOwner& owner);
    ~Outbox();
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;

    /// Copies the two parts, one after the other, behind everything that is already due. `counted`:
    /// messages in it that a history keeps.
    void send(std::string_view head, std::string_view body = {}, std::uint32_t counted = 0);
    /// The same without copying, for one frame that goes to several.
    void send_frame(const FrameRef& frame, std::uint32_t counted);

    /// From now on receives what is appended to the stream. A stream is joined once at most.
    void join(SharedStream& stream);
    /// Everything appended so far is still sent.
    void leave(SharedStream& stream);

    // Stateful reconnect (HubProtocol.md): counted messages are kept until the peer acknowledges
    // them.

    /// From now on; ids begin with 1. Over `bytes_max` the outbox is congested.
    void keep_history(std::size_t bytes_max);
    bool has_history() const { return history_ != nullptr; }
    /// Id of the oldest message that is kept; one more than the last id when there is none.
    std::int64_t history_begin() const { return history_->begin(); }
    /// The peer has everything up to this id.
    void acknowledge(std::int64_t id);
    /// Once a second: gives back memory that a history has no use for.
    void on_second();
    /// The peer begins anew on another socket: forgets what is unsent, sends `first` and then all
    /// that is kept.
    void resend(std::string_view first);

    /// Bytes that wait for this peer. Does not count shared bytes of the current turn.
    std::size_t unsent() const { return unsent_; }
    /// More than kUnsentHardMax waits to be sent or to be acknowledged.
    bool overrun() const {
        return unsent_ > kUnsentHardMax || (history_ && history_->bytes() > kUnsentHardMax);
    }
    bool failed() const { return failed_; }
    /// Will be congested when this turn ends.
    bool must_wait() const { return unsent_ > kUnsentSoftMax || (history_ && history_->over()); }
    /// Between on_congested() and on_drained().
    bool congested() const { return congested_; }
    /// Grows whenever the peer takes bytes that had to wait; a stalled peer's stands still.
    std::uint64_t taken() const { return taken_; }

    /// Asks for one on_flushed(), at the end of this turn at the earliest.
    void tell_when_flushed();

    /// The socket can be written again. `reading` is what the owner wants of it.
    void on_writable(bool reading);
    /// Waits for on_writable().
    bool blocked() const { return blocked_; }

private:
    friend class OutputScheduler;
    friend class SharedStream;
    struct Membership {
        SharedStream* stream;
        std::uint32_t index;  ///< in the stream's members
    };

    void append(SegmentRange range);  ///< takes over one reference
    void pull_shared();
    bool due_only_from(const SharedStream& stream) const;
    void mark_dirty();
    void flush();
    void block();
    void advance(std::size_t bytes);
    void fail();
    void check_congestion();
    void note_backlog();
    void drop_unsent();
    bool may_go_on() const { return unsent_ <= kUnsentLowWater && !(history_ && history_->over()); }

    OutputScheduler& scheduler_;
    Socket& socket_;
    OutboxOwner& owner_;
    std::vector<SegmentRange> ranges_;
    std::uint32_t first_ = 0;  ///< ranges before it are sent
    bool dirty_ = false;
    bool blocked_ = false;
    bool failed_ = false;
    bool congested_ = false;
    bool backlogged_ = false;  ///< counted by the streams that it has joined
    bool reported_ = false;    ///< in the scheduler's list of owners to tell
    bool tell_flushed_ = false;
    std::uint64_t taken_ = 0;
    std::size_t unsent_ = 0;
    std::vector<Membership> memberships_;
    std::unique_ptr<SentHistory> history_;
};

/// Streams whose frames reach a common member in the order in which they were appended, whichever
/// stream each went to. Thread: strand. Must outlive its streams.
class SendOrder {
private:
    friend class SharedStream;
    SharedStream* last_ = nullptr;  ///< appended to last
};

/// A sequence of frames that several connections receive alike, laid out one after another. A
/// member that keeps up costs nothing between turns: at the end of a turn it is sent the turn's
/// bytes straight from here. Thread: strand. Must be left by every member before it dies.
class SharedStream {
public:
    /// `order` null: no order between this stream and others.
    explicit SharedStream(OutputScheduler& scheduler, SendOrder* order = nullptr)
        : scheduler_(scheduler), order_(order) {}
    ~SharedStream();
    SharedStream(const SharedStream&) = delete;
    SharedStream& operator=(const SharedStream&) = delete;

    /// Appends one whole frame, one message, for every member.
    void append(std::string_view head, std::string_view body);
    bool empty() const { return members_.empty(); }
    std::size_t members() const { return members_.size(); }
    /// True if some member has more than kUnsentLowWater waiting, or its history is over its limit:
    /// a sender that can wait should.
    bool backlogged() const { return backlogged_ > 0; }

private:
    friend class Outbox;
    friend class OutputScheduler;
    struct Member {
        Outbox* outbox;
        std::uint64_t seen;           ///< stream offset up to which it has its bytes
        std::uint64_t seen_messages;  ///< the same in messages
    };
    /// What of the turn lies in one segment.
    struct Part {
        SegmentRange range;
        std::uint32_t messages;
    };

    void flush();
    void settle();
    void hand_over_all();
    bool owes(const Member& member) const { return member.seen < turn_end_; }
    void hand_over(Member& member);
    template <typename Take>
    void each_unseen(const Member& member, Take&& take) const;
    void mark_seen(Member& member) const;
    void drop_turn();

    OutputScheduler& scheduler_;
    SendOrder* const order_;
    std::vector<Member> members_;
    std::vector<Part> turn_;        ///< the turn's bytes; one reference each
    std::uint64_t turn_begin_ = 0;  ///< stream offsets
    std::uint64_t turn_end_ = 0;
    std::uint64_t messages_begin_ = 0;  ///< messages before the turn
    std::uint64_t messages_end_ = 0;
    std::uint64_t stamp_ = 0;  ///< when the turn's first bytes were appended, among all streams
    std::uint32_t start_ = 0;  ///< rotates, so that the same member is not always last
    std::uint32_t backlogged_ = 0;
    bool dirty_ = false;
};

/// Collects what a loop's turn has to send and writes it when the turn ends. What is meant for one
/// connection never waits longer; what the shared streams have waits for more while the loop is
/// busy (transport/gathering.h), in its place before whatever is sent to the same connection later.
/// Thread: strand; one per loop.
class OutputScheduler final : public TurnEnd {
public:
    /// `gather_ns_max`: the longest that a shared frame waits for more; 0: never.
    explicit OutputScheduler(Loop& loop, std::int64_t gather_ns_max = 0)
        : loop_(loop), gathering_(gather_ns_max) {}
    ~OutputScheduler() override;

    void on_turn_end() override;
    Loop& loop() { return loop_; }
    SegmentPool& pool() { return pool_; }
    /// Copies the two parts, one after the other, once for all who get them by send_frame().
    FrameRef lay_out(std::string_view head, std::string_view body) {
        return {pool_, copy_to_arena(head, body)};
    }

private:
    friend class Outbox;
    friend class SharedStream;
    void request_turn_end();
    bool gathers();
    void flush_streams();
    void flush_outboxes();
    void report();
    SegmentRange copy_to_arena(std::string_view head, std::string_view body);

    Loop& loop_;
    SegmentPool pool_;
    Segment* arena_ = nullptr;
    std::vector<Outbox*> dirty_;
    std::vector<SharedStream*> dirty_streams_;
    std::uint64_t stamps_ = 0;
    std::vector<Outbox*> to_report_;
    bool requested_ = false;
    Gathering gathering_;
    std::uint64_t gather_timer_ = 0;  ///< while it runs the streams wait
    bool gathered_ = false;           ///< the timer has fired: they have waited
};

}  // namespace hubtrail::transport
