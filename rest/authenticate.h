#pragma once

#include <memory>

#include "auth/principal.h"
#include "base/result.h"
#include "rest/api_context.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

/// What a request wants to do, and with it which scope lets it (docs/api.md 2).
enum class Access {
    append,  ///< events.write
    read,    ///< events.read or user_api.full_access
};

/// Who the request acts for, or its refusal: 401 `unauthorized`, the same for every reason (which
/// goes to the log), or 403 `forbidden` naming the scope that is missing. Thread: strand.
Result<std::shared_ptr<const auth::Principal>, transport::HttpResponse> authenticate(
    const ApiContext& context, const transport::HttpRequest& request, Access access);

}  // namespace hubtrail::rest
