#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <utility>

#include "hub/code/call_scope.h"
#include "hub/code/cancellation.h"
#include "hub/code/task.h"

namespace hubtrail::hub {

/// Awaitable of delay(). Thread: strand.
class [[nodiscard]] Delay {
public:
    Delay(std::int64_t delay_ns, CancellationToken stop)
        : delay_ns_(delay_ns), stop_(std::move(stop)) {}
    Delay(const Delay&) = delete;
    Delay& operator=(const Delay&) = delete;
    ~Delay() {
        if (wake_) {
            wake_->forget();
            loop_->cancel(timer_);
        }
    }

    bool await_ready() const { return stop_.requested(); }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) {
        static_assert(detail::kIsHubPromise<Promise>,
                      "delay() is awaited only in a Task or a Stream");
        loop_ = &handle.promise().scope->loop();
        wake_ = std::make_shared<Wake>(*loop_);
        wake_->wait(handle);
        if (delay_ns_ <= 0) {
            Wake::post(wake_);  // the next turn; a timer would cost calls of the kernel
            return;
        }
        timer_ = loop_->call_after(delay_ns_, [wake = wake_] { wake->resume(); });
        registration_ = stop_.on_request([wake = wake_] { Wake::post(wake); });
    }
    /// Whether the time has passed; false: the token was requested before.
    bool await_resume() const { return !stop_.requested(); }

private:
    std::int64_t delay_ns_;
    CancellationToken stop_;
    transport::Loop* loop_ = nullptr;
    std::uint64_t timer_ = 0;
    std::shared_ptr<Wake> wake_;  ///< owned with the timer
    CancellationRegistration registration_;
};

/// `co_await delay(20ms)` lets that much time pass, `delay(0ms)` the present turn of the loop; with
/// a token, less if it is requested.
inline Delay delay(std::chrono::nanoseconds duration, CancellationToken stop = {}) {
    return {duration.count(), std::move(stop)};
}

}  // namespace hubtrail::hub
