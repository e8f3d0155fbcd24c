#pragma once

#include <string>

#include "auth/principal.h"
#include "base/result.h"
#include "protocol/event_filter.h"
#include "protocol/log_query.h"

namespace hubtrail::auth {

/// What a principal sees of what it asks for (docs/api.md 2): `admin` and `super` all events of a
/// site, `user` its own; without sites in the question every site on which it has a role. Fails
/// with the first site on which it has none. Thread: any.
Result<protocol::EventFilter, std::string> make_visibility(const Principal& principal,
                                                           const protocol::LogQuery& query);

}  // namespace hubtrail::auth
