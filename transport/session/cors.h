#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "transport/endpoint_options.h"
#include "transport/http_message.h"

namespace hubtrail::transport {

inline constexpr std::size_t kCorsRequestHeadersBytesMax = 1024;  ///< longer lists are not granted
inline constexpr int kCorsMaxAgeS = 7200;  ///< browsers keep a preflight no longer

/// Whose pages may use a path: those that are listed, byte by byte, and those that `ask` says yes
/// to. Borrowed from its owner.
struct OriginRules {
    const std::vector<std::string>& listed;
    const std::function<bool(std::string_view origin)>& ask;

    bool any() const { return !listed.empty() || ask; }
};

inline OriginRules origins_of(const EndpointOptions& options) {
    return {options.allowed_origins, options.allow_origin};
}

// Pages of other origins (https://fetch.spec.whatwg.org, "HTTP-CORS protocol"): exactly those of
// the rules, with credentials. Thread: any.

/// Header lines, each with its CRLF, that every answer to this request carries. `exposed`: headers
/// of answers that a page may read beside the harmless ones; empty: none.
std::string cors_headers(const OriginRules& rules, const HttpRequest& request,
                         std::string_view exposed = {});
/// OPTIONS with the headers of a preflight.
bool is_preflight(const HttpRequest& request);
/// 204: `methods` and the headers that it asks for when its origin may, none else. cors_headers()
/// are not in it.
HttpResponse make_preflight_response(const OriginRules& rules, const HttpRequest& request,
                                     std::string_view methods);

/// Whether a WebSocket may be opened: CORS does not cover it. Without Origin it is no browser; else
/// the page comes from the host of the request or from an origin of the rules.
bool may_upgrade(const OriginRules& rules, const HttpRequest& request);

}  // namespace hubtrail::transport
