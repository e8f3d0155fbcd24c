#pragma once

#include <string>
#include <string_view>

#include "transport/http_message.h"

namespace hubtrail::rest {

inline constexpr int kRetryOverloadedS = 1;  ///< Retry-After when a queue of ours is full

transport::HttpResponse make_json(int status, std::string body);

transport::HttpResponse make_not_found(std::string_view text);

/// 503 `overloaded`.
transport::HttpResponse make_overloaded(std::string_view text);

}  // namespace hubtrail::rest
