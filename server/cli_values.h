#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "base/result.h"

// Texts of the command line that are more than a number. Errors complete "FLAG: ". Thread: any.

namespace hubtrail::server {

/// Each text is SITE=admin, SITE=super or SITE=user; `*` is every site.
Result<std::map<std::string, auth::SiteRole>, std::string> parse_site_roles(
    const std::vector<std::string>& texts);

/// `30s`, `15m`, `1h`, `7d` or seconds: 1 second to auth::kTtlMaxS.
Result<std::int64_t, std::string> parse_ttl_s(const std::string& text);

}  // namespace hubtrail::server
