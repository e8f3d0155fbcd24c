#include "rest/answers.h"

#include <utility>

namespace hubtrail::rest {
namespace {

using transport::HttpResponse;

}  // namespace

std::optional<HttpResponse> check_method(const transport::HttpRequest& request, Methods methods) {
    const bool fits = methods == Methods::append
                          ? request.method == "POST"
                          : request.method == "GET" || request.method == "HEAD";
    if (fits) {
        return std::nullopt;
    }
    const auto* const allowed = methods == Methods::append ? "POST" : "GET, HEAD";
    auto response = transport::make_problem(
        405, "method-not-allowed", std::string("this resource knows the methods ") + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
}

HttpResponse make_json(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

HttpResponse make_not_found(std::string_view text) {
    return transport::make_problem(404, "not-found", text);
}

HttpResponse make_overloaded(std::string_view text) {
    return transport::make_retry_problem("overloaded", text, kRetryOverloadedS);
}

}  // namespace hubtrail::rest
