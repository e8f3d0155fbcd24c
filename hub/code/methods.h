#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "hub/code/code_session.h"
#include "hub/code/hub_definition.h"
#include "hub/code/typed_invocation.h"

namespace hubtrail::hub {

/// A method of a hub class. Thread: any.
template <typename H, typename Pointer, typename R, typename... Parameter>
class TypedMethod final : public MethodEntry {
    static_assert(((!std::is_lvalue_reference_v<Parameter> ||
                    std::is_const_v<std::remove_reference_t<Parameter>>)&&...),
                  "hubtrail: a hub method takes its parameters by value or by const reference");
    static_assert((std::is_default_constructible_v<std::remove_cvref_t<Parameter>> && ...),
                  "hubtrail: a hub method's parameters must be default constructible");

public:
    TypedMethod(std::string_view its_name, Pointer method) : method_(method) {
        constexpr std::size_t kUploads =
            (std::size_t{detail::kIsUpload<std::remove_cvref_t<Parameter>>} + ... + 0);
        name = its_name;
        row.kind = detail::Returned<R>::kKind;
        if (row.kind == MethodKind::plain && kUploads > 0) {
            row.kind = MethodKind::async;
        }
        row.arguments_min =
            (std::size_t{detail::kIsSent<std::remove_cvref_t<Parameter>>} + ... + 0);
        row.arguments_max = row.arguments_min;
        row.uploads = kUploads;
        row.call = [](HubSession& session, const HubMethod& method_row, const HubCall& call) {
            static_cast<const MethodEntry*>(method_row.context)
                ->call(static_cast<CodeSession&>(session), call);
        };
    }

    void call(CodeSession& session, const HubCall& call) const override {
        if constexpr (detail::Returned<R>::kKind == MethodKind::plain) {
            if (row.kind == MethodKind::plain) {
                call_now(session, call);
                return;
            }
        }
        auto invocation = std::make_unique<TypedInvocation<H, Pointer, R, Parameter...>>(
            session, *this, call, method_);
        const auto problem = invocation->bind(call);
        if (problem.empty()) {
            Invocation::run(std::move(invocation));
        } else {
            invocation->refuse(call, problem);
        }
    }

private:
    void call_now(CodeSession& session, const HubCall& call) const {
        std::tuple<std::remove_cvref_t<Parameter>...> arguments;
        constexpr bool kTakesToken = (detail::kIsToken<std::remove_cvref_t<Parameter>> || ...);
        detail::ArgumentBinder binder(
            call, kTakesToken ? session.caller()->aborted() : CancellationToken());
        if (!binder.bind_all(arguments)) {
            return session.refuse_plain(*this, call, binder.problem());
        }
        session.call_plain(*this, call, [&](Hub& hub, ValueWriter& writer) {
            const auto run = [&](auto&... each) {
                return (static_cast<H&>(hub).*method_)(static_cast<Parameter&&>(each)...);
            };
            if constexpr (std::is_void_v<R>) {
                std::apply(run, arguments);
                writer.null();
            } else {
                write_value(writer,
                            static_cast<const std::remove_cvref_t<R>&>(std::apply(run, arguments)));
            }
        });
    }

    Pointer method_;
};

/// What a hub offers to its clients; names are found without case, and there is one method of a
/// name. Filled by the hub's `static void methods(Methods<H>&)`. Thread: main, while the server is
/// put together.
template <typename H>
class Methods {
public:
    explicit Methods(HubDefinition& definition) : definition_(definition) {}

    template <typename C, typename R, typename... Parameter>
    Methods& add(std::string_view name, R (C::*method)(Parameter...)) {
        return keep<C, decltype(method), R, Parameter...>(name, method);
    }
    template <typename C, typename R, typename... Parameter>
    Methods& add(std::string_view name, R (C::*method)(Parameter...) const) {
        return keep<C, decltype(method), R, Parameter...>(name, method);
    }

    /// The method added last is for authenticated users only, and for those whom the policy allows.
    Methods& authorize(std::string policy = {}) {
        last_->policy = std::move(policy);
        return *this;
    }

private:
    template <typename C, typename Pointer, typename R, typename... Parameter>
    Methods& keep(std::string_view name, Pointer method) {
        static_assert(std::is_base_of_v<C, H>, "hubtrail: this is a method of another class");
        // What the method is declared in, so that hubs with a common base share the code that calls
        // it.
        using Owner = std::conditional_t<std::is_base_of_v<Hub, C>, C, H>;
        auto entry = std::make_unique<TypedMethod<Owner, Pointer, R, Parameter...>>(name, method);
        last_ = entry.get();
        definition_.add(std::move(entry));
        return *this;
    }

    HubDefinition& definition_;
    MethodEntry* last_ = nullptr;
};

}  // namespace hubtrail::hub
