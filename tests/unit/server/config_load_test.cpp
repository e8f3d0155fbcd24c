#include "server/config_load.h"

#include <cstdlib>

#include "server/config_file.h"
#include "server/config_setting.h"
#include "tests/support/catch.h"
#include "tests/unit/server/memory_files.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using testing::MemoryFiles;

constexpr const char* kFile = "hub.toml";

Result<LoadedConfig, ConfigProblems> load(const std::string& file,
                                          const Environment& environment = {},
                                          const std::vector<FlagValue>& flags = {}) {
    MemoryFiles files;
    files.files[kFile] = file;
    return load_config(files, {kFile, environment, flags});
}

LoadedConfig loaded(const std::string& file, const Environment& environment = {},
                    const std::vector<FlagValue>& flags = {}) {
    auto result = load(file, environment, flags);
    if (!result) {
        FAIL(result.error().front());
    }
    return std::move(*result);
}

ConfigProblems problems(const std::string& file, const Environment& environment = {},
                        const std::vector<FlagValue>& flags = {}) {
    const auto result = load(file, environment, flags);
    return result ? ConfigProblems{} : result.error();
}

TEST_CASE("without any source everything has its default", "[server]") {
    MemoryFiles files;
    const auto result = load_config(files, {});
    REQUIRE(result);
    CHECK(result->config.listen == "127.0.0.1:8080");
    CHECK(result->config.data_dir == "data");
    CHECK(result->config.auth.issuer == "hubtrail");
    CHECK(result->config.hub.receive_bytes_max == 32'768);
    CHECK(result->config.log_hubs.size() == 3);
    CHECK(result->origins.empty());
}

TEST_CASE("a file sets every kind of key", "[server]") {
    const auto result = loaded(R"(
listen = "0.0.0.0:80"
data = "/var/lib/hubtrail"
[server]
loops = 4
demo = false
bench_hub = true
[log]
level = "warn"
format = "json"
[auth]
leeway = 10
lifetime_max = "2h"
[hub]
keep_alive_interval = "5s"
client_timeout_interval = 20
maximum_receive_message_size = "64KiB"
enable_detailed_errors = true
)");
    const auto& config = result.config;
    CHECK(config.listen == "0.0.0.0:80");
    CHECK(config.data_dir == "/var/lib/hubtrail");
    CHECK(config.loops == 4);
    CHECK(config.bench_hub);
    CHECK(config.log_level == LogLevel::warn);
    CHECK(config.log_format == LogFormat::json);
    CHECK(config.auth.leeway_s == 10);
    CHECK(config.auth.lifetime_max_s == 7'200);
    CHECK(config.hub.keep_alive_interval_ns == 5'000'000'000);
    CHECK(config.hub.client_timeout_ns == 20'000'000'000);
    CHECK(config.hub.receive_bytes_max == 65'536);
    CHECK(config.hub.detailed_errors);
    CHECK(result.origins.at("listen") == "file hub.toml:2");
    CHECK(result.origins.at("hub.enable_detailed_errors") == "file hub.toml:18");
    CHECK(result.origins.count("server.reader_threads") == 0);
}

TEST_CASE("a flag goes before a variable, that before the file, that before the default",
          "[server]") {
    const std::string file =
        "data = \"f\"\n[server]\nloops = 2\nreader_threads = 3\n[log]\nlevel = \"warn\"\n";
    const auto result =
        loaded(file, {{"HUBTRAIL_SERVER_LOOPS", "5"}, {"HUBTRAIL_DATA", "e"}}, {{"--data", "c"}});
    CHECK(result.config.data_dir == "c");
    CHECK(result.origins.at("data") == "flag --data");
    CHECK(result.config.loops == 5);
    CHECK(result.origins.at("server.loops") == "environment HUBTRAIL_SERVER_LOOPS");
    CHECK(result.config.reader_threads == 3);
    CHECK(result.config.log_level == LogLevel::warn);
    CHECK(result.config.listen == "127.0.0.1:8080");
}

// Goal: no setting is forgotten by a source. Method: give each one its own default, by both ways.
TEST_CASE("every setting is known as a key of the file and as a variable", "[server]") {
    const ServerConfig defaults;
    for (const auto& setting : server_settings()) {
        CAPTURE(setting.name.dotted());
        const auto text = setting.print(defaults);
        const auto header = setting.name.section.empty() ? "" : "[" + setting.name.section + "]\n";
        const auto from_file = load(header + setting.name.key + " = " + text + "\n");
        REQUIRE(from_file);
        CHECK(from_file->origins.count(setting.name.dotted()) == 1);
        std::string plain;
        for (const char c : text) {
            plain += c == '"' || c == '[' || c == ']' ? "" : std::string(1, c);
        }
        const auto variable = environment_name(setting.name);
        const auto from_variable = load("", {{variable, plain}});
        REQUIRE(from_variable);
        CHECK(from_variable->origins.at(setting.name.dotted()) == "environment " + variable);
    }
}

TEST_CASE("an unknown key names the nearest one and its line, and never its value", "[server]") {
    struct Row {
        const char* file;
        const char* problem;
    };
    const auto row = GENERATE(values<Row>({
        {"lisen = \"s3cret\"", "hub.toml:1: unknown key 'lisen'; did you mean 'listen'?"},
        {"[hub]\nkeep_alive_intervall = 15",
         "hub.toml:2: unknown key 'hub.keep_alive_intervall'; did you mean "
         "'hub.keep_alive_interval'?"},
        {"issuer = \"s3cret\"", "hub.toml:1: unknown key 'issuer'; did you mean 'auth.issuer'?"},
        {"[log]\nloops = 1", "hub.toml:2: unknown key 'log.loops'; did you mean 'server.loops'?"},
        {"[hubb]\nx = 1\ny = 2", "hub.toml:1: unknown section 'hubb'; did you mean [hub]?"},
        {"[log_hubs]\nx = 1", "hub.toml:1: unknown section 'log_hubs'; did you mean [[log_hub]]?"},
        {"[listen]\nx = 1", "hub.toml:1: 'listen' is a key, not a section"},
        {"hub = 3", "hub.toml:1: 'hub' is a section: write [hub]"},
        {"log_hub = []", "hub.toml:1: 'log_hub' is a section: write [[log_hub]]"},
        {"[log_hub]\npath = \"/x\"", "hub.toml:1: write [[log_hub]] as the header"},
        {"[[hub]]\nstreams_max = 1", "hub.toml:1: write [hub] as the header"},
    }));
    CAPTURE(row.file);
    CHECK_THAT(problems(row.file), Equals(ConfigProblems{row.problem}));
}

TEST_CASE("a value that does not fit says what was found and what is expected", "[server]") {
    struct Row {
        const char* file;
        const char* problem;
    };
    const auto row = GENERATE(values<Row>({
        {"[server]\nloops = 257",
         "hub.toml:2: 'server.loops' is 257, expected a whole number from 0 to 256"},
        {"[server]\nloops = \"2\"",
         "hub.toml:2: 'server.loops' is \"2\", expected a whole number from 0 to 256"},
        {"[server]\nloops = 1.5",
         "hub.toml:2: 'server.loops' is a number with a fraction, expected a whole number from 0 "
         "to "
         "256"},
        {"[server]\ndemo = 1", "hub.toml:2: 'server.demo' is 1, expected true or false"},
        {"[log]\nlevel = \"loud\"",
         "hub.toml:2: 'log.level' is \"loud\", expected one of debug, info, warn, error"},
        {"[hub]\n\nhandshake_timeout = \"5 s\"",
         "hub.toml:3: 'hub.handshake_timeout' is \"5 s\", expected a duration from 100ms to 5m, "
         "such "
         "as \"15s\", \"2m\" or 15"},
        {"[hub]\nsupported_protocols = []",
         "hub.toml:2: 'hub.supported_protocols' is [], expected a list of one or more of json, "
         "messagepack"},
        {"[hub]\ntransports = [\"WebSocket\"]",
         "hub.toml:2: 'hub.transports' is [\"WebSocket\"], expected a list of one or more of "
         "WebSockets, "
         "ServerSentEvents, LongPolling"},
        {"[hub]\nallowed_origins = [\"*\"]",
         "hub.toml:2: 'hub.allowed_origins' is [\"*\"], expected a list of origins such as "
         "\"https://app.example\", without path or wildcard"},
        {"[auth]\nkey_files = \"s3cret\"",
         "hub.toml:2: 'auth.key_files' is text, expected a list of paths (never the keys "
         "themselves)"},
    }));
    CAPTURE(row.file);
    CHECK_THAT(problems(row.file), Equals(ConfigProblems{row.problem}));
}

TEST_CASE("a log hub begins with what [hub] says and overrides it for itself", "[server]") {
    const auto result = loaded(
        "[[log_hub]]\npath = \"/a\"\nscopes = [\"x\"]\n"
        "transports = [\"LongPolling\"]\nmaximum_receive_message_size = \"64KiB\"\n"
        "[[log_hub]]\npath = \"/b\"\nscopes = [\"x\"]\n"
        "[hub]\nsupported_protocols = [\"messagepack\"]\nallowed_origins = "
        "[\"https://app.example\"]\n"
        "allow_stateful_reconnects = true\nmaximum_receive_message_size = \"1KiB\"\n");
    REQUIRE(result.config.log_hubs.size() == 2);
    const auto& a = result.config.log_hubs[0];
    const auto& b = result.config.log_hubs[1];
    for (const auto& hub : result.config.log_hubs) {
        CHECK(hub.hub.protocols.messagepack);
        CHECK_FALSE(hub.hub.protocols.json);
        CHECK(hub.endpoint.allowed_origins == std::vector<std::string>{"https://app.example"});
        CHECK(hub.endpoint.allow_stateful_reconnects);
    }
    CHECK_FALSE(a.endpoint.web_sockets);
    CHECK(a.endpoint.long_polling);
    CHECK(b.endpoint.web_sockets);
    CHECK(a.hub.receive_bytes_max == 64 * 1024);
    CHECK(a.endpoint.message_bytes_max == 256 * 1024);
    CHECK(b.hub.receive_bytes_max == 1024);
    CHECK(b.endpoint.message_bytes_max == 128 * 1024);
}

TEST_CASE("without a log hub in the file the usual ones follow [hub]", "[server]") {
    const auto result = loaded("[hub]\nstreams_max = 7\n");
    REQUIRE(result.config.log_hubs.size() == 3);
    for (const auto& hub : result.config.log_hubs) {
        CHECK(hub.hub.streams_max == 7);
    }
}

TEST_CASE("all problems of all sources are told at once, in the order of the sources", "[server]") {
    const auto found = problems(
        "lisen = 1\n"
        "[server]\n"
        "loops = -1\n"
        "[[log_hub]]\n"
        "path = \"x\"\n"
        "pth = \"y\"\n"
        "[hubb]\n",
        {{"HUBTRAIL_LOG_LEVL", "s3cret"}, {"HUBTRAIL_SERVER_DEMO", "maybe"}},
        {{"--listen", "nowhere"}});
    REQUIRE(found.size() == 9);
    CHECK_THAT(found[0], Contains("hub.toml:1: ") && Contains("'listen'"));
    CHECK_THAT(found[1], Contains("hub.toml:3: ") && Contains("-1"));
    CHECK_THAT(found[2], Contains("hub.toml:5: ") && Contains("'log_hub.path'"));
    CHECK_THAT(found[3], Contains("hub.toml:6: ") && Contains("did you mean 'log_hub.path'?"));
    CHECK_THAT(found[4], Contains("hub.toml:4: ") && Contains("needs 'scopes'"));
    CHECK_THAT(found[5], Contains("hub.toml:7: unknown section"));
    CHECK_THAT(found[6],
               Equals("unknown variable HUBTRAIL_LOG_LEVL in the environment; did you mean "
                      "HUBTRAIL_LOG_LEVEL?"));
    CHECK_THAT(found[7], Equals("HUBTRAIL_SERVER_DEMO is \"maybe\", expected true or false"));
    CHECK_THAT(found[8], Contains("--listen is \"nowhere\", expected ADDRESS:PORT"));
}

TEST_CASE("the token of the clients is no setting", "[server]") {
    CHECK(loaded("", {{"HUBTRAIL_TOKEN", "s3cret"}}).origins.empty());
    CHECK_THAT(
        problems("", {{"HUBTRAIL_TOKN", "s3cret"}}),
        Equals(ConfigProblems{"unknown variable HUBTRAIL_TOKN in the environment; did you mean "
                              "HUBTRAIL_TOKEN?"}));
}

TEST_CASE("a file that cannot be used is a problem", "[server]") {
    MemoryFiles files;
    auto result = load_config(files, {"absent.toml", {}, {}});
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error(), Equals(ConfigProblems{"absent.toml: there is no such file"}));
    CHECK_THAT(problems("a = 1\nb = [").front(), Contains("hub.toml:2: this is not valid TOML"));
    const std::string comment = "# ";
    const auto size = kConfigFileBytesMax - comment.size();
    CHECK(load(comment + std::string(size, 'x')));
    CHECK_FALSE(load(comment + std::string(size + 1, 'x')));
}

TEST_CASE("log hubs of the file take the place of the three that are there", "[server]") {
    const auto result = loaded(R"(
[[log_hub]]
path = "/alarms"
streams = ["incidents", "entries"]
scopes = ["events.read"]
method = "Alarm"
site_required = false
push_always = false
subscribe = true
[[log_hub]]
path = "/plain"
scopes = ["a", "b"]
)");
    REQUIRE(result.config.log_hubs.size() == 2);
    const auto& alarms = result.config.log_hubs[0];
    CHECK(alarms.path == "/alarms");
    CHECK(alarms.streams == std::vector<std::string>{"incidents", "entries"});
    CHECK(alarms.scopes == std::vector<std::string>{"events.read"});
    CHECK(alarms.method == "Alarm");
    CHECK_FALSE(alarms.site_required);
    CHECK_FALSE(alarms.push_always);
    CHECK(alarms.subscribe);
    const auto& plain = result.config.log_hubs[1];
    CHECK(plain.streams.empty());
    CHECK(plain.method == "ReceiveMessage");
    CHECK(plain.site_required);
    CHECK(result.origins.at("log_hub") == "file hub.toml:2");
}

TEST_CASE("two log hubs cannot share a path, in any case", "[server]") {
    const auto path = std::string(GENERATE("/a", "/A"));
    const std::string scopes = "\"\nscopes = [\"s\"]\n";
    CHECK_THAT(
        problems("[[log_hub]]\npath = \"/a" + scopes + "[[log_hub]]\npath = \"" + path + scopes),
        Equals(ConfigProblems{"hub.toml:4: the [[log_hub]] cannot serve '" + path +
                              "': hub.toml:1: the [[log_hub]] serves '/a'"}));
}

TEST_CASE("a log hub cannot take what the server itself serves", "[server]") {
    struct Row {
        const char* path;
        const char* flag;
        const char* owner;
    };
    const auto row = GENERATE(
        Row{"/livez", "", "the health check serves '/livez'"},
        Row{"/LiveZ", "", "the health check serves '/livez'"},
        Row{"/readyz", "", "the health check serves '/readyz'"},
        Row{"/API/v1/events", "", "the REST interface serves '/api/v1/events'"},
        Row{"/API/v1/events/a", "", "the REST interface serves '/api/v1/events/' and all below it"},
        Row{"/Api/v1/sync/changes", "", "the REST interface serves '/api/v1/sync/changes'"},
        Row{"/bench", "--bench-hub", "the bench hub serves '/bench'"},
        Row{"/bench/negotiate", "--bench-hub", "the bench hub serves '/bench/negotiate'"},
        Row{"/style.css", "--demo", "the demo page serves '/style.css'"},
        Row{"/demo/session", "--demo", "the demo page serves '/demo/session'"});
    CAPTURE(row.path);
    const auto text = "[[log_hub]]\npath = \"" + std::string(row.path) + "\"\nscopes = [\"s\"]\n";
    std::vector<FlagValue> flags;
    if (*row.flag != '\0') {
        CHECK(load(text));
        flags.push_back({row.flag, "true"});
    }
    const auto refused = load(text, {}, flags);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error(),
               Equals(ConfigProblems{std::string("hub.toml:1: the [[log_hub]] cannot serve '") +
                                     row.path + "': " + row.owner}));
}

TEST_CASE("the demo is served on loopback only", "[server]") {
    for (const auto* good : {"127.0.0.1:0", "127.9.9.9:1", "[::1]:80", "localhost:80", "8080"}) {
        CHECK(load("", {}, {{"--demo", "true"}, {"--listen", good}}));
        CHECK(is_loopback_address(good));
    }
    for (const auto* bad : {"0.0.0.0:80", ":80", "[::]:80", "192.168.0.1:80"}) {
        CAPTURE(bad);
        const auto found = problems("", {}, {{"--demo", "true"}, {"--listen", bad}});
        REQUIRE(found.size() == 1);
        CHECK_THAT(found[0], Contains("loopback"));
        CHECK(load("", {}, {{"--listen", bad}}));
    }
    CHECK_FALSE(is_loopback_address("nonsense"));
}

TEST_CASE("the client timeout must exceed the interval of pings", "[server]") {
    CHECK(load("[hub]\nkeep_alive_interval = \"29999ms\""));
    CHECK(problems("[hub]\nkeep_alive_interval = 30").size() == 1);
    CHECK(problems("[hub]\nclient_timeout_interval = 15").size() == 1);
}

TEST_CASE("key files need an issuer and an audience, and those need key files", "[server]") {
    const std::string keys = "[auth]\nkey_files = [\"k.json\"]\n";
    CHECK(load(keys + "issuer = \"https://id.example.test\"\naudience = [\"hub\"]\n"));
    CHECK_THAT(problems(keys),
               Equals(ConfigProblems{"'auth.issuer' is needed with 'auth.key_files'",
                                     "'auth.audience' is needed with 'auth.key_files'"}));
    CHECK(problems("[auth]\nissuer = \"x\"\n").size() == 1);
    CHECK(problems("[auth]\naudience = [\"x\"]\n").size() == 1);
    CHECK(load("[auth]\nissuer = \"hubtrail\"\naudience = [\"hubtrail\"]\n"));
}

TEST_CASE("the keys of all key files are in the policy", "[server]") {
    MemoryFiles files;
    files.files["a"] = R"({"keys":[{"kty":"oct","kid":"1","k":"AAAA"}]})";
    files.files["b"] = R"({"kty":"oct","kid":"2","k":"AAAA"})";
    ServerConfig config;
    CHECK(load_token_policy(files, config)->keys.empty());
    config.auth_key_files = {"a", "b"};
    config.auth.issuer = "x";
    const auto policy = load_token_policy(files, config);
    REQUIRE(policy);
    CHECK(policy->issuer == "x");
    REQUIRE(policy->keys.size() == 2);
    CHECK(policy->keys[1].kid == "2");
    config.auth_key_files = {"c"};
    CHECK_FALSE(load_token_policy(files, config));
}

TEST_CASE("the environment of the process is read by its prefix", "[server]") {
    REQUIRE(setenv("HUBTRAIL_LOG_LEVEL", "a=b", 1) == 0);
    REQUIRE(setenv("HUBTRAI", "no", 1) == 0);
    const auto environment = read_environment();
    CHECK(environment.at("HUBTRAIL_LOG_LEVEL") == "a=b");
    CHECK(environment.count("HUBTRAI") == 0);
    unsetenv("HUBTRAIL_LOG_LEVEL");
    unsetenv("HUBTRAI");
}

}  // namespace
}  // namespace hubtrail::server
