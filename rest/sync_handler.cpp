#include "rest/sync_handler.h"

#include <memory>
#include <string>
#include <utility>

#include "auth/visibility.h"
#include "edge/errors.h"
#include "edge/log_head.h"
#include "protocol/json.h"
#include "rest/answers.h"
#include "rest/authenticate.h"
#include "rest/changes_poll.h"
#include "rest/on_loop.h"
#include "rest/sync_query.h"
#include "storage/position.h"

namespace hubtrail::rest {
namespace {

using transport::HttpReply;
using transport::HttpRequest;

transport::HttpResponse make_site_refused(const std::string& site) {
    std::string details = R"({"site_id":)";
    protocol::append_json_string(details, site);
    details += "}";
    return transport::make_problem(403, "forbidden",
                                   "the token gives no role on site '" + site + "'", details);
}

}  // namespace

void SyncHandler::handle(HttpRequest request, HttpReply reply) {
    if (request.path == kChangesPath) {
        show_changes(request, std::move(reply));
    } else {
        show_cursor(request, reply);
    }
}

void SyncHandler::show_changes(const HttpRequest& request, HttpReply reply) {
    const auto principal = authenticate(context_, request, Access::read);
    if (!principal) {
        return reply(principal.error());
    }
    auto query = parse_sync_query(request);
    if (!query) {
        return reply(edge::make_problem(query.error()));
    }
    auto filter = auth::make_visibility(**principal, query->log);
    if (!filter) {
        return reply(make_site_refused(filter.error()));
    }
    std::make_shared<ChangesPoll>(context_, room_, (*principal)->tenant, std::move(*query),
                                  std::move(*filter), std::move(reply))
        ->start();
}

void SyncHandler::show_cursor(const HttpRequest& request, const HttpReply& reply) {
    const auto principal = authenticate(context_, request, Access::read);
    if (!principal) {
        return reply(principal.error());
    }
    const auto& tenant = (*principal)->tenant;
    storage::resolve_start(
        context_.service, context_.codec, tenant, protocol::LogStart{},
        on_loop(context_.loop, [&codec = context_.codec, tenant, reply](const auto& latest) {
            reply(latest ? make_json(200, edge::describe_head(codec, tenant, *latest))
                         : edge::make_problem(latest.error(), codec, tenant));
        }));
}

}  // namespace hubtrail::rest
