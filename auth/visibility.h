#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/result.h"
#include "protocol/event_filter.h"

namespace hubtrail::auth {

/// The sites' part of what a principal may see (docs/api.md 2): `admin` and `super` all events of a
/// site, `user` its own. `sites` narrows it to those sites; empty: every site it has a role on.
/// Fails with the first site on which it has no role. Thread: any.
Result<protocol::EventFilter, std::string> make_visibility(const Principal& principal,
                                                           const std::vector<std::string>& sites);

}  // namespace hubtrail::auth
