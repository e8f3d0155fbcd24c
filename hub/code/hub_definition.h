#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/code/filter.h"
#include "hub/code/policy.h"
#include "hub/connection/hub_options.h"
#include "hub/connection/hub_session.h"

namespace hubtrail::hub {

class CodeSession;

/// One method of a hub: what Methods collects. A base with data: what is known of every method is
/// read for each call, and only the call itself hangs on its types. Thread: any; it never changes.
class MethodEntry {
public:
    virtual ~MethodEntry() = default;
    /// Binds the arguments and calls the method, now or in a coroutine that answers later.
    virtual void call(CodeSession& session, const HubCall& call) const = 0;

    std::string name;
    std::string lower_name;
    std::optional<std::string> policy;  ///< empty name: any authenticated user
    HubMethod row{};
};

/// All that is known of one type of hub, on all its routes and loops. Thread: any; it does not
/// change once the server runs.
struct HubDefinition {
    std::string name;  ///< of the type
    HubOptions options;
    std::function<std::unique_ptr<Hub>()> create;
    std::vector<std::shared_ptr<HubFilter>> filters;  ///< owned with whoever added them
    Policies policies;
    UserIdProvider user_id;
    std::unordered_map<std::string_view, std::unique_ptr<MethodEntry>> methods;  ///< by lower_name

    /// Throws std::logic_error when there is one of this name already: hubs have no overloads.
    void add(std::unique_ptr<MethodEntry> method);
    const MethodEntry* find(std::string_view lower_name) const;
    /// After the last method and filter: what goes through a filter may have to wait there.
    void seal();
    /// Whether this user may; the empty policy wants one. Throws std::logic_error for a policy that
    /// nobody has added.
    bool allows(const std::string& policy, const AuthorizationContext& context) const;
};

/// The claim that names the user (`sub`).
std::string default_user_id(const auth::Principal* user, const RequestInfo& request);

}  // namespace hubtrail::hub
