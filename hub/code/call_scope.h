#pragma once

#include <coroutine>
#include <functional>
#include <memory>
#include <utility>

#include "transport/loop.h"

namespace hubtrail::hub {

class WorkerPool;

/// What surrounds a running coroutine of a hub: its loop, and what it may ask for there. Every Task
/// and Stream inherits it from whoever awaits it; the outermost has it from the library.
/// Thread: strand.
class CallScope {
public:
    virtual ~CallScope() = default;
    virtual transport::Loop& loop() = 0;
    virtual WorkerPool& workers() = 0;
    /// Whether a coroutine that need not wait may go on within this turn; false: others have their
    /// turn first.
    virtual bool may_continue() = 0;
    /// The coroutine is about to wait for a client's result. Throws where that is not allowed.
    virtual void before_client_result() {}
};

/// A suspended coroutine's way back to its loop. Shared by the awaitable, which lives in the
/// coroutine's frame and forgets the handle when the frame dies, and by whoever wakes it.
/// Thread: strand.
class Wake {
public:
    explicit Wake(transport::Loop& loop) : loop_(loop) {}

    void wait(std::coroutine_handle<> handle) { handle_ = handle; }
    void forget() { handle_ = nullptr; }

    /// Resumes the coroutine now: only where nothing of ours is on the stack.
    void resume() {
        if (const auto handle = std::exchange(handle_, nullptr)) {
            handle.resume();
        }
    }
    /// Resumes it in a task of its own, soon.
    static void post(std::shared_ptr<Wake> wake) {
        auto& loop = wake->loop_;
        loop.post([wake = std::move(wake)] { wake->resume(); });
    }

private:
    transport::Loop& loop_;
    std::coroutine_handle<> handle_;
};

}  // namespace hubtrail::hub
