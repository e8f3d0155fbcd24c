#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_set>

namespace hubtrail::rest {

// Limits of the long polls of one loop (docs/limits.md).
inline constexpr std::size_t kPollsMax = 10'000;  ///< that watch for commits; more are answered 503
inline constexpr std::size_t kPollReadsMax =
    256;  ///< reads at a time that a commit or a deadline set off; more queue

/// A request that may wait for news. Thread: strand.
class WaitingPoll {
public:
    virtual ~WaitingPoll() = default;
    /// Starts the read that it queued for, to be followed by end_turn(); false when it was answered
    /// meanwhile.
    virtual bool begin_turn() = 0;
    /// Answers with what it has, as soon as it can.
    virtual void finish() = 0;
};

/// The places of the long polls of one loop. A commit may wake all of them; they read in turns, so
/// that they do not fill the queue of the log's readers, which other requests share.
/// Thread: strand.
class PollRoom {
public:
    /// False when all places are taken. Each poll holds at most one and gives it back before it
    /// ends.
    [[nodiscard]] bool enter(WaitingPoll& poll);
    void leave(WaitingPoll& poll) { polls_.erase(&poll); }

    /// Calls begin_turn() when a read is free, perhaps at once.
    void queue(std::shared_ptr<WaitingPoll> poll);
    void end_turn();

    /// finish() of every poll.
    void finish_all();

    std::size_t polls() const { return polls_.size(); }

private:
    void start_turns();

    std::unordered_set<WaitingPoll*> polls_;
    std::deque<std::shared_ptr<WaitingPoll>> queue_;
    std::size_t turns_ = 0;
};

}  // namespace hubtrail::rest
