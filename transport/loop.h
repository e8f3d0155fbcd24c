#pragma once

#include <cstdint>
#include <functional>

namespace hubtrail::transport {

using Task = std::function<void()>;

/// Called when the turn that asked for it ends, before the loop sleeps. Thread: strand.
class TurnEnd {
public:
    virtual ~TurnEnd() = default;
    virtual void on_turn_end() = 0;
};

/// What a loop has done up to a moment.
struct LoopWork {
    std::int64_t now_ns = 0;   ///< the moment, steady
    std::int64_t busy_ns = 0;  ///< of the time until then: what its turns took
};

/// One event loop: a core's worth of connections, timers and posted work. Everything that a loop
/// owns is touched by its thread only, so none of it is locked. Thread: strand, except post(),
/// which any thread may call.
class Loop {
public:
    virtual ~Loop() = default;

    /// Runs the task on the loop's thread, in order of posting. Any thread. Tasks posted after the
    /// loop stopped are dropped.
    virtual void post(Task task) = 0;

    /// Runs the task once, not before the delay. Returns an id for cancel(); ids are never 0.
    virtual std::uint64_t call_after(std::int64_t delay_ns, Task task) = 0;
    /// Forgets a timer. An id that has fired or was cancelled is ignored.
    virtual void cancel(std::uint64_t timer_id) = 0;

    /// Steady time of the current turn, nanoseconds: one clock read a turn, whatever the turn does.
    virtual std::int64_t now_ns() const = 0;

    /// The moment itself, not the turn's beginning. Reads the clock. Within a turn.
    virtual LoopWork work() const = 0;

    /// Asks for one on_turn_end() call at the end of the current turn. Asking again in the same
    /// turn adds nothing only if the caller keeps its own flag. `hook` must live until then.
    virtual void at_turn_end(TurnEnd& hook) = 0;

    /// 0-based number of the loop, for names and metrics.
    virtual int index() const = 0;
};

}  // namespace hubtrail::transport
