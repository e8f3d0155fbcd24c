#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "hub/code/one_shot.h"
#include "hub/code/task.h"

namespace hubtrail::hub {

inline constexpr std::size_t kWorkerQueueMax =
    10'000;  ///< functions that wait; over it on_worker() throws

/// Threads for what blocks: files, databases, long computations. Started at the first use.
/// Thread: any; guarded by one mutex that is held for no callback. The destructor waits for running
/// functions and drops those that have not begun.
class WorkerPool {
public:
    explicit WorkerPool(std::size_t threads_max) : threads_max_(threads_max) {}
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;
    ~WorkerPool() { stop(); }

    /// False: kWorkerQueueMax functions wait already, or the pool has stopped.
    bool submit(std::function<void()> function);
    void stop();

private:
    void work();

    const std::size_t threads_max_;
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::function<void()>> queue_ HUBTRAIL_GUARDED_BY(mutex_);
    std::vector<std::thread> threads_ HUBTRAIL_GUARDED_BY(mutex_);
    std::size_t idle_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    bool stopped_ HUBTRAIL_GUARDED_BY(mutex_) = false;
};

/// Awaitable of on_worker(). Thread: strand.
template <typename Function>
class [[nodiscard]] OnWorker {
    using Given = std::invoke_result_t<Function&>;
    using Kept = std::conditional_t<std::is_void_v<Given>, std::monostate, Given>;
    struct Work {
        explicit Work(Function f) : function(std::move(f)) {}
        Function function;
        OneShot<std::variant<Kept, std::exception_ptr>> result;
    };

public:
    explicit OnWorker(Function function) : work_(std::make_shared<Work>(std::move(function))) {}
    OnWorker(const OnWorker&) = delete;
    OnWorker& operator=(const OnWorker&) = delete;
    ~OnWorker() { work_->result.forget(); }

    bool await_ready() const { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
        static_assert(detail::kIsHubPromise<Promise>,
                      "on_worker() is awaited only in a Task or a Stream");
        auto& scope = *handle.promise().scope;
        if (!scope.workers().submit([work = work_] { run(*work); })) {
            throw std::runtime_error("too many functions wait for a worker");
        }
        return work_->result.wait(scope, handle);
    }
    Given await_resume() {
        auto& value = work_->result.value();
        if (auto* error = std::get_if<1>(&value)) {
            std::rethrow_exception(std::move(*error));
        }
        if constexpr (!std::is_void_v<Given>) {
            return std::move(*std::get_if<0>(&value));
        }
    }

private:
    static void run(Work& work) {
        std::variant<Kept, std::exception_ptr> value{std::in_place_index<1>};
        try {
            if constexpr (std::is_void_v<Given>) {
                work.function();
                value.template emplace<0>();
            } else {
                value.template emplace<0>(work.function());
            }
        } catch (...) {
            value.template emplace<1>(std::current_exception());
        }
        work.result.set(std::move(value));
    }

    std::shared_ptr<Work> work_;  ///< owned with the worker that runs it
};

/// `auto rows = co_await on_worker(query, id)` calls a function that blocks on a thread of the
/// pool, with copies of the arguments, and comes back to the connection's loop with what it
/// returned or threw. What it uses must be its own: it may still run when the coroutine is gone. A
/// lambda that captures has to have a name first:
///     auto work = [id] { return query(id); };
///     auto rows = co_await on_worker(work);
template <typename Function, typename... Argument>
auto on_worker(Function&& function, Argument... arguments) {
    static_assert(
        std::is_lvalue_reference_v<Function> || std::is_trivially_destructible_v<Function>,
        "hubtrail: GCC 12 destroys a lambda with captures twice when it is written within a "
        "co_await. Name "
        "it first, or give on_worker() what it captures as arguments");
    if constexpr (sizeof...(Argument) == 0) {
        return OnWorker<std::decay_t<Function>>(std::forward<Function>(function));
    } else {
        auto call = [function = std::decay_t<Function>(std::forward<Function>(function)),
                     ... held = std::move(arguments)]() mutable {
            return function(std::move(held)...);
        };
        return OnWorker<decltype(call)>(std::move(call));
    }
}

}  // namespace hubtrail::hub
