#include "server/page_handler.h"

#include <string>
#include <utility>

#include "tests/support/catch.h"
#include "tests/unit/server/memory_files.h"

namespace hubtrail::server {
namespace {

using testing::MemoryFiles;

transport::HttpResponse ask(PageHandler& page, const std::string& method, const std::string& path) {
    transport::HttpRequest request;
    request.method = method;
    request.path = path;
    transport::HttpResponse answer;
    page.handle(std::move(request),
                [&](transport::HttpResponse response) { answer = std::move(response); });
    return answer;
}

}  // namespace

TEST_CASE("the page is served with its type and its policy", "[server]") {
    MemoryFiles files;
    files.files["dir/public/index.html"] = "<!doctype html>";
    PageHandler page(files, "dir");
    const auto answer = ask(page, "GET", "/");
    CHECK(answer.status == 200);
    CHECK(answer.content_type == "text/html; charset=utf-8");
    CHECK(answer.body == "<!doctype html>");
    CHECK(answer.headers.front().first == "Content-Security-Policy");
}

TEST_CASE("a file of the page that is missing is named with the way to get it", "[server]") {
    MemoryFiles files;
    PageHandler page(files, "dir");
    const auto answer = ask(page, "GET", "/vendor/signalr.min.js");
    CHECK(answer.status == 404);
    CHECK_THAT(answer.body, Catch::Matchers::Contains("npm ci"));
}

TEST_CASE("a file of the page is served up to its limit", "[server]") {
    const auto over = GENERATE(0U, 1U);
    MemoryFiles files;
    files.files["dir/public/app.js"] = std::string(kPageFileBytesMax + over, 'x');
    PageHandler page(files, "dir");
    CHECK(ask(page, "GET", "/app.js").status == (over == 0 ? 200 : 404));
}

}  // namespace hubtrail::server
