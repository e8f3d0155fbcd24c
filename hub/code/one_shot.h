#pragma once

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "hub/code/call_scope.h"

namespace hubtrail::hub {

/// A value that comes once, from whichever thread: awaited by one coroutine on its loop, or waited
/// for by a thread that may block. Shared by whoever waits and whoever answers; an answer that
/// nobody waits for any more is dropped. Thread: any; the state is one atomic, the value is written
/// before it says so.
template <typename T>
class OneShot {
public:
    bool ready() const { return state_.load(std::memory_order_acquire) == State::done; }

    /// The first one counts.
    void set(T value) {
        if (claimed_.exchange(true, std::memory_order_acq_rel)) {
            return;
        }
        value_.emplace(std::move(value));
        if (state_.exchange(State::done, std::memory_order_acq_rel) == State::awaited) {
            Wake::post(wake_);
        }
        state_.notify_all();
    }

    /// On the loop of the coroutine, once. False: the value is there, go on.
    bool wait(CallScope& scope, std::coroutine_handle<> handle) {
        if (ready() && scope.may_continue()) {
            return false;
        }
        wake_ = std::make_shared<Wake>(scope.loop());
        wake_->wait(handle);
        auto expected = State::empty;
        if (!state_.compare_exchange_strong(expected, State::awaited, std::memory_order_acq_rel)) {
            Wake::post(wake_);
        }
        return true;
    }
    /// The coroutine is gone, or was resumed. On its loop.
    void forget() {
        if (wake_) {
            wake_->forget();
        }
    }

    /// Blocks. Never on a loop's thread, which may have the answer to give.
    void wait_blocking() const {
        for (auto state = state_.load(); state != State::done; state = state_.load()) {
            state_.wait(state);
        }
    }

    /// Only when it is ready.
    T& value() { return *value_; }

private:
    enum class State : std::uint8_t { empty, awaited, done };
    std::atomic<State> state_{State::empty};
    std::atomic<bool> claimed_{false};
    std::optional<T> value_;
    std::shared_ptr<Wake> wake_;  ///< owned with the task that it posts
};

}  // namespace hubtrail::hub
