#include "rest/append_rights.h"

#include <string>
#include <string_view>

#include "protocol/json.h"

namespace hubtrail::rest {
namespace {

using auth::SiteRole;

transport::HttpResponse make_refusal(std::size_t index, const std::string& site,
                                     std::string_view why) {
    const auto number = std::to_string(index);
    std::string text = "event " + number;
    std::string details = R"({"index":)" + number + R"(,"site_id":)";
    if (site.empty()) {
        text += " without site_id: ";
        details += "null";
    } else {
        text.append(" of site '").append(site).append("': ");
        protocol::append_json_string(details, site);
    }
    details += "}";
    return transport::make_problem(403, "forbidden", text.append(why), details);
}

// Nothing when the principal may append the event.
std::string_view find_objection(const auth::Principal& principal, const protocol::NewEvent& event) {
    const auto role = principal.role_on(event.site_id.empty() ? "*" : event.site_id);
    if (role == SiteRole::admin || role == SiteRole::super_user) {
        return {};
    }
    if (event.site_id.empty()) {
        return "the role admin or super on every site ('*') is needed";
    }
    if (role == SiteRole::none) {
        return "the token gives no role on this site";
    }
    return event.user_id == principal.subject
               ? std::string_view{}
               : "the role user may append only events with its own user_id";
}

}  // namespace

std::optional<transport::HttpResponse> check_may_append(
    const auth::Principal& principal, const std::vector<protocol::NewEvent>& events) {
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (const auto why = find_objection(principal, events[i]); !why.empty()) {
            return make_refusal(i, events[i].site_id, why);
        }
    }
    return std::nullopt;
}

}  // namespace hubtrail::rest
