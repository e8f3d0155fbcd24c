#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "hub/code/call_scope.h"

namespace hubtrail::hub {

namespace detail {

/// What every coroutine of a hub carries. Thread: strand.
class PromiseBase {
public:
    std::suspend_always initial_suspend() const noexcept { return {}; }

    CallScope* scope = nullptr;
    std::coroutine_handle<>
        continuation;  ///< who awaits it; null while it runs within the await itself
};

template <typename Promise>
inline constexpr bool kIsHubPromise = std::is_base_of_v<PromiseBase, Promise>;

/// The end of a coroutine, and a yield: goes on with whoever awaits it.
struct Continue {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
        const auto next = std::exchange(handle.promise().continuation, nullptr);
        return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
};

/// Keeps what a task returned or threw. Thread: strand.
template <typename T>
class TaskPromiseBase : public PromiseBase {
public:
    Continue final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    template <std::convertible_to<T> From>
    void return_value(From&& value) {
        value_.emplace(std::forward<From>(value));
    }
    T take() {
        if (error_) {
            std::rethrow_exception(error_);
        }
        return std::move(*value_);
    }

private:
    std::exception_ptr error_;
    std::optional<T> value_;
};

/// The same for a task that returns nothing. Thread: strand.
template <>
class TaskPromiseBase<void> : public PromiseBase {
public:
    Continue final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { error_ = std::current_exception(); }
    void return_void() noexcept {}
    void take() {
        if (error_) {
            std::rethrow_exception(error_);
        }
    }

private:
    std::exception_ptr error_;
};

}  // namespace detail

/// The result of a coroutine: a hub method that waits for something returns it. Lazy: nothing runs
/// before it is awaited, and it is awaited once. An exception comes out of the await. Destroying a
/// task destroys the coroutine wherever it is suspended. Must not outlive what the coroutine refers
/// to. Thread: strand.
template <typename T = void>
class [[nodiscard]] Task {
public:
    struct promise_type : detail::TaskPromiseBase<T> {
        Task get_return_object() {
            return Task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
    };

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() {
        if (handle_) {
            handle_.destroy();
        }
    }

    bool await_ready() const noexcept { return false; }
    template <typename Parent>
    bool await_suspend(std::coroutine_handle<Parent> parent) {
        static_assert(detail::kIsHubPromise<Parent>,
                      "a Task is awaited only in a Task or a Stream");
        auto& promise = handle_.promise();
        promise.scope = parent.promise().scope;
        // Run it from here instead of transferring to it: a loop over tasks that never wait then
        // needs no stack, optimized or not.
        handle_.resume();
        if (handle_.done()) {
            return false;
        }
        promise.continuation = parent;
        return true;
    }
    T await_resume() { return handle_.promise().take(); }

private:
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

}  // namespace hubtrail::hub
