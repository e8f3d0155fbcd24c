#include "server/config_setting.h"

#include <algorithm>
#include <set>

#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

const Setting<ServerConfig>& setting(const std::string& dotted) {
    const auto& all = server_settings();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& candidate) {
        return candidate.name.dotted() == dotted;
    });
    REQUIRE(found != all.end());
    return *found;
}

// What was read, as it would be printed; "refused" otherwise.
std::string taken(const std::string& dotted, const ConfigValue& value) {
    ServerConfig config;
    return setting(dotted).read(value, config) ? setting(dotted).print(config) : "refused";
}

TEST_CASE("no two settings share a name, a variable or a flag", "[server]") {
    std::set<std::string> names;
    std::set<std::string> variables;
    std::set<std::string> flags;
    for (const auto& each : server_settings()) {
        CAPTURE(each.name.dotted());
        CHECK(names.insert(each.name.dotted()).second);
        CHECK(variables.insert(environment_name(each.name)).second);
        CHECK((each.name.flag.empty() || flags.insert(each.name.flag).second));
        CHECK_FALSE(each.help.empty());
        CHECK_FALSE(each.expects.empty());
    }
    CHECK(environment_name({"", "data", ""}) == "HUBTRAIL_DATA");
    CHECK(environment_name({"hub", "keep_alive_interval", ""}) ==
          "HUBTRAIL_HUB_KEEP_ALIVE_INTERVAL");
}

TEST_CASE("each setting prints its own default", "[server]") {
    const ServerConfig defaults;
    CHECK(setting("listen").print(defaults) == "\"127.0.0.1:8080\"");
    CHECK(setting("log.level").print(defaults) == "\"info\"");
    CHECK(setting("log.format").print(defaults) == "\"text\"");
    CHECK(setting("auth.audience").print(defaults) == "[\"hubtrail\"]");
    CHECK(setting("auth.lifetime_max").print(defaults) == "\"1d\"");
    CHECK(setting("hub.handshake_timeout").print(defaults) == "\"15s\"");
    CHECK(setting("hub.keep_alive_interval").print(defaults) == "\"15s\"");
    CHECK(setting("hub.client_timeout_interval").print(defaults) == "\"30s\"");
    CHECK(setting("hub.maximum_receive_message_size").print(defaults) == "\"32KiB\"");
    CHECK(setting("hub.enable_detailed_errors").print(defaults) == "false");
}

// Goal: every limit holds on both sides. Method: its ends and their neighbours, as plain text.
TEST_CASE("every range takes its ends and refuses what lies beyond", "[server]") {
    struct Row {
        const char* name;
        const char* below;  // empty: there is nothing below
        const char* min;
        const char* max;
        const char* above;
    };
    const auto row = GENERATE(values<Row>({
        {"server.loops", "-1", "0", "256", "257"},
        {"server.reader_threads", "0", "1", "64", "65"},
        {"server.connections_max", "-1", "0", "10000000", "10000001"},
        {"auth.leeway", "-1", "0s", "60s", "61s"},
        {"auth.lifetime_max", "59s", "60s", "24h", "86401s"},
        {"auth.token_cache_max", "0", "1", "1000000", "1000001"},
        {"hub.handshake_timeout", "99ms", "100ms", "5m", "300001ms"},
        {"hub.keep_alive_interval", "99ms", "100ms", "1h", "3600001ms"},
        {"hub.client_timeout_interval", "199ms", "200ms", "1d", "86400001ms"},
        {"hub.maximum_receive_message_size", "255", "256", "16MiB", "16777217"},
        {"hub.streams_max", "0", "1", "10000", "10001"},
    }));
    CAPTURE(row.name);
    CHECK(taken(row.name, PlainText{row.below}) == "refused");
    CHECK(taken(row.name, PlainText{row.min}) != "refused");
    CHECK(taken(row.name, PlainText{row.max}) != "refused");
    CHECK(taken(row.name, PlainText{row.above}) == "refused");
}

TEST_CASE("what is kept in seconds takes whole seconds only", "[server]") {
    CHECK(taken("auth.leeway", PlainText{"5s"}) == "\"5s\"");
    CHECK(taken("auth.leeway", PlainText{"500ms"}) == "refused");
    CHECK(taken("hub.handshake_timeout", PlainText{"500ms"}) == "\"500ms\"");
}

TEST_CASE("a choice takes its words as they are written", "[server]") {
    for (const auto* level : {"debug", "info", "warn", "error"}) {
        CHECK(taken("log.level", PlainText{level}) == quote_text(level));
    }
    CHECK(taken("log.format", std::string("json")) == "\"json\"");
    CHECK(taken("log.level", PlainText{"INFO"}) == "refused");
    CHECK(taken("log.level", PlainText{""}) == "refused");
    CHECK(taken("log.level", std::int64_t{1}) == "refused");
}

TEST_CASE("an address to listen on is checked", "[server]") {
    for (const auto* good : {"127.0.0.1:0", "0.0.0.0:80", "[::1]:8080", "localhost:1"}) {
        CHECK(taken("listen", PlainText{good}) == quote_text(good));
    }
    for (const auto* bad : {"", "example.org:80", "127.0.0.1:", "127.0.0.1:65536", "1.2.3:4"}) {
        CHECK(taken("listen", PlainText{bad}) == "refused");
    }
}

TEST_CASE("a key in place of its path is refused and not to be shown", "[server]") {
    using List = std::vector<std::string>;
    CHECK_FALSE(setting("auth.key_files").may_be_shown);
    CHECK(taken("auth.key_files", List{"keys/a.json", "b.jwk"}) == R"(["keys/a.json", "b.jwk"])");
    CHECK(taken("auth.key_files", List{R"({"kty":"oct","k":"AAAA"})"}) == "refused");
    CHECK(taken("auth.key_files", List{"-----BEGIN PRIVATE KEY-----\nAAAA"}) == "refused");
    CHECK(taken("auth.key_files", List{""}) == "refused");
}

TEST_CASE("texts may not hold control characters and are bounded", "[server]") {
    CHECK(taken("data", std::string(4096, 'd')) != "refused");
    CHECK(taken("data", std::string(4097, 'd')) == "refused");
    CHECK(taken("data", std::string("a\nb")) == "refused");
    CHECK(taken("data", std::string()) == "refused");
    CHECK(taken("server.page", std::string()) == "\"\"");
    CHECK(taken("auth.audience", std::vector<std::string>{}) == "refused");
}

TEST_CASE("the keys of a log hub are checked", "[server]") {
    const auto taken_by_hub = [](const std::string& key, const ConfigValue& value) {
        const auto* array = find_array(kLogHubSection);
        REQUIRE(array != nullptr);
        ServerConfig config;
        array->assign(config, 1);
        const auto keys = array->keys(0);
        const auto* found = find_setting(keys, kLogHubSection, key);
        return found != nullptr && found->read(value, config);
    };
    using List = std::vector<std::string>;
    CHECK(taken_by_hub("path", std::string("/v1/hub/alarms")));
    for (const auto* bad : {"", "/", "alarms", "/a/", "/a b", "/a?b", "/api/v1/x", "/a#", "/%41"}) {
        CAPTURE(bad);
        CHECK_FALSE(taken_by_hub("path", std::string(bad)));
    }
    CHECK(taken_by_hub("path", "/" + std::string(127, 'a')));
    CHECK_FALSE(taken_by_hub("path", "/" + std::string(128, 'a')));
    CHECK(taken_by_hub("streams", List{}));
    CHECK(taken_by_hub("streams", List{std::string(64, 'a')}));
    CHECK_FALSE(taken_by_hub("streams", List{std::string(65, 'a')}));
    CHECK_FALSE(taken_by_hub("streams", List{"Upper"}));
    CHECK_FALSE(taken_by_hub("scopes", List{}));
    CHECK_FALSE(taken_by_hub("scopes", List{"two words"}));
    CHECK(taken_by_hub("scopes", List{"events.read"}));
    CHECK_FALSE(taken_by_hub("method", std::string()));
    CHECK(taken_by_hub("subscribe", true));
    CHECK_FALSE(taken_by_hub("subscribe", std::string("true")));
}

}  // namespace
}  // namespace hubtrail::server
