#include "server/cli_values.h"

#include "auth/jose/token_signer.h"
#include "server/config_value.h"

namespace hubtrail::server {
namespace {

constexpr std::int64_t kMsPerS = 1'000;

auth::SiteRole role_of(const std::string& word) {
    if (word == "admin") {
        return auth::SiteRole::admin;
    }
    if (word == "super") {
        return auth::SiteRole::super_user;
    }
    return word == "user" ? auth::SiteRole::user : auth::SiteRole::none;
}

}  // namespace

Result<std::map<std::string, auth::SiteRole>, std::string> parse_site_roles(
    const std::vector<std::string>& texts) {
    std::map<std::string, auth::SiteRole> sites;
    for (const auto& text : texts) {
        // The name of a site may hold an equals sign, a role cannot.
        const auto equals = text.rfind('=');
        const auto site = text.substr(0, equals);
        const auto role =
            equals == std::string::npos ? auth::SiteRole::none : role_of(text.substr(equals + 1));
        if (site.empty() || role == auth::SiteRole::none) {
            return Failure{quote_text(text) +
                           ", expected SITE=admin, SITE=super or SITE=user ('*' is every site)"};
        }
        if (!sites.emplace(site, role).second) {
            return Failure{quote_text(site) + " has a role already"};
        }
    }
    return sites;
}

Result<std::int64_t, std::string> parse_ttl_s(const std::string& text) {
    const auto milliseconds = parse_duration_ms(text);
    if (!milliseconds || *milliseconds < kMsPerS || *milliseconds % kMsPerS != 0 ||
        *milliseconds > auth::kTtlMaxS * kMsPerS) {
        return Failure{quote_text(text) + ", expected 1s to " +
                       format_duration_ms(auth::kTtlMaxS * kMsPerS) + ", such as 30s, 15m or 1h"};
    }
    return *milliseconds / kMsPerS;
}

}  // namespace hubtrail::server
