#include "server/demo_session.h"

#include <string>

#include "protocol/event.h"
#include "protocol/json.h"
#include "server/config.h"

namespace hubtrail::server {
namespace {

// A page of another origin must not be handed a token, even through a name that resolves to
// loopback.
bool same_host(const transport::HttpRequest& request) {
    const auto host = request.header("host").value_or("");
    const auto name = host.substr(0, host.rfind(':'));
    if (name != "127.0.0.1" && name != "localhost" && name != "[::1]") {
        return false;
    }
    const auto site = request.header("sec-fetch-site");
    return !site || *site == "same-origin" || *site == "none";
}

}  // namespace

void DemoSession::handle(transport::HttpRequest request, transport::HttpReply reply) {
    if (!same_host(request)) {
        reply(transport::make_problem(403, "forbidden",
                                      "demo tokens are for this machine's own pages"));
        return;
    }
    auth::TokenClaims claims;
    claims.issuer = claims.audience = kEmbeddedIssuer;
    claims.subject = claims.tenant = kDemoTenant;
    claims.scopes = {"events.read", "events.write", "user_api.full_access"};
    claims.sites["*"] = auth::SiteRole::admin;
    claims.ttl_s = kDemoTokenS;
    const auto token = signer_.sign(claims);
    if (!token) {
        reply(transport::make_problem(500, "internal", token.error()));
        return;
    }
    transport::HttpResponse response;
    response.body = R"({"token":)";
    protocol::append_json_string(response.body, *token);
    response.body += R"(,"tenant":)";
    protocol::append_json_string(response.body, kDemoTenant);
    response.body += R"(,"site":)";
    protocol::append_json_string(response.body, kDemoSite);
    response.body += R"(,"expires_at":")";
    protocol::append_time(response.body, clock_.wall_us() + kDemoTokenS * 1'000'000);
    response.body += "\"}";
    reply(std::move(response));
}

}  // namespace hubtrail::server
