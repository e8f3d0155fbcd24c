#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "hub/code/convert.h"
#include "hub/code/request_info.h"
#include "hub/connection/hub_connection.h"

namespace hubtrail::hub {

/// What a policy decides about: a user who connects, or who calls a method. Dies with the decision.
/// Thread: strand.
class AuthorizationContext {
public:
    /// `user` null: nobody.
    AuthorizationContext(const auth::Principal* user, const RequestInfo& request,
                         const HubCall* call)
        : user_(user), request_(request), call_(call) {}

    /// Whether there is a user: methods may be called by somebody without a token.
    bool authenticated() const { return user_ != nullptr; }
    /// Without any claim if there is none.
    const auth::Principal& user() const {
        static const auth::Principal nobody;
        return user_ != nullptr ? *user_ : nobody;
    }
    const RequestInfo& request() const { return request_; }
    /// The method as the client named it; empty: it connects.
    std::string_view method() const {
        return call_ != nullptr ? call_->message.target : std::string_view();
    }
    /// An argument of the call; nothing when there is none of this type.
    template <typename T>
    std::optional<T> argument(std::size_t index) const {
        T value{};
        if (call_ == nullptr || index >= call_->message.arguments.size() ||
            !read_value(*call_->connection.protocol().make_reader(call_->message.arguments[index]),
                        value)) {
            return std::nullopt;
        }
        return value;
    }

private:
    const auth::Principal* user_;
    const RequestInfo& request_;
    const HubCall* call_;
};

/// Says whether this user may, or for a method whether nobody may. Thread: any; called on all
/// loops.
using Policy = std::function<bool(const AuthorizationContext&)>;
using Policies = std::map<std::string, Policy, std::less<>>;

/// Makes the user identifier of a new connection; `user` null: nobody. Thread: any; called on all
/// loops.
using UserIdProvider =
    std::function<std::string(const auth::Principal* user, const RequestInfo& request)>;

}  // namespace hubtrail::hub
