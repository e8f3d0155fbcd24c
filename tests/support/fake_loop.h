#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "transport/loop.h"

namespace hubtrail::transport {

/// A loop that turns when the test says so, in the test's own thread and time.
///
/// Thread: strand, post() from any. The posted tasks are guarded by mutex_.
class FakeLoop final : public Loop {
public:
    void post(Task task) override;
    std::uint64_t call_after(std::int64_t delay_ns, Task task) override;
    void cancel(std::uint64_t timer_id) override;
    std::int64_t now_ns() const override { return now_ns_; }
    LoopWork work() const override { return {now_ns_, busy_ns_}; }
    void at_turn_end(TurnEnd& hook) override { hooks_.push_back(&hook); }
    int index() const override { return 0; }

    /// One turn: what was posted before it, then its end. How many tasks ran.
    std::size_t run_turn();
    /// Turns until nothing is posted.
    std::size_t run();
    /// Moves the time on, stopping at each timer that is due: it fires, then run().
    void advance(std::int64_t delay_ns);

    /// Time passes while the loop works: in a task, in a hook, or in between.
    void work_for(std::int64_t duration_ns) {
        now_ns_ += duration_ns;
        busy_ns_ += duration_ns;
    }

    /// Blocks until something is posted, for tests whose callbacks come from another thread.
    void wait_until_posted();
    /// From now on posted tasks are dropped.
    void stop();

    std::size_t posted() const;
    std::size_t timers() const { return timers_.size(); }
    /// When the next timer is due; -1 without one.
    std::int64_t next_timer_ns() const {
        return timers_.empty() ? -1 : timers_.begin()->first.first;
    }

private:
    void end_turn();

    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Task> posted_ HUBTRAIL_GUARDED_BY(mutex_);
    bool stopped_ HUBTRAIL_GUARDED_BY(mutex_) = false;
    std::vector<TurnEnd*> hooks_;
    std::map<std::pair<std::int64_t, std::uint64_t>, Task> timers_;  // by due time, then id
    std::unordered_map<std::uint64_t, std::int64_t> due_by_id_;
    std::uint64_t last_timer_id_ = 0;
    std::int64_t now_ns_ = 1'000'000'000;
    std::int64_t busy_ns_ = 0;
};

}  // namespace hubtrail::transport
