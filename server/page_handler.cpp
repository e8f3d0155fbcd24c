#include "server/page_handler.h"

#include <string_view>

#include "server/product_routes.h"

namespace hubtrail::server {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

PageHandler::PageHandler(FileSystem& files, const std::string& directory) {
    for (const auto& page : page_files()) {
        auto content = files.read(directory + "/" + std::string(page.path), kPageFileBytesMax);
        if (content && content->has_value()) {
            files_[std::string(page.url)] = File{std::string(page.type), std::move(**content)};
        }
    }
}

void PageHandler::handle(transport::HttpRequest request, transport::HttpReply reply) {
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
