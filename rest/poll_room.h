#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_set>

#include "transport/loop.h"

namespace hubtrail::rest {

// Limits of the long polls of one loop (docs/limits.md).
inline constexpr std::size_t kPollsMax = 10'000;  ///< that wait for commits; more are answered 503
inline constexpr std::size_t kPollReadsMax =
    256;  ///< that are at work at a time, and that begin within a turn of the loop; more queue

/// A request that may wait for news. Thread: strand.
class WaitingPoll {
public:
    virtual ~WaitingPoll() = default;
    /// Goes on with what it queued for, to be followed by end_turn(), perhaps within the call;
    /// false when it was answered meanwhile.
    virtual bool begin_turn() = 0;
    /// Answers with what it has, as soon as it can.
    virtual void finish() = 0;
};

/// The places of the long polls of one loop. A commit may wake all of them; they work in turns, so
/// that they neither fill the queue of the log's readers, which other requests share, nor keep the
/// loop from everything else. Thread: strand. `loop` must outlive it, and it the last turn of the
/// loop.
class PollRoom {
public:
    explicit PollRoom(transport::Loop& loop) : loop_(loop) {}

    /// False when all places are taken. Each poll holds at most one and gives it back before it
    /// ends.
    [[nodiscard]] bool enter(WaitingPoll& poll);
    void leave(WaitingPoll& poll) { polls_.erase(&poll); }

    /// True: the poll has a turn now. False: it is queued, and begin_turn() is called later.
    [[nodiscard]] bool ask_turn(std::shared_ptr<WaitingPoll> poll);
    void end_turn();

    /// finish() of every poll.
    void finish_all();

    std::size_t polls() const { return polls_.size(); }

private:
    bool turn_is_free() const { return turns_ < kPollReadsMax && begun_ < kPollReadsMax; }
    void take_turn();
    void start_turns();

    transport::Loop& loop_;
    std::unordered_set<WaitingPoll*> polls_;
    std::deque<std::shared_ptr<WaitingPoll>> queue_;  ///< owned with their requests
    std::size_t turns_ = 0;
    std::size_t begun_ = 0;  ///< turns, in this turn of the loop
    bool starting_ = false;
};

}  // namespace hubtrail::rest
