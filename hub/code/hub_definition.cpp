#include "hub/code/hub_definition.h"

#include <stdexcept>
#include <utility>

#include "base/ascii.h"

namespace hubtrail::hub {

void HubDefinition::add(std::unique_ptr<MethodEntry> method) {
    method->lower_name = lower_case(method->name);
    method->row.name = method->lower_name;
    method->row.declared_name = method->name;
    method->row.context = method.get();
    const std::string_view key = method->lower_name;
    const auto added = methods.try_emplace(key, std::move(method));
    if (!added.second) {
        throw std::logic_error("hub " + name + " has two methods '" + added.first->second->name +
                               "': names differ by more than case, and there are no overloads");
    }
}

const MethodEntry* HubDefinition::find(std::string_view lower_name) const {
    const auto found = methods.find(lower_name);
    return found == methods.end() ? nullptr : found->second.get();
}

void HubDefinition::seal() {
    for (const auto& [lower, method] : methods) {
        if (!filters.empty() && method->row.kind == MethodKind::plain) {
            method->row.kind = MethodKind::async;
        }
    }
}

bool HubDefinition::allows(const std::string& policy, const AuthorizationContext& context) const {
    if (policy.empty()) {
        return context.authenticated();
    }
    const auto found = policies.find(policy);
    if (found == policies.end()) {
        throw std::logic_error("there is no authorization policy '" + policy + "'");
    }
    return found->second(context);
}

std::string default_user_id(const auth::Principal* user, const RequestInfo&) {
    return user != nullptr ? user->subject : std::string();
}

}  // namespace hubtrail::hub
