#pragma once

#include <string>

#include "base/result.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

inline constexpr std::size_t kIdempotencyKeyCharsMax = 255;

/// The request's Idempotency-Key without its quotes, so that `"k"` and `k` are one key; empty:
/// none. Refuses (400 `bad-parameter`) a second header, anything but visible ASCII characters, and
/// an open quote. Thread: any.
Result<std::string, transport::HttpResponse> read_idempotency_key(
    const transport::HttpRequest& request);

}  // namespace hubtrail::rest
