#include "hub/log/log_hub.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hub/log/subscribe_options.h"
#include "tests/support/catch.h"
#include "tests/support/query_cases.h"
#include "tests/unit/hub_log/log_hub_fixture.h"

namespace hubtrail::hub {
namespace {

using Positions = std::vector<std::int64_t>;

struct Admitted {
    std::string hub;
    std::string token;
    Query query;
    int status;  ///< 0: admitted
    std::string code;
    std::string text;  ///< a part of it
};

// Site, user and stream of the events of fill().
void fill(LogHubFixture& f) {
    const auto add = [&](const char* site, const char* user, const char* stream) {
        auto event = f.event(site, user);
        event.stream = stream;
        event.type = std::string(stream) + ".made";
        f.append({event});
    };
    add("a", "me", "entries");    // 1
    add("a", "you", "entries");   // 2
    add("b", "me", "entries");    // 3
    add("a", "me", "incidents");  // 4
    add("a", "you", "files");     // 5
    f.settle();
}

// Kinds, reasons and positions of stream items, as `batch 1-3: 1 3`.
std::vector<std::string> items(const std::vector<protocol::JsonValue>& messages) {
    std::vector<std::string> list;
    for (const auto& message : messages) {
        if (message.find("type")->integer() == 3) {
            const auto error = message.find("error");
            list.push_back("end" + (error ? ": " + error->string() : std::string()));
            continue;
        }
        const auto item = *message.find("item");
        std::string text = item.find("k")->string();
        if (text == "batch") {
            text += " " + std::to_string(item.find("from")->integer()) + "-" +
                    std::to_string(item.find("to")->integer()) + ":";
            for (std::size_t i = 0; i < item.find("items")->size(); ++i) {
                text += " " + std::to_string(item.find("items")->at(i).find("pos")->integer());
            }
        } else if (text == "reset") {
            text += " " + item.find("reason")->string() + " " +
                    std::to_string(item.find("lost_at_least")->integer());
        }
        list.push_back(text);
    }
    return list;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("Who may connect to which hub", "[hub]") {
    const std::vector<Admitted> rows = {
        {"entries", "", {{"site_id", "a"}}, 401, "unauthorized", "bearer token"},
        {"entries", "wrong", {{"site_id", "a"}}, 401, "unauthorized", "bearer token"},
        {"changes", "", {}, 401, "unauthorized", "bearer token"},
        {"entries", "other", {{"site_id", "a"}}, 403, "forbidden", "user_api.full_access"},
        {"entries", "reader", {{"site_id", "a"}}, 403, "forbidden", "user_api.full_access"},
        {"changes", "other", {}, 403, "forbidden", "events.read or user_api.full_access"},
        {"entries", "admin", {}, 400, "missing-parameter", "site_id"},
        {"entries", "admin", {{"site_id", ""}}, 400, "missing-parameter", "site_id"},
        {"entries",
         "admin",
         {{"site_id", "a"}, {"site_id", "a"}},
         400,
         "missing-parameter",
         "once"},
        {"entries", "none", {{"site_id", "a"}}, 403, "forbidden", "no role"},
        {"entries", "admin", {{"site_id", "b"}}, 403, "forbidden", "no role"},
        {"entries", "user", {{"site_id", "a"}}, 403, "forbidden", "user_id"},
        {"entries", "user", {{"site_id", "a"}, {"user_id", "you"}}, 403, "forbidden", "user_id"},
        {"entries", "user", {{"site_id", "a"}, {"user_id", "me"}}, 0, "", ""},
        {"entries", "admin", {{"SITE_ID", "a"}}, 0, "", ""},
        {"entries", "super", {{"site_id", "a"}, {"user_id", "you"}}, 0, "", ""},
        {"incidents", "all", {{"site_id", "b"}}, 0, "", ""},
        {"incidents", "user", {{"site_id", "a"}}, 403, "forbidden", "user_id"},
        {"changes", "reader", {}, 0, "", ""},
        {"changes", "none", {}, 0, "", ""},
        {"changes", "user", {{"site_id", "a"}}, 0, "", ""},
        {"changes", "user", {{"site_id", "a"}, {"site_id", "b"}}, 403, "forbidden", "no role"},
    };
    LogHubFixture f;
    for (const auto& row : rows) {
        CAPTURE(row.hub, row.token, row.text);
        const auto refusal = f.hub(row.hub).check(f.request(row.token, row.query));
        HubClient client(f, row.hub, row.token, row.query);
        CHECK(refusal.has_value() == (row.status != 0));
        CHECK(client.refusal.has_value() == (row.status != 0));
        if (row.status != 0) {
            REQUIRE(refusal);
            CHECK(refusal->status == row.status);
            CHECK(client.refusal->status == row.status);
            CHECK(client.refusal->body == refusal->body);
            CHECK(refusal->content_type == "application/problem+json");
            const auto body = protocol::JsonValue::parse(refusal->body, {});
            REQUIRE(body);
            CHECK(body->find("status")->integer() == row.status);
            CHECK(body->find("error")->find("code")->string() == row.code);
            CHECK(body->find("message")->string().find(row.text) != std::string::npos);
        }
    }
}

TEST_CASE("A connection ends with its token when the hub is told so", "[hub]") {
    const bool wanted = GENERATE(false, true);
    LogHubFixture f;
    auto config = default_log_hubs().back();
    config.path = "/v1/hub/expiring";
    config.endpoint.close_on_authentication_expiration = wanted;
    f.hubs[config.path] = make_log_hub(config, f.context);
    auto principal = *f.verifier.principals.at("reader");
    principal.expires_us = f.clock.wall_us() + 2'000'000;
    f.verifier.principals["brief"] = std::make_shared<const auth::Principal>(principal);
    HubClient client(f, "expiring", "brief", {});
    f.clock.advance_us(1'999'999);
    client.handler->on_tick(f.loop.now_ns());
    CHECK_FALSE(client.connection.closed);
    f.clock.advance_us(1);
    client.handler->on_tick(f.loop.now_ns());
    f.loop.run_turn();
    CHECK(client.connection.closed == wanted);
    if (wanted) {
        CHECK(client.connection.records().back() == R"({"type":7,"allowReconnect":true})");
    }
}

TEST_CASE("A log hub takes another token of the same user with the same rights, and no other",
          "[hub]") {
    using Kind = transport::LaterRequest::Kind;
    using transport::UserOutcome;
    const bool enabled = GENERATE(false, true);
    LogHubFixture f;
    auto config = default_log_hubs().back();
    config.path = "/v1/hub/refreshing";
    config.endpoint.close_on_authentication_expiration = true;
    config.endpoint.enable_authentication_refresh = enabled;
    f.hubs[config.path] = make_log_hub(config, f.context);
    auto principal = *f.verifier.principals.at("reader");
    principal.expires_us = f.clock.wall_us() + 2'000'000;
    f.verifier.principals["brief"] = std::make_shared<const auth::Principal>(principal);
    HubClient client(f, "refreshing", "brief", {});
    const transport::HttpRequest request;
    const auto tell = [&](Kind kind, const auth::Principal& next) {
        return client.handler->on_user(
            {kind, request, std::make_shared<const auth::Principal>(next)});
    };
    const auto refused = enabled ? UserOutcome::refused : UserOutcome::accepted;
    auto next = principal;
    next.expires_us = f.clock.wall_us() + 1'000'000;
    CHECK(tell(Kind::poll, next) == UserOutcome::accepted);  // an older one changes nothing
    next.expires_us = f.clock.wall_us() + 9'000'000;
    for (auto* field : {&next.subject, &next.tenant}) {
        const auto kept = std::exchange(*field, "other");
        CHECK(tell(Kind::poll, next) == refused);
        CHECK(tell(Kind::refresh, next) == UserOutcome::refused);
        *field = kept;
    }
    next.scopes.insert("more");
    CHECK(tell(Kind::resume, next) == refused);
    next.scopes.erase("more");
    next.sites.clear();
    CHECK(tell(Kind::resume, next) == refused);
    next.sites = principal.sites;
    CHECK(client.handler->on_user({Kind::poll, request, nullptr}) == refused);
    CHECK(tell(Kind::refresh, next) == (enabled ? UserOutcome::accepted : UserOutcome::refused));
    f.clock.advance_us(2'000'000);
    client.handler->on_tick(f.loop.now_ns());
    CHECK(client.connection.closed == !enabled);
    f.clock.advance_us(7'000'000);
    client.handler->on_tick(f.loop.now_ns());
    CHECK(client.connection.closed);
    CHECK(f.hub("refreshing").identify(f.request("brief", {})) ==
          f.verifier.principals.at("brief"));
    CHECK(f.hub("refreshing").identify(f.request("other", {})) == nullptr);
    CHECK(f.hub("refreshing").identify(f.request("", {})) == nullptr);
}

TEST_CASE("A refusal for want of a token names the scheme", "[hub]") {
    LogHubFixture f;
    const auto refusal = f.hub("changes").check(f.request("", {}));
    REQUIRE(refusal);
    CHECK(refusal->headers ==
          std::vector<std::pair<std::string, std::string>>{{"WWW-Authenticate", "Bearer"}});
}

TEST_CASE("A site's hub shows that site's events of its stream", "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient admin(f, "entries", "admin", {{"site_id", "a"}, {"since", "earliest"}});
    CHECK(admin.pushed() == Positions{1, 2});
    HubClient of_user(f, "entries", "admin",
                      {{"site_id", "a"}, {"user_id", "you"}, {"since", "earliest"}});
    CHECK(of_user.pushed() == Positions{2});
    HubClient own(f, "entries", "user",
                  {{"site_id", "a"}, {"user_id", "me"}, {"since", "earliest"}});
    CHECK(own.pushed() == Positions{1});
    HubClient incidents(f, "incidents", "all", {{"site_id", "a"}, {"since", "earliest"}});
    CHECK(incidents.pushed() == Positions{4});
    f.append({f.event("a", "you")});
    f.settle();
    CHECK(admin.pushed() == Positions{6});
    CHECK(of_user.pushed() == Positions{6});
    CHECK(own.pushed().empty());
    CHECK(incidents.pushed().empty());
}

TEST_CASE("Since says where a pushed subscription starts", "[hub]") {
    LogHubFixture f;
    fill(f);
    storage::StartPosition start;
    f.tails.resolve("t", {protocol::LogStart::Kind::earliest, 0, {}},
                    [&](auto found) { start = *found; });
    f.settle();
    const auto earliest = f.codec.encode("t", start.cursor);
    const auto since = [&](const std::string& value) {
        HubClient client(f, "changes", "reader", {{"since", value}});
        REQUIRE_FALSE(client.refusal);
        return client.pushed();
    };
    CHECK(since("earliest") == Positions{1, 2, 3, 4, 5});
    CHECK(since("latest").empty());
    CHECK(since(earliest) == Positions{1, 2, 3, 4, 5});
    CHECK(since("1999-01-01T00:00:00Z") == Positions{1, 2, 3, 4, 5});
    CHECK(since("2099-01-01T00:00:00Z").empty());
    HubClient by_cursor(f, "changes", "reader", {{"cursor", earliest}});
    CHECK(by_cursor.pushed() == Positions{1, 2, 3, 4, 5});
}

TEST_CASE("A cursor that was delivered replays what came after it", "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient first(f, "changes", "reader", {{"since", "earliest"}});
    const auto messages = first.messages();
    REQUIRE(messages.size() == 5);
    const auto third =
        protocol::JsonValue::parse(messages[2].find("arguments")->at(0).string(), {});
    HubClient again(f, "changes", "reader", {{"since", third->find("cursor")->string()}});
    CHECK(again.pushed() == Positions{4, 5});
}

TEST_CASE("A since that cannot be followed is refused before the upgrade", "[hub]") {
    LogHubFixture f;
    fill(f);
    protocol::Cursor cursor;
    cursor.pos = 6;
    const auto ahead = f.codec.encode("t", cursor);
    cursor.pos = 1;
    const auto old = f.codec.encode("t", cursor);
    cursor.epoch = 9;
    const auto reset = f.codec.encode("t", cursor);
    REQUIRE(f.service.set_floor_now("t", 4));
    f.settle();
    struct Row {
        std::string since;
        int status;
        std::string code;
    };
    for (const auto& row : std::vector<Row>{{"c1.rubbish", 400, "cursor-invalid"},
                                            {f.codec.encode("other", {}), 400, "cursor-invalid"},
                                            {"yesterday", 400, "since-invalid"},
                                            {"Earliest", 400, "since-invalid"},
                                            {ahead, 400, "cursor-ahead"},
                                            {old, 410, "cursor-expired"},
                                            {reset, 410, "log-reset"}}) {
        CAPTURE(row.since);
        HubClient client(f, "changes", "reader", {{"since", row.since}});
        REQUIRE(client.refusal);
        CHECK(client.refusal->status == row.status);
        const auto body = protocol::JsonValue::parse(client.refusal->body, {});
        CHECK(body->find("error")->find("code")->string() == row.code);
        CHECK(bool(body->find("error")->find("details")->find("oldest_cursor")) ==
              (row.status == 410));
    }
}

TEST_CASE("A log that cannot be read is 503 before the upgrade", "[hub]") {
    LogHubFixture f;
    f.store.fail_reads(1);
    HubClient client(f, "changes", "reader", {{"since", "earliest"}});
    REQUIRE(client.refusal);
    CHECK(client.refusal->status == 503);
}

TEST_CASE("The changes hub pushes only when it is asked to", "[hub]") {
    LogHubFixture f;
    HubClient silent(f, "changes", "reader", {});
    HubClient refused(f, "changes", "reader", {{"push", "0"}});
    HubClient asked(f, "changes", "reader", {{"push", "1"}});
    HubClient since(f, "changes", "reader", {{"since", "latest"}});
    HubClient entries(f, "entries", "admin", {{"site_id", "a"}});
    fill(f);
    CHECK(silent.messages().empty());
    CHECK(refused.messages().empty());
    CHECK(asked.pushed() == Positions{1, 2, 3, 4, 5});
    CHECK(since.pushed() == Positions{1, 2, 3, 4, 5});
    CHECK(entries.pushed() == Positions{1, 2});
}

TEST_CASE("The changes hub filters by site, stream and type", "[hub]") {
    LogHubFixture f;
    fill(f);
    const auto with = [&](const std::string& token, Query query) {
        query.emplace_back("since", "earliest");
        HubClient client(f, "changes", token, std::move(query));
        REQUIRE_FALSE(client.refusal);
        return client.pushed();
    };
    CHECK(with("reader", {{"site_id", "b"}}) == Positions{3});
    CHECK(with("reader", {{"stream", "incidents"}, {"stream", "files"}}) == Positions{4, 5});
    CHECK(with("reader", {{"types", "files.made,incidents.*"}}) == Positions{4, 5});
    CHECK(with("user", {}) == Positions{1, 4});
    CHECK(with("none", {}).empty());
}

TEST_CASE("The hubs of a site have no methods", "[hub]") {
    LogHubFixture f;
    HubClient client(f, "entries", "admin", {{"site_id", "a"}});
    client.subscribe("1", "");
    const auto messages = client.messages();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].find("error")->string() ==
          "Failed to invoke 'Subscribe' due to an error on the server. HubException: Method does "
          "not exist.");
}

TEST_CASE("Subscribe starts at the head without options, and where they say with them", "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient client(f, "changes", "reader", {});
    const std::string argument = GENERATE("", "null", "{}", R"({"cursor":null,"types":null})");
    client.subscribe("1", argument);
    CHECK(items(client.messages()) == List{"live"});
    f.append({f.event("a", "me")});
    f.settle();
    CHECK(items(client.messages()) == List{"batch 6-6: 6"});
    client.subscribe("2", R"({"since":"earliest","site_id":["a"],"stream":"entries"})");
    CHECK(items(client.messages()) == List{"batch 1-6: 1 2 6", "live"});
}

TEST_CASE("Streams of one connection run side by side", "[hub]") {
    LogHubFixture f;
    HubClient client(f, "changes", "reader", {{"push", "1"}});
    client.subscribe("x", "");
    client.subscribe("y", R"({"site_id":"b"})");
    client.messages();
    f.append({f.event("a", "me")});
    f.settle();
    int stream_items = 0;
    int pushed = 0;
    for (const auto& message : client.messages()) {
        (message.find("type")->integer() == 2 ? stream_items : pushed) += 1;
    }
    CHECK(pushed == 1);
    CHECK(stream_items == 1);
}

TEST_CASE("Options that are wrong end the stream with a text that helps", "[hub]") {
    struct Row {
        std::string argument;
        std::string error;
    };
    LogHubFixture f;
    HubClient client(f, "changes", "user", {});
    for (const auto& row : std::vector<Row>{
             {"[]", "Subscribe: the argument must be an object."},
             {"1", "Subscribe: the argument must be an object."},
             {R"({"a":1,"a":2})", "Subscribe: the argument must be an object."},
             {R"({"cursors":""})",
              "Subscribe: unknown member 'cursors'; known are cursor, since, site_id, share_id, "
              "stream, types, user_id, path_prefix, exclude_origin."},
             {R"({"since":5})", "Subscribe: 'since' must be a string."},
             {R"({"since":["latest"]})", "Subscribe: 'since' must be a string."},
             {R"({"types":5})", "Subscribe: 'types' must be a string or an array of strings."},
             {R"({"site_id":5})", "Subscribe: 'site_id' must be a string or an array of strings."},
             {R"({"stream":["a",5]})",
              "Subscribe: 'stream' must be a string or an array of strings."},
             {R"({"since":""})", "Subscribe: 'since' must be earliest, latest, a cursor or "},
             {R"({"types":")" + protocol::comma_list(5200) + "\"}",
              "Subscribe: 'types' must be at most 100 types."},
             {R"({"site_id":"b"})", "Subscribe: no role on site 'b'."},
             {R"({"since":"soon"})", "Subscribe: since-invalid: "},
             {R"({"cursor":"c1.x"})", "Subscribe: cursor-invalid: "},
         }) {
        CAPTURE(row.argument);
        client.subscribe("1", row.argument);
        const auto messages = client.messages();
        REQUIRE(messages.size() == 1);
        REQUIRE(messages[0].find("error"));
        CHECK(messages[0].find("error")->string().rfind(row.error, 0) == 0);
    }
    CHECK_FALSE(client.connection.closed);
}

TEST_CASE("A stream that starts behind the floor is reset and ends without error", "[hub]") {
    LogHubFixture f;
    fill(f);
    protocol::Cursor cursor;
    cursor.pos = 1;
    const auto old = f.codec.encode("t", cursor);
    REQUIRE(f.service.set_floor_now("t", 4));
    HubClient client(f, "changes", "reader", {});
    client.subscribe("1", R"({"cursor":")" + old + "\"}");
    CHECK(items(client.messages()) == List{"reset expired 2", "end"});
    cursor.epoch = 7;
    client.subscribe("1", R"({"cursor":")" + f.codec.encode("t", cursor) + "\"}");
    CHECK(items(client.messages()) == List{"reset log-reset 0", "end"});
}

TEST_CASE("A reset of the log ends streams by an item and pushes by Close", "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient stream(f, "changes", "reader", {});
    stream.subscribe("1", "");
    HubClient pushed(f, "changes", "reader", {{"push", "1"}});
    stream.messages();
    REQUIRE(f.service.reset_now("t"));
    f.settle();
    CHECK(items(stream.messages()) == List{"reset log-reset 0", "end"});
    CHECK_FALSE(stream.connection.closed);
    const auto messages = pushed.messages();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].find("type")->integer() == 7);
    CHECK(messages[0].find("error")->string() ==
          "The log can no longer be followed from here (log-reset); restart with since=earliest.");
    CHECK(pushed.connection.closed);
}

TEST_CASE("A log that cannot be read any more ends streams by an error and pushes by Close",
          "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient stream(f, "changes", "reader", {});
    stream.subscribe("1", "");
    stream.messages();
    HubClient pushed(f, "changes", "reader", {{"push", "1"}});
    pushed.messages();
    // A commit that was not told sends both to the log.
    f.append({f.event("a", "me")});
    f.untold.clear();
    f.append({f.event("a", "me")});
    f.store.fail_reads(2, storage::StoreErrc::corrupt);
    f.settle();
    CHECK(items(stream.messages()) ==
          List{"end: Subscribe: the log is damaged and cannot be read; its operator has to look at "
               "it."});
    CHECK_FALSE(stream.connection.closed);
    const auto messages = pushed.messages();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].find("type")->integer() == 7);
    CHECK(messages[0].find("error")->string() ==
          "the log is damaged and cannot be read; its operator has to look at it.");
    CHECK(pushed.connection.closed);
    CHECK(f.loop.timers() == 0);
}

TEST_CASE("GetCursor leaves no tail behind", "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient client(f, "changes", "reader", {});
    client.receive(R"({"type":1,"invocationId":"1","target":"GetCursor","arguments":[]}|)");
    REQUIRE(client.messages().size() == 1);
    f.tails.tick(f.loop.now_ns());
    CHECK(f.tails.tails() == 0);
}

TEST_CASE("A cancelled stream ends and is sent nothing more", "[hub]") {
    LogHubFixture f;
    HubClient client(f, "changes", "reader", {});
    client.subscribe("1", "");
    client.receive(R"({"type":5,"invocationId":"1"}|)");
    CHECK(items(client.messages()) == List{"live", "end"});
    fill(f);
    CHECK(client.messages().empty());
}

TEST_CASE("A stream that is cancelled while its start is looked up never starts", "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient client(f, "changes", "reader", {});
    const std::string start =
        R"({"type":4,"invocationId":"1","target":"Subscribe","arguments":[{"since":"earliest"SITE}]}|)";
    const auto start_with = [&](const std::string& site) {
        auto text = start;
        return text.replace(text.find("SITE"), 4, site);
    };
    client.receive_only(start_with("") + R"({"type":5,"invocationId":"1"}|)");
    SECTION("and is forgotten") {
        f.settle();
        CHECK(items(client.messages()) == List{"end"});
    }
    SECTION("and its id may be used at once, for another filter") {
        client.receive_only(start_with(R"(,"site_id":"b")"));
        f.settle();
        CHECK(items(client.messages()) == List{"end", "batch 1-5: 3", "live"});
    }
}

TEST_CASE("A client that goes while its start is looked up leaves nothing behind", "[hub]") {
    LogHubFixture f;
    fill(f);
    {
        HubClient client(f, "changes", "reader", {{"push", "1"}});
        client.receive_only(
            R"({"type":4,"invocationId":"1","target":"Subscribe","arguments":[{"since":"earliest"}]}|)"
            R"({"type":1,"invocationId":"2","target":"GetCursor","arguments":[]}|)");
    }
    f.settle();
    f.append({f.event("a", "me")});
    f.settle();
}

TEST_CASE("GetCursor answers the bounds of the log", "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient client(f, "changes", "reader", {});
    client.receive(R"({"type":1,"invocationId":"1","target":"GetCursor","arguments":[]}|)"
                   R"({"type":1,"invocationId":"2","target":"getcursor","arguments":[]}|)");
    const auto messages = client.messages();
    REQUIRE(messages.size() == 2);
    const auto result = *messages[0].find("result");
    CHECK(result.find("first_pos")->integer() == 1);
    CHECK(result.find("last_pos")->integer() == 5);
    CHECK(result.find("epoch")->integer() == 1);
    CHECK(f.codec.decode("t", result.find("latest_cursor")->string())->pos == 5);
    CHECK(f.codec.decode("t", result.find("oldest_cursor")->string())->pos == 0);
    CHECK(messages[1].find("invocationId")->string() == "2");
}

TEST_CASE("GetCursor says when the log cannot be asked", "[hub]") {
    LogHubFixture f;
    HubClient client(f, "changes", "reader", {});
    f.store.fail_reads(1);
    client.receive(R"({"type":1,"invocationId":"1","target":"GetCursor","arguments":[]}|)");
    const auto messages = client.messages();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].find("error")->string() == "GetCursor: the log cannot be used at the moment");
    client.receive(R"({"type":1,"invocationId":"2","target":"GetCursor","arguments":[]}|)");
    CHECK(client.messages().at(0).find("result"));
}

// The same rows as REST: what a channel says to a question is not its own.
TEST_CASE("A hub's URL is read with the log's own grammar, before the upgrade", "[hub]") {
    LogHubFixture f;
    for (const auto& row : protocol::query_cases()) {
        CAPTURE(protocol::show(row.items));
        const auto refusal = f.hub("changes").check(f.request("reader", row.items));
        REQUIRE(bool(refusal) == !row.field.empty());
        if (refusal) {
            CHECK(refusal->status == 400);
            const auto body = protocol::JsonValue::parse(refusal->body, {});
            CHECK(body->find("code")->string() ==
                  (row.code == protocol::QueryErrc::bad_value ? "bad-parameter" : "since-invalid"));
            CHECK(body->find("detail")->string().rfind(row.field + ": expected ", 0) == 0);
            CHECK(body->find("detail")->string().find(row.expected) != std::string::npos);
        }
    }
}

TEST_CASE("Subscribe is read with the log's own grammar, and says it in its own words", "[hub]") {
    // Values of one name as an array, as a client would write them; names in two cases stay two.
    const auto to_json = [](const protocol::QueryItems& items) {
        std::map<std::string, std::vector<std::string>> members;
        for (const auto& [name, value] : items) {
            members[name].push_back(value);
        }
        std::string json = "{";
        for (const auto& [name, values] : members) {
            json += (json.size() > 1 ? ",\"" : "\"") + name + "\":";
            json += values.size() > 1 ? "[" : "";
            for (std::size_t i = 0; i < values.size(); ++i) {
                json += i > 0 ? "," : "";
                protocol::append_json_string(json, values[i]);
            }
            json += values.size() > 1 ? "]" : "";
        }
        return json + "}";
    };
    for (const auto& row : protocol::query_cases()) {
        const auto json = to_json(row.items);
        CAPTURE(json.substr(0, 200));
        const auto query = parse_subscribe_options(json);
        REQUIRE(bool(query) == row.field.empty());
        if (query) {
            auto direct = *protocol::parse_log_query(row.items);
            CHECK(query->start == direct.start);
            CHECK(query->types == direct.types);
            CHECK(query->sites == direct.sites);
        } else {
            const std::string code =
                row.code == protocol::QueryErrc::bad_start ? "since-invalid: " : "";
            CHECK(query.error().rfind("Subscribe: " + code + "'" + row.field + "' must be ", 0) ==
                  0);
            // An array where one value may stand has a sentence of its own.
            if (row.expected != "a single") {
                CHECK(query.error().find(row.expected) != std::string::npos);
            }
        }
    }
}

TEST_CASE("A client's question stays within what the hub fixes", "[hub]") {
    LogHubFixture f;
    const auto refused = [&](const std::string& hub, Query query) {
        const auto refusal = f.hub(hub).check(f.request("all", std::move(query)));
        return refusal ? protocol::JsonValue::parse(refusal->body, {})->find("detail")->string()
                       : std::string();
    };
    CHECK(refused("entries", {{"site_id", "a"}, {"stream", "entries"}}).empty());
    CHECK(refused("entries", {{"site_id", "a"}, {"stream", "files"}}) ==
          "stream: expected a value within what the hub and its URL fix");
    CHECK(refused("entries", {{"site_id", "a"}, {"share_id", "b"}}) ==
          "the query parameter site_id is needed, exactly once");
}

TEST_CASE("Subscribe stays within its connection's URL", "[hub]") {
    LogHubFixture f;
    fill(f);
    HubClient client(
        f, "changes", "reader",
        {{"site_id", "a"}, {"stream", "entries"}, {"stream", "incidents"}, {"types", "entries.*"}});
    client.subscribe("1", R"({"since":"earliest"})");
    CHECK(items(client.messages()) == List{"batch 1-5: 1 2", "live"});
    client.subscribe("2", R"({"since":"earliest","user_id":"you","Stream":["entries"]})");
    CHECK(items(client.messages()) == List{"batch 1-5: 2", "live"});
    for (const auto* const field : {"site_id", "stream", "types"}) {
        client.subscribe("3", std::string("{\"") + field + R"(":"files"})");
        CHECK(client.messages().at(0).find("error")->string() ==
              std::string("Subscribe: '") + field +
                  "' must be a value within what the hub and its URL fix.");
    }
}

TEST_CASE("A cursor in Subscribe's since continues as one in cursor does", "[hub]") {
    LogHubFixture f;
    fill(f);
    storage::StartPosition start;
    f.tails.resolve("t", {protocol::LogStart::Kind::position, 3, {}},
                    [&](auto found) { start = *found; });
    f.settle();
    const auto cursor = f.codec.encode("t", start.cursor);
    HubClient client(f, "changes", "reader", {});
    for (const auto* const name : {"since", "cursor"}) {
        client.subscribe(name, std::string("{\"") + name + "\":\"" + cursor + "\"}");
        CHECK(items(client.messages()) == List{"batch 4-5: 4 5", "live"});
    }
}

TEST_CASE("A log that will not be readable again is said to be so", "[hub]") {
    LogHubFixture f;
    f.store.fail_reads(1, storage::StoreErrc::failed);
    HubClient pushed(f, "changes", "reader", {{"since", "earliest"}});
    REQUIRE(pushed.refusal);
    CHECK(pushed.refusal->status == 500);
    HubClient client(f, "changes", "reader", {});
    f.store.fail_reads(1, storage::StoreErrc::corrupt);
    client.subscribe("1", R"({"since":"earliest"})");
    CHECK(client.messages().at(0).find("error")->string() ==
          "Subscribe: log-failed: the log cannot be read, and to try again will not help");
}

}  // namespace hubtrail::hub
