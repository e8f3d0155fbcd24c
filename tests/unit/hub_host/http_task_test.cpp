#include "hub/host/http_task.h"

#include <optional>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {
namespace {

using transport::HttpRequest;
using transport::HttpResponse;

/// What a peer gets when a program answers with this.
HttpResponse answered(HttpResponse with) {
    transport::FakeLoop loop;
    WorkerPool workers{1};
    FakeClock clock;
    const auto log = make_null_log();
    HubLoop hub_loop{loop, workers, clock, *log};
    const HttpFunction function = [&](HttpRequest) -> Task<HttpResponse> { co_return with; };
    const auto task = make_http_task(function, hub_loop);
    std::optional<HttpResponse> answer;
    task->handle({}, [&](HttpResponse response) { answer = std::move(response); });
    loop.run();
    REQUIRE(answer);
    return *answer;
}

HttpResponse with_header(std::string name, std::string value) {
    HttpResponse response;
    response.headers.emplace_back(std::move(name), std::move(value));
    return response;
}

TEST_CASE("A header of a program is sent", "[hub_library]") {
    for (const auto& [name, value] : {std::pair<const char*, const char*>{"X-Name", "a, b;\t\"c\""},
                                      {"Set-Cookie", "a=1; Path=/"},
                                      {"Cache-Control", "max-age=1"},
                                      {"X-Empty", ""}}) {
        CAPTURE(name);
        const auto answer = answered(with_header(name, value));
        CHECK(answer.status == 200);
        REQUIRE(answer.headers.size() == 1);
        CHECK(answer.headers[0].second == value);
    }
}

TEST_CASE("What is no header, or not a program's to set, is answered with 500", "[hub_library]") {
    for (const auto& [name, value] :
         {std::pair<const char*, const char*>{"X-Name", "a\r\nSet-Cookie: b=1"},
          {"X-Name", "a\n"},
          {"X-Name", "caf\xC3\xA9"},
          {"X-Name", "\x7F"},
          {"", "a"},
          {"X Name", "a"},
          {"X-Name:", "a"},
          {"X-Name\r\nY", "a"},
          {"Content-Length", "3"},
          {"content-length", "3"},
          {"Transfer-Encoding", "chunked"},
          {"Connection", "close"}}) {
        CAPTURE(name, value);
        const auto answer = answered(with_header(name, value));
        CHECK(answer.status == 500);
        CHECK(answer.headers.empty());
    }
    for (const int status : {-1, 0, 100, 101, 199, 600, 1000}) {
        HttpResponse response;
        response.status = status;
        CHECK(answered(response).status == 500);
    }
    for (const int status : {200, 204, 302, 418, 599}) {
        HttpResponse response;
        response.status = status;
        CHECK(answered(response).status == status);
    }
    HttpResponse typed;
    typed.content_type = "text/plain\r\nX: y";
    CHECK(answered(typed).status == 500);
}

}  // namespace
}  // namespace hubtrail::hub
