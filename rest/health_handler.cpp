#include "rest/health_handler.h"

#include "rest/answers.h"

namespace hubtrail::rest {

void HealthHandler::handle(transport::HttpRequest request, transport::HttpReply reply) {
    reply(answer(request));
}

transport::HttpResponse HealthHandler::answer(const transport::HttpRequest& request) const {
    if (request.path == kLivePath) {
        return make_json(200, R"({"status":"alive"})");
    }
    if (draining_) {
        return transport::make_problem(503, "draining", "the server is about to stop");
    }
    if (!service_.healthy()) {
        return transport::make_problem(503, "store-unavailable",
                                       "the last write to the log failed");
    }
    return make_json(200, R"({"status":"ready"})");
}

}  // namespace hubtrail::rest
