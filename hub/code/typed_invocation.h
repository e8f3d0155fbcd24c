#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "hub/code/code_session.h"
#include "hub/code/failed_call.h"
#include "hub/code/hub_definition.h"
#include "hub/code/invocation.h"
#include "hub/code/stream.h"
#include "hub/code/task.h"
#include "hub/code/upload.h"
#include "hub/code/value.h"

namespace hubtrail::hub {

namespace detail {

template <typename T>
inline constexpr bool kIsUpload = false;
template <typename T>
inline constexpr bool kIsUpload<Upload<T>> = true;
template <typename T>
inline constexpr bool kIsToken = std::is_same_v<T, CancellationToken>;
/// Sent by the client as an argument.
template <typename T>
inline constexpr bool kIsSent = !kIsUpload<T> && !kIsToken<T>;

/// What a method gives, and how.
template <typename R>
struct Returned {
    static constexpr MethodKind kKind = MethodKind::plain;
    static constexpr bool kTask = false;
};
template <typename T>
struct Returned<Stream<T>> {
    static constexpr MethodKind kKind = MethodKind::stream;
    static constexpr bool kTask = false;
};
template <typename T>
struct Returned<Task<T>> {
    static constexpr MethodKind kKind = MethodKind::async;
    static constexpr bool kTask = true;
};
template <typename T>
struct Returned<Task<Stream<T>>> {
    static constexpr MethodKind kKind = MethodKind::stream;
    static constexpr bool kTask = true;
};

/// Fills a method's parameters from a call. Stops at the first argument that cannot be read, and
/// keeps why as problem().
/// Thread: strand.
class ArgumentBinder {
public:
    ArgumentBinder(const HubCall& call, CancellationToken token)
        : call_(call), token_(std::move(token)) {}

    template <typename T>
    bool bind(T& parameter) {
        if constexpr (kIsToken<T>) {
            parameter = token_;
            return true;
        } else if constexpr (kIsUpload<T>) {
            parameter = T(call_.uploads[uploads_++], call_.connection.protocol());
            return true;
        } else {
            const auto raw = call_.message.arguments[arguments_++];
            const auto reader = call_.connection.protocol().make_reader(raw);
            if (!read_value(*reader, parameter)) {
                problem_ = binding_problem(arguments_, *reader);
                return false;
            }
            return true;
        }
    }
    template <typename... T>
    bool bind_all(std::tuple<T...>& parameters) {
        return std::apply([&](auto&... each) { return (bind(each) && ...); }, parameters);
    }
    const std::string& problem() const { return problem_; }

private:
    const HubCall& call_;
    const CancellationToken token_;
    std::string problem_;
    std::size_t arguments_ = 0;
    std::size_t uploads_ = 0;
};

}  // namespace detail

/// A call with its bound arguments. Thread: strand.
template <typename H, typename Pointer, typename R, typename... Parameter>
class TypedInvocation final : public Invocation {
public:
    using Arguments = std::tuple<std::remove_cvref_t<Parameter>...>;

    TypedInvocation(CodeSession& session, const MethodEntry& entry, const HubCall& call,
                    Pointer pointer)
        : Invocation(session, entry, call), method_(pointer) {}

    /// Why an argument could not be read; empty: all were.
    std::string bind(const HubCall& call) {
        constexpr bool kTakesToken = (detail::kIsToken<std::remove_cvref_t<Parameter>> || ...);
        detail::ArgumentBinder binder(call, kTakesToken ? token() : CancellationToken());
        binder.bind_all(arguments_);
        return binder.problem();
    }

    std::size_t argument_count() const override { return sizeof...(Parameter); }

private:
    Task<Value> call_method() override {
        if constexpr (detail::Returned<R>::kTask) {
            if constexpr (std::is_void_v<decltype(call().await_resume())>) {
                co_await call();
                co_return Value();
            } else {
                co_return Value(co_await call());
            }
        } else if constexpr (std::is_void_v<R>) {
            call();
            co_return Value();
        } else {
            co_return Value(call());
        }
    }
    R call() {
        auto& object = static_cast<H&>(hub());
        const auto method_of = method_;
        return std::apply(
            [&](auto&... each) -> R {
                return (object.*method_of)(static_cast<Parameter&&>(each)...);
            },
            arguments_);
    }
    void* find_argument(std::size_t index, const std::type_info& type) override {
        void* found = nullptr;
        std::size_t at = 0;
        const auto look = [&](auto& argument) {
            if (at++ == index && typeid(argument) == type) {
                found = &argument;
            }
        };
        std::apply([&](auto&... each) { (look(each), ...); }, arguments_);
        return found;
    }

    Pointer method_;
    Arguments arguments_;
};

}  // namespace hubtrail::hub
