#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "hub/code/task.h"

namespace hubtrail::hub {

/// Items that a coroutine makes one after another with `co_yield`, waiting with `co_await` as it
/// likes: what a streaming hub method returns. Lazy: each item is made when it is asked for.
/// Thread: strand.
template <typename T>
class [[nodiscard]] Stream {
public:
    struct promise_type : detail::PromiseBase {
        Stream get_return_object() {
            return Stream(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        detail::Continue final_suspend() const noexcept { return {}; }
        template <std::convertible_to<T> From>
        detail::Continue yield_value(From&& item) {
            current.emplace(std::forward<From>(item));
            return {};
        }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { error = std::current_exception(); }

        std::optional<T> current;
        std::exception_ptr error;
    };

    /// The reference's null stream: a method that returns it has failed.
    Stream() = default;
    Stream(Stream&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Stream& operator=(Stream&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Stream() {
        if (handle_) {
            handle_.destroy();
        }
    }

    explicit operator bool() const { return static_cast<bool>(handle_); }

    /// Awaitable of the next item, or of nothing at the end. Rethrows what the coroutine threw.
    auto next() { return Next{handle_}; }

private:
    struct Next {
        std::coroutine_handle<promise_type> handle;

        bool await_ready() const noexcept { return handle.done(); }
        template <typename Parent>
        bool await_suspend(std::coroutine_handle<Parent> parent) {
            static_assert(detail::kIsHubPromise<Parent>,
                          "a Stream is read only in a Task or a Stream");
            auto& promise = handle.promise();
            promise.scope = parent.promise().scope;
            promise.current.reset();
            handle.resume();
            if (promise.current || handle.done()) {
                return false;
            }
            promise.continuation = parent;
            return true;
        }
        std::optional<T> await_resume() {
            auto& promise = handle.promise();
            if (promise.error) {
                std::rethrow_exception(std::exchange(promise.error, nullptr));
            }
            return std::exchange(promise.current, std::nullopt);
        }
    };

    explicit Stream(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

}  // namespace hubtrail::hub
