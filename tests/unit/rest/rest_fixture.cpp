#include "tests/unit/rest/rest_fixture.h"

#include <limits>

#include "protocol/event.h"
#include "storage/position.h"
#include "tests/support/catch.h"

namespace hubtrail::rest {
namespace {

using auth::SiteRole;

auth::Principal make_principal(std::set<std::string, std::less<>> scopes,
                               std::map<std::string, SiteRole, std::less<>> sites) {
    auth::Principal principal;
    principal.tenant = "t";
    principal.subject = "u1";
    principal.scopes = std::move(scopes);
    principal.sites = std::move(sites);
    principal.expires_us = std::numeric_limits<std::int64_t>::max();
    return principal;
}

}  // namespace

Result<std::shared_ptr<const auth::Principal>, auth::TokenError> FakeVerifier::verify(
    std::string_view token) {
    ++calls;
    if (const auto refusal = refusals.find(token); refusal != refusals.end()) {
        return Failure{auth::TokenError{refusal->second, "why it was refused"}};
    }
    const auto found = principals.find(token);
    if (found == principals.end()) {
        return Failure{auth::TokenError{auth::TokenErrc::signature, "does not verify"}};
    }
    return std::make_shared<const auth::Principal>(found->second);
}

void RecordingLog::write(LogLevel level, std::string_view event,
                         std::initializer_list<LogField> fields) {
    static constexpr const char* kLevels[] = {"debug", "info", "warn", "error"};
    std::string line = kLevels[static_cast<std::size_t>(level)];
    line.append(" ").append(event);
    for (const auto& field : fields) {
        line.append(" ").append(field.key).append("=").append(field.value);
    }
    lines.push_back(std::move(line));
}

const transport::HttpResponse& Answer::get() const {
    REQUIRE(responses.size() == 1);
    return responses.front();
}

std::string Answer::header(std::string_view name) const {
    for (const auto& [key, value] : get().headers) {
        if (key == name) {
            return value;
        }
    }
    return "(none)";
}

protocol::JsonValue Answer::json() const {
    auto value = protocol::JsonValue::parse(get().body, {16 * 1024 * 1024, 64, 1'000'000});
    INFO(get().body);
    REQUIRE(value);
    return *value;
}

std::string Answer::text() const {
    return member("detail").string();
}

protocol::JsonValue Answer::details() const {
    const auto details = member("error").find("details");
    REQUIRE(details);
    return *details;
}

protocol::JsonValue Answer::member(std::string_view name) const {
    const auto value = json().find(name);
    INFO(get().body);
    REQUIRE(value);
    return *value;
}

std::string Answer::problem(int status) const {
    INFO(get().body);
    REQUIRE(get().status == status);
    CHECK(get().content_type == "application/problem+json");
    const auto body = json();
    CHECK(body.find("status")->integer() == status);
    CHECK(body.find("code")->string() == body.find("error")->find("code")->string());
    CHECK(body.find("detail")->string() == body.find("message")->string());
    return body.find("code")->string();
}

transport::HttpRequest make_get(std::string path, Query query, std::string token) {
    transport::HttpRequest request;
    request.method = "GET";
    request.path = std::move(path);
    request.query = std::move(query);
    request.token = std::move(token);
    return request;
}

transport::HttpRequest make_post(std::string body, std::string token) {
    transport::HttpRequest request;
    request.method = "POST";
    request.path = "/api/v1/events";
    request.headers = {{"content-type", "application/json"}};
    request.body = std::move(body);
    request.token = std::move(token);
    return request;
}

std::string event_json(const std::string& id, const std::string& more) {
    return R"({"id":")" + id + R"(","stream":"entries","type":"entry.granted")" + more + "}";
}

RestFixture::RestFixture() {
    auto& known = verifier.principals;
    known["super"] = make_principal({"events.read", "events.write"}, {{"*", SiteRole::admin}});
    known["reader"] = make_principal({"events.read", "events.write"},
                                     {{"s1", SiteRole::user}, {"s2", SiteRole::admin}});
    known["blind"] = make_principal({"events.read", "events.write"}, {});
    known["writer"] = make_principal({"events.write"}, {{"*", SiteRole::admin}});
    known["salto"] = make_principal({"user_api.full_access"}, {{"*", SiteRole::admin}});
    known["other"] = known["super"];
    known["other"].tenant = "t2";
    service.on_commit = [this](std::shared_ptr<const storage::CommittedBatch> batch) {
        loop.post([this, batch] { tails.on_commit(batch); });
    };
    service.on_head = [this](const std::string& tenant, const storage::LogHead& head) {
        loop.post([this, tenant, head] { tails.on_head(tenant, head); });
    };
}

void RestFixture::pump() {
    while (service.run() + loop.run() > 0) {
    }
}

std::shared_ptr<Answer> RestFixture::send(transport::HttpHandler& handler,
                                          transport::HttpRequest request) {
    auto answer = std::make_shared<Answer>();
    handler.handle(std::move(request), [answer](transport::HttpResponse response) {
        answer->responses.push_back(std::move(response));
    });
    return answer;
}

std::shared_ptr<Answer> RestFixture::send_and_pump(transport::HttpHandler& handler,
                                                   transport::HttpRequest request) {
    auto answer = send(handler, std::move(request));
    pump();
    return answer;
}

void RestFixture::fill(int count, const std::string& site, const std::string& user,
                       const std::string& stream, const std::string& type) {
    storage::AppendRequest request{"t", {}, {}, {}};
    for (int i = 0; i < count; ++i) {
        const auto id = "e" + std::to_string(++filled_);
        std::string body = R"({"tenant_id":"t","id":")" + id + R"(","site_id":")" + site + "\"}";
        request.events.push_back({id, stream, type, site, user, std::move(body)});
    }
    const auto result = service.append_now(std::move(request));
    REQUIRE(result);
}

std::string RestFixture::cursor_at(std::int64_t pos) {
    auto reader = store.open_reader();
    const auto event = (*reader)->at("t", pos);
    REQUIRE(event);
    REQUIRE(*event);
    const auto head = (*reader)->head("t");
    return codec.encode("t", storage::event_cursor(head->epoch, **event));
}

}  // namespace hubtrail::rest
