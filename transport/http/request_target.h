#pragma once

#include <string_view>

#include "transport/request_parser.h"

namespace hubtrail::transport {

/// Takes an origin-form target, or `*` of OPTIONS, apart into request.path and request.query,
/// decoding each percent sequence once. Returns the empty text, or why the target was refused
/// (status 400).
std::string_view read_target(std::string_view target, HttpRequest& request);

}  // namespace hubtrail::transport
