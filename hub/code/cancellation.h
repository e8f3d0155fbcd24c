#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace hubtrail::hub {

namespace detail {
struct CancellationState {
    std::atomic<bool> requested{false};
    std::map<std::uint64_t, std::function<void()>> callbacks;  ///< in order of registration
    std::uint64_t last_id = 0;
};
}  // namespace detail

/// Takes a callback of CancellationToken::on_request() back when it dies. Thread: strand.
class [[nodiscard]] CancellationRegistration {
public:
    CancellationRegistration() = default;
    CancellationRegistration(std::weak_ptr<detail::CancellationState> state, std::uint64_t id)
        : state_(std::move(state)), id_(id) {}
    CancellationRegistration(CancellationRegistration&& other) noexcept
        : state_(std::exchange(other.state_, {})), id_(other.id_) {}
    CancellationRegistration& operator=(CancellationRegistration&& other) noexcept {
        std::swap(state_, other.state_);
        std::swap(id_, other.id_);
        return *this;
    }
    ~CancellationRegistration() {
        if (const auto state = state_.lock()) {
            state->callbacks.erase(id_);
        }
    }

private:
    std::weak_ptr<detail::CancellationState> state_;
    std::uint64_t id_ = 0;
};

/// Says that a result is no longer wanted: the client cancelled its invocation, or its connection
/// is gone. Cheap to copy. A default one is never requested. Thread: any for requested(), which is
/// an atomic flag; on_request() on the connection's loop.
class CancellationToken {
public:
    CancellationToken() = default;

    bool requested() const { return state_ && state_->requested.load(std::memory_order_acquire); }

    /// Calls the function on the connection's loop once it is requested: at once if it has been.
    /// Not after the registration has died.
    CancellationRegistration on_request(std::function<void()> function) const {
        if (!state_) {
            return {};
        }
        if (requested()) {
            function();
            return {};
        }
        const auto id = ++state_->last_id;
        state_->callbacks.emplace(id, std::move(function));
        return {state_, id};
    }

private:
    friend class CancellationSource;
    explicit CancellationToken(std::shared_ptr<detail::CancellationState> state)
        : state_(std::move(state)) {}

    std::shared_ptr<detail::CancellationState> state_;  ///< owned by the source and its tokens
};

/// Makes tokens and requests them. Thread: strand.
class CancellationSource {
public:
    CancellationToken token() const {
        if (!state_) {
            state_ = std::make_shared<detail::CancellationState>();
        }
        return CancellationToken(state_);
    }
    void request() {
        const auto state = token().state_;
        if (state->requested.exchange(true)) {
            return;
        }
        // One at a time: a callback may take any other back.
        while (!state->callbacks.empty()) {
            state->callbacks.extract(state->callbacks.begin()).mapped()();
        }
    }

private:
    mutable std::shared_ptr<detail::CancellationState> state_;  ///< owned with the tokens
};

}  // namespace hubtrail::hub
