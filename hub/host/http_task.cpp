#include "hub/host/http_task.h"

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "hub/code/exceptions.h"

namespace hubtrail::hub {
namespace {

using transport::HttpReply;
using transport::HttpRequest;

/// Thread: strand.
class RequestScope final : public CallScope {
public:
    RequestScope(HubLoop& loop, HttpReply answer) : reply(std::move(answer)), hub_loop(loop) {}
    transport::Loop& loop() override { return hub_loop.loop(); }
    WorkerPool& workers() override { return hub_loop.workers(); }
    bool may_continue() override { return hub_loop.may_continue(); }

    HttpReply reply;
    HubLoop& hub_loop;
};

// What an application hands over must not split the answer, nor give it another end than it has.
void check_answer(const transport::HttpResponse& response) {
    if (response.status < 200 || response.status > 599) {  // RFC 9110 15; 1xx is not the answer
        throw InvalidOperationException("an answer cannot have the status " +
                                        std::to_string(response.status));
    }
    const auto check = [](std::string_view name, std::string_view value) {
        if (!transport::is_application_header(name, value)) {
            throw InvalidOperationException(
                "the header '" + std::string(name) +
                "' cannot be sent with this value, or not by a program");
        }
    };
    check("Content-Type", response.content_type);
    for (const auto& [name, value] : response.headers) {
        check(name, value);
    }
}

RootTask run_request(RootTasks&, std::unique_ptr<RequestScope> scope, const HttpFunction& function,
                     HttpRequest request) {
    std::exception_ptr failure;
    try {
        auto response = co_await function(std::move(request));
        check_answer(response);
        scope->reply(std::move(response));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) {
        scope->hub_loop.log().error("http_task_failed", {{"error", describe(failure).text}});
        scope->reply(
            transport::make_problem(500, "internal", "the server could not answer this request"));
    }
}

/// Thread: strand.
class HttpTask final : public transport::HttpHandler {
public:
    HttpTask(const HttpFunction& function, HubLoop& loop) : function_(function), loop_(loop) {}
    void handle(HttpRequest request, HttpReply reply) override {
        run_request(loop_.tasks(), std::make_unique<RequestScope>(loop_, std::move(reply)),
                    function_, std::move(request));
    }

private:
    const HttpFunction& function_;
    HubLoop& loop_;
};

}  // namespace

std::unique_ptr<transport::HttpHandler> make_http_task(const HttpFunction& function,
                                                       HubLoop& loop) {
    return std::make_unique<HttpTask>(function, loop);
}

}  // namespace hubtrail::hub
