#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>

#include "hub/code/task.h"

namespace hubtrail::hub {

class RootTasks;

/// The outermost coroutine: nobody awaits it, it runs at once and deletes itself at its end. It
/// must not throw. Belongs to the RootTasks that is its first argument. Thread: strand.
class RootTask {
public:
    class promise_type;
};

/// The outermost coroutines of one loop: whatever still waits when the loop is taken down is
/// destroyed with it. Thread: strand; destroyed after the loop has stopped.
class RootTasks {
public:
    RootTasks() = default;
    RootTasks(const RootTasks&) = delete;
    RootTasks& operator=(const RootTasks&) = delete;
    ~RootTasks() { destroy_all(); }

    /// Ends every coroutine where it waits.
    void destroy_all();
    std::size_t running() const { return count_; }

private:
    friend class RootTask::promise_type;
    RootTask::promise_type* first_ = nullptr;
    std::size_t count_ = 0;
};

/// Links the coroutine into its RootTasks. Thread: strand.
class RootTask::promise_type : public detail::PromiseBase {
public:
    /// For coroutines whose first two parameters are their RootTasks and their scope.
    template <typename Scope, typename... More>
    promise_type(RootTasks& tasks, Scope& surroundings, More&...) : tasks_(tasks) {
        scope = &*surroundings;
        if constexpr (requires { surroundings->set_root(std::coroutine_handle<>()); }) {
            surroundings->set_root(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        next_ = tasks.first_;
        if (next_ != nullptr) {
            next_->previous_ = this;
        }
        tasks.first_ = this;
        ++tasks.count_;
    }
    ~promise_type() {
        (previous_ != nullptr ? previous_->next_ : tasks_.first_) = next_;
        if (next_ != nullptr) {
            next_->previous_ = previous_;
        }
        --tasks_.count_;
    }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;

    RootTask get_return_object() { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

private:
    friend class RootTasks;
    RootTasks& tasks_;
    promise_type* next_ = nullptr;
    promise_type* previous_ = nullptr;
};

inline void RootTasks::destroy_all() {
    while (first_ != nullptr) {
        std::coroutine_handle<RootTask::promise_type>::from_promise(*first_).destroy();
    }
}

}  // namespace hubtrail::hub
