#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace hubtrail::auth {

enum class SiteRole { none, user, super_user, admin };

/// Who a request or connection acts for, made from a verified token. A value, immutable once made;
/// shared between the token cache and the connections that it opened.
struct Principal {
    std::string tenant;
    std::string subject;
    std::string client_id;        ///< claim client_id or azp, may be empty
    std::string service_account;  ///< act.client_id (RFC 8693), may be empty
    std::set<std::string, std::less<>> scopes;
    std::map<std::string, SiteRole, std::less<>> sites;  ///< `*` stands for every site
    std::int64_t expires_us = 0;  ///< wall clock

    bool has_scope(std::string_view scope) const { return scopes.find(scope) != scopes.end(); }

    /// The role on a site: its own entry, else that of `*`.
    SiteRole role_on(std::string_view site) const {
        auto found = sites.find(site);
        if (found == sites.end()) {
            found = sites.find("*");
        }
        return found == sites.end() ? SiteRole::none : found->second;
    }
};

}  // namespace hubtrail::auth
