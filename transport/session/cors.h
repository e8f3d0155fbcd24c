#pragma once

#include <cstddef>
#include <string>

#include "transport/endpoint_options.h"
#include "transport/http_message.h"

namespace hubtrail::transport {

inline constexpr std::size_t kCorsRequestHeadersBytesMax = 1024;  ///< longer lists are not granted
inline constexpr int kCorsMaxAgeS = 7200;  ///< browsers keep a preflight no longer

// Pages of other origins (https://fetch.spec.whatwg.org, "HTTP-CORS protocol"): exactly those that
// the hub lists, with credentials. Thread: any.

/// Header lines, each with its CRLF, that every answer to this request carries.
std::string cors_headers(const EndpointOptions& options, const HttpRequest& request);
/// OPTIONS with the headers of a preflight.
bool is_preflight(const HttpRequest& request);
/// 204: the origin's rights in full when it is listed, none else. cors_headers() are not in it.
HttpResponse make_preflight_response(const EndpointOptions& options, const HttpRequest& request);

/// Whether a WebSocket may be opened: CORS does not cover it. Without Origin it is no browser; else
/// the page comes from the host of the request or from a listed origin.
bool may_upgrade(const EndpointOptions& options, const HttpRequest& request);

}  // namespace hubtrail::transport
