#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

namespace hubtrail {

/// Wraps an error so that Result's two constructors cannot be confused.
template <typename E>
struct Failure {
    E error;
};

template <typename E>
Failure(E) -> Failure<E>;

/// A value or the reason there is none; stands in for std::expected until the toolchain has it.
template <typename T, typename E>
class [[nodiscard]] Result {
public:
    // Implicit on purpose: `return value;` and `return Failure{...};` both read plainly.
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

    explicit operator bool() const { return state_.index() == 0; }

    T& operator*() { return *std::get_if<0>(&state_); }
    const T& operator*() const { return *std::get_if<0>(&state_); }
    T* operator->() { return std::get_if<0>(&state_); }
    const T* operator->() const { return std::get_if<0>(&state_); }
    const E& error() const {
        assert(state_.index() == 1);
        return *std::get_if<1>(&state_);
    }

private:
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
        assert(error_.has_value());
        return *error_;
    }

private:
    std::optional<E> error_;
};

}  // namespace hubtrail
