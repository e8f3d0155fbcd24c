#include "server/page_handler.h"

#include <array>
#include <string_view>

namespace hubtrail::server {
namespace {

struct PageFile {
    std::string_view url;
    std::string_view path;  ///< below clients/js-sample
    std::string_view type;
};

constexpr std::string_view kScript = "text/javascript; charset=utf-8";

constexpr std::array<PageFile, 10> kPageFiles = {{
    {"/", "public/index.html", "text/html; charset=utf-8"},
    {"/style.css", "public/style.css", "text/css; charset=utf-8"},
    {"/icon.svg", "public/icon.svg", "image/svg+xml"},
    {"/app.js", "public/app.js", kScript},
    {"/link.js", "public/link.js", kScript},
    {"/proof.js", "public/proof.js", kScript},
    {"/rest_check.js", "public/rest_check.js", kScript},
    {"/sentences.js", "public/sentences.js", kScript},
    {"/timeline.js", "public/timeline.js", kScript},
    {"/vendor/signalr.min.js", "node_modules/@microsoft/signalr/dist/browser/signalr.min.js",
     kScript},
}};

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

PageHandler::PageHandler(FileSystem& files, const std::string& directory) {
    for (const auto& page : kPageFiles) {
        auto content = files.read(directory + "/" + std::string(page.path), kPageFileBytesMax);
        if (content && content->has_value()) {
            files_[std::string(page.url)] = File{std::string(page.type), std::move(**content)};
        }
    }
}

void PageHandler::handle(transport::HttpRequest request, transport::HttpReply reply) {
    if (request.method != "GET" && request.method != "HEAD") {
        auto refusal = transport::make_problem(405, "method-not-allowed", "the page is only read");
        refusal.headers.emplace_back("Allow", "GET, HEAD");
        reply(std::move(refusal));
        return;
    }
    const auto file = files_.find(request.path);
    if (file == files_.end()) {
        reply(transport::make_problem(
            404, "not-found",
            "nothing is served at this path; if it belongs to the page, run `npm ci` in "
            "clients/js-sample and point --page there"));
        return;
    }
    transport::HttpResponse response;
    response.content_type = file->second.type;
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.body = file->second.content;
    reply(std::move(response));
}

}  // namespace hubtrail::server
