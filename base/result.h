#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"

namespace hubtrail {

/// Wraps an error so that Result's two constructors cannot be confused.
template <typename E>
struct Failure {
    E error;
};

template <typename E>
Failure(E) -> Failure<E>;

/// A value or the reason there is none; stands in for std::expected until the toolchain has it.
/// Taking the value of a failed one, or the error of a good one, aborts in every build: what would
/// be read there is nobody's.
template <typename T, typename E>
class [[nodiscard]] Result {
public:
    // Implicit on purpose: `return value;` and `return Failure{...};` both read plainly.
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

    explicit operator bool() const { return state_.index() == 0; }

    T& operator*() { return *value(state_); }
    const T& operator*() const { return *value(state_); }
    T* operator->() { return value(state_); }
    const T* operator->() const { return value(state_); }
    const E& error() const {
        const auto* failed = std::get_if<1>(&state_);
        HUBTRAIL_CHECK(failed != nullptr, "the error of a good result was taken");
        return *failed;
    }

private:
    template <typename State>
    static auto* value(State& state) {
        auto* good = std::get_if<0>(&state);
        HUBTRAIL_CHECK(good != nullptr, "the value of a failed result was taken");
        return good;
    }

    std::variant<T, E> state_;
};

template <typename E>
class [[nodiscard]] Result<void, E> {
public:
    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Failure<E> failure) : error_(std::move(failure.error)) {}

    explicit operator bool() const { return !error_.has_value(); }
    const E& error() const {
        HUBTRAIL_CHECK(error_.has_value(), "the error of a good result was taken");
        return *error_;
    }

private:
    std::optional<E> error_;
};

}  // namespace hubtrail
