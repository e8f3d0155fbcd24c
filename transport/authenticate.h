#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>
#include <variant>

#include "auth/token_verifier.h"
#include "base/log.h"
#include "transport/http_message.h"

namespace hubtrail::transport {

using AuthenticateResult = std::variant<std::shared_ptr<const auth::Principal>, HttpResponse>;

/// Who makes the request: the principal, or the answer that refuses it. 401 without a good token,
/// with one text for every reason (the reason goes to the log); 403 when the token has none of
/// `scopes`. Thread: strand, the verifier's.
AuthenticateResult authenticate(const HttpRequest& request, auth::TokenVerifier& verifier, Log& log,
                                std::initializer_list<std::string_view> scopes);

}  // namespace hubtrail::transport
