#pragma once

#include <cstdint>
#include <map>
#include <optional>
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
    std::int64_t expires_us = 0;                         ///< wall clock
    /// Every claim of the token as text, for policies: numbers and booleans as in JSON, the strings
    /// of an array one by one. Objects are left out.
    std::multimap<std::string, std::string, std::less<>> claims;

    bool has_scope(std::string_view scope) const { return scopes.find(scope) != scopes.end(); }

    /// The first value of a claim; nothing: the token has none of this name.
    std::optional<std::string_view> claim(std::string_view name) const {
        const auto found = claims.find(name);
        return found == claims.end() ? std::nullopt
                                     : std::optional<std::string_view>(found->second);
    }
    bool has_claim(std::string_view name, std::string_view value) const {
        const auto [begin, end] = claims.equal_range(name);
        for (auto claim = begin; claim != end; ++claim) {
            if (claim->second == value) {
                return true;
            }
        }
        return false;
    }

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
