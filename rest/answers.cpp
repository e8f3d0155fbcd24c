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

HttpResponse make_bad_parameter(std::string_view name, std::string_view expected) {
    std::string text(name);
    text.append(": expected ").append(expected);
    return transport::make_problem(400, "bad-parameter", text);
}

HttpResponse make_not_found(std::string_view text) {
    return transport::make_problem(404, "not-found", text);
}

HttpResponse make_overloaded(std::string_view text) {
    return transport::make_retry_problem("overloaded", text, kRetryOverloadedS);
}

HttpResponse make_unavailable() {
    return transport::make_retry_problem("unavailable", "the log cannot be used at the moment",
                                         kRetryUnavailableS);
}

HttpResponse make_position_problem(const storage::PositionError& error) {
    if (error.status == 503) {
        return make_unavailable();
    }
    return transport::make_problem(error.status, error.code, error.text, error.details_json);
}

}  // namespace hubtrail::rest
