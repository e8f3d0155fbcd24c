#pragma once

#include <optional>
#include <vector>

#include "auth/principal.h"
#include "protocol/event.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

/// 403 for the first event that the principal may not append, naming its index and site; nothing
/// when it may append all. `admin` and `super` of the event's site may; `user` only with user_id ==
/// sub; an event without site needs `admin` or `super` on `*`. Thread: any.
std::optional<transport::HttpResponse> check_may_append(
    const auth::Principal& principal, const std::vector<protocol::NewEvent>& events);

}  // namespace hubtrail::rest
