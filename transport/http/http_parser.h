#pragma once

#include <memory>

#include "transport/request_parser.h"

namespace hubtrail::transport {

/// A strict scan of our own in front of Boost.Beast's parser: a request passes if both accept it.
/// Thread: strand; parsers share nothing.
std::unique_ptr<RequestParser> make_http_parser();

}  // namespace hubtrail::transport
