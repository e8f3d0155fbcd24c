#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/position.h"
#include "transport/http_message.h"

namespace hubtrail::rest {

inline constexpr int kRetryOverloadedS = 1;   ///< Retry-After when a queue of ours is full
inline constexpr int kRetryUnavailableS = 2;  ///< Retry-After when the store cannot serve

enum class Methods { read, append };  ///< GET and HEAD, or POST

/// 405 with Allow, or nothing when the request's method is one of these.
std::optional<transport::HttpResponse> check_method(const transport::HttpRequest& request,
                                                    Methods methods);

transport::HttpResponse make_json(int status, std::string body);

/// 400 `bad-parameter`: "limit: expected an integer from 1 to 5000". Quotes nothing of the peer.
transport::HttpResponse make_bad_parameter(std::string_view name, std::string_view expected);

transport::HttpResponse make_not_found(std::string_view text);

/// 503 `overloaded`.
transport::HttpResponse make_overloaded(std::string_view text);

/// 503 `unavailable`. What the store said stays in our log.
transport::HttpResponse make_unavailable();

/// Why a reader cannot start where it asked to.
transport::HttpResponse make_position_problem(const storage::PositionError& error);

}  // namespace hubtrail::rest
