#include "auth/visibility.h"

namespace hubtrail::auth {
namespace {

void add_site(protocol::EventFilter& filter, const std::string& site, SiteRole role) {
    if (role == SiteRole::admin || role == SiteRole::super_user) {
        filter.sites.push_back(site);
    } else if (role == SiteRole::user) {
        filter.own_sites.push_back(site);
    }
}

}  // namespace

Result<protocol::EventFilter, std::string> make_visibility(const Principal& principal,
                                                           const protocol::LogQuery& query) {
    protocol::EventFilter filter;
    filter.streams = query.streams;
    filter.types = query.types;
    filter.user_id = query.user_id;
    filter.path_prefix = query.path_prefix;
    filter.exclude_origins = query.exclude_origins;
    filter.any_site = false;
    filter.own_user = principal.subject;
    for (const auto& site : query.sites) {
        const auto role = principal.role_on(site);
        if (role == SiteRole::none) {
            return Failure{site};
        }
        add_site(filter, site, role);
    }
    if (!query.sites.empty()) {
        return filter;
    }
    for (const auto& [site, role] : principal.sites) {
        if (site != "*") {
            add_site(filter, site, role);
        } else if (role == SiteRole::admin || role == SiteRole::super_user) {
            filter.any_site = true;
        } else if (role == SiteRole::user) {
            filter.own_everywhere = true;
        }
    }
    return filter;
}

}  // namespace hubtrail::auth
