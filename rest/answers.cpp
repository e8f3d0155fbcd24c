#include "rest/answers.h"

#include <utility>

namespace hubtrail::rest {
namespace {

using transport::HttpResponse;

}  // namespace

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
