#include "transport/session/cors.h"

#include <algorithm>
#include <string_view>

#include "base/ascii.h"

namespace hubtrail::transport {
namespace {

bool is_allowed(const OriginRules& rules, std::string_view origin) {
    return std::find(rules.listed.begin(), rules.listed.end(), origin) != rules.listed.end() ||
           (rules.ask && rules.ask(origin));
}

// `https://app.example:8443` without its scheme. TLS may end in front of us, so the scheme is not
// compared.
bool is_same_host(std::string_view origin, std::string_view host) {
    const auto scheme = origin.find("://");
    if (scheme == std::string_view::npos) {
        return false;  // `null` too
    }
    origin.remove_prefix(scheme + 3);
    return equal_ignoring_case(origin, host);
}

bool is_header_list(std::string_view list) {
    constexpr std::string_view kOther = "!#$%&'*+-.^_`|~, ";
    return !list.empty() && list.size() <= kCorsRequestHeadersBytesMax &&
           std::all_of(list.begin(), list.end(), [&](char c) {
               return is_letter_or_digit(c) || kOther.find(c) != kOther.npos;
           });
}

}  // namespace

std::string cors_headers(const OriginRules& rules, const HttpRequest& request,
                         std::string_view exposed) {
    if (!rules.any()) {
        return {};
    }
    const auto origin = request.header("origin");
    if (!origin || !is_allowed(rules, *origin)) {
        return "Vary: Origin\r\n";
    }
    std::string lines = "Access-Control-Allow-Origin: ";
    lines += *origin;
    lines += "\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n";
    if (!exposed.empty()) {
        lines.append("Access-Control-Expose-Headers: ").append(exposed).append("\r\n");
    }
    return lines;
}

bool is_preflight(const HttpRequest& request) {
    return request.method == "OPTIONS" && request.header("origin") &&
           request.header("access-control-request-method");
}

HttpResponse make_preflight_response(const OriginRules& rules, const HttpRequest& request,
                                     std::string_view methods) {
    HttpResponse response;
    response.status = 204;
    if (!is_allowed(rules, request.header("origin").value_or(""))) {
        return response;
    }
    response.headers = {{"Access-Control-Allow-Methods", std::string(methods)},
                        {"Access-Control-Max-Age", std::to_string(kCorsMaxAgeS)}};
    const auto wanted = request.header("access-control-request-headers").value_or("");
    if (is_header_list(wanted)) {
        response.headers.emplace_back("Access-Control-Allow-Headers", wanted);
    }
    return response;
}

bool may_upgrade(const OriginRules& rules, const HttpRequest& request) {
    const auto origin = request.header("origin");
    return !origin || is_same_host(*origin, request.header("host").value_or("")) ||
           is_allowed(rules, *origin);
}

}  // namespace hubtrail::transport
