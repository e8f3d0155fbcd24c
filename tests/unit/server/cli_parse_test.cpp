#include "server/cli_parse.h"

#include <sstream>

#include "server/cli_help.h"
#include "server/config_setting.h"
#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Words = std::vector<std::string>;

template <typename Kind>
Kind parsed(const Words& arguments, const Environment& environment = {}) {
    auto command = parse_command_line(arguments, environment);
    if (!command) {
        FAIL(command.error().text);
    }
    REQUIRE(std::holds_alternative<Kind>(*command));
    return std::get<Kind>(std::move(*command));
}

CommandLineExit refused(const Words& arguments, const Environment& environment = {}) {
    const auto command = parse_command_line(arguments, environment);
    REQUIRE_FALSE(command);
    return command.error();
}

std::vector<Words> all_verbs() {
    std::vector<Words> verbs = {{},       {"serve"}, {"token"},        {"watch"},  {"demo-feed"},
                                {"pull"}, {"bench"}, {"check-config"}, {"version"}};
    for (const auto& scenario : bench::scenarios()) {
        verbs.push_back({"bench", scenario.name});
    }
    return verbs;
}

TEST_CASE("every verb has help of 79 columns with an example", "[server]") {
    for (auto arguments : all_verbs()) {
        arguments.emplace_back("--help");
        const auto exit = refused(arguments);
        CAPTURE(arguments, exit.text);
        CHECK(exit.code == kExitOk);
        CHECK_THAT(exit.text,
                   Contains("Usage: hubtrail") && Contains("\nExample") && Contains("-h, --help"));
        CHECK_THAT(exit.text, !Contains("TEXT") && !Contains("\x1f"));
        std::istringstream lines(exit.text);
        for (std::string line; std::getline(lines, line);) {
            CHECK(line.size() <= 79);
            CHECK((line.empty() || line.back() != ' '));
        }
    }
}

TEST_CASE("the help of the program names every verb and has two examples", "[server]") {
    const auto text = refused({"--help"}).text;
    for (const auto* verb :
         {"serve", "token", "watch", "demo-feed", "pull", "bench", "check-config", "version"}) {
        CHECK_THAT(text, Contains("\n  " + std::string(verb) + "  "));
    }
    CHECK_THAT(text, Contains("Examples:\n  hubtrail serve") && Contains("\n  hubtrail token"));
    CHECK(refused({"help"}).text == text);
    CHECK(refused({"help", "token"}).text == refused({"token", "--help"}).text);
    CHECK(refused({"token", "-h"}).text == refused({"token", "--help"}).text);
}

TEST_CASE("help shows the defaults", "[server]") {
    CHECK_THAT(refused({"serve", "--help"}).text, Contains("(default: 127.0.0.1:8080)"));
    CHECK_THAT(refused({"token", "--help"}).text,
               Contains("(default: 1h)") && Contains("(required)"));
    CHECK_THAT(refused({"bench", "fanout", "--help"}).text, Contains("(default: 1000)"));
}

TEST_CASE("nothing at all is answered with help, and is not ok", "[server]") {
    for (const auto& arguments : {Words{}, Words{"bench"}}) {
        const auto exit = refused(arguments);
        CHECK(exit.code == kExitUsage);
        CHECK_THAT(exit.text, Contains("Verbs:"));
    }
}

TEST_CASE("what is unknown is named with the nearest that is known", "[server]") {
    struct Row {
        Words arguments;
        const char* text;
    };
    const auto row = GENERATE(values<Row>({
        {{"serv"}, "hubtrail: unknown verb 'serv'; did you mean 'serve'?\n"},
        {{"serv", "--listen", "x"}, "hubtrail: unknown verb 'serv'; did you mean 'serve'?\n"},
        {{"demofeed"}, "hubtrail: unknown verb 'demofeed'; did you mean 'demo-feed'?\n"},
        {{"bench", "fanot"}, "hubtrail bench: unknown verb 'fanot'; did you mean 'fanout'?\n"},
        {{"serve", "--lisen", "x"},
         "hubtrail serve: unknown flag '--lisen'; did you mean '--listen'?\n"},
        {{"serve", "--log_level=x"},
         "hubtrail serve: unknown flag '--log_level'; did you mean '--log-level'?\n"},
        // The flag that is missing because of it is not what is said.
        {{"token", "--dat", "x"}, "hubtrail token: unknown flag '--dat'; did you mean '--data'?\n"},
        {{"bench", "echo", "--conections", "5"},
         "hubtrail bench echo: unknown flag '--conections'; did you mean '--connections'?\n"},
        {{"serve", "serve"}, "hubtrail serve: unexpected argument 'serve'\n"},
        {{"version", "x"}, "hubtrail version: unexpected argument 'x'\n"},
    }));
    CAPTURE(row.arguments);
    const auto exit = refused(row.arguments);
    CHECK(exit.code == kExitUsage);
    CHECK_THAT(exit.text, StartsWith(row.text));
    CHECK_THAT(exit.text, Contains("\nTry 'hubtrail") && Contains(" --help'.\n"));
}

TEST_CASE("a long argument is not quoted, for it may be a secret", "[server]") {
    const std::string quoted(kQuotedArgumentBytesMax, 'x');
    CHECK_THAT(refused({quoted}).text, Contains(quoted));
    const auto hidden = quoted + "x";
    CHECK_THAT(refused({hidden}).text, !Contains(quoted));
}

TEST_CASE("a flag is given once, with one value", "[server]") {
    CHECK_THAT(refused({"serve", "--listen"}).text,
               Contains("--listen: give it once, with one value"));
    CHECK_THAT(refused({"serve", "--data", "a", "--data", "b"}).text,
               Contains("--data: give it once, with one value"));
}

TEST_CASE("serve hands its flags on as they are", "[server]") {
    const auto serve =
        parsed<ServeCommand>({"serve", "--config", "c.toml", "--listen", "127.0.0.1:0", "--data=d",
                              "--demo", "--bench-hub", "--loops", "2", "--log-level", "debug",
                              "--log-format", "json", "--page", "p"});
    CHECK(serve.config_file == "c.toml");
    CHECK_THAT(serve.flags,
               Catch::UnorderedEquals(std::vector<FlagValue>{{"--listen", "127.0.0.1:0"},
                                                             {"--data", "d"},
                                                             {"--demo", "true"},
                                                             {"--bench-hub", "true"},
                                                             {"--loops", "2"},
                                                             {"--log-level", "debug"},
                                                             {"--log-format", "json"},
                                                             {"--page", "p"}}));
    CHECK(parsed<ServeCommand>({"serve"}).flags.empty());
    CHECK(parsed<ServeCommand>({"serve"}).config_file.empty());
}

TEST_CASE("check-config takes what serve takes", "[server]") {
    const auto check = parsed<CheckConfigCommand>({"check-config", "--config", "c", "--data", "d"});
    CHECK(check.config_file == "c");
    CHECK(check.flags == std::vector<FlagValue>{{"--data", "d"}});
    CHECK(check.output == CheckConfigCommand::Output::in_force);
    CHECK(parsed<CheckConfigCommand>({"check-config", "--markdown"}).output ==
          CheckConfigCommand::Output::reference);
    for (const auto& setting : server_settings()) {
        if (setting.flag_kind() == FlagKind::with_value) {
            CHECK(
                parsed<CheckConfigCommand>({"check-config", setting.name.flag, "v"}).flags.size() ==
                1);
        }
    }
}

TEST_CASE("token reads who, what and for how long", "[server]") {
    const auto token = parsed<TokenOptions>({"token", "--data", "d", "--tenant", "t", "--sub", "u",
                                             "--scope", "a", "--scope", "b", "--site", "x=admin",
                                             "--site", "*=user", "--ttl", "15m"});
    CHECK(token.data_dir == "d");
    CHECK(token.tenant == "t");
    CHECK(token.subject == "u");
    CHECK(token.scopes == Words{"a", "b"});
    CHECK(token.sites == std::map<std::string, auth::SiteRole>{{"x", auth::SiteRole::admin},
                                                               {"*", auth::SiteRole::user}});
    CHECK(token.ttl_s == 900);
    const auto least = parsed<TokenOptions>({"token", "--tenant", "t", "--sub", "u"});
    CHECK(least.data_dir == "data");
    CHECK(least.scopes.empty());
    CHECK(least.sites.empty());
    CHECK(least.ttl_s == 3'600);
}

TEST_CASE("token finds the data directory where serve finds it", "[server]") {
    const Environment environment = {{"HUBTRAIL_DATA", "e"}};
    CHECK(parsed<TokenOptions>({"token", "--tenant", "t", "--sub", "u"}, environment).data_dir ==
          "e");
    CHECK(parsed<TokenOptions>({"token", "--tenant", "t", "--sub", "u", "--data", "d"}, environment)
              .data_dir == "d");
}

TEST_CASE("token says what is missing or wrong", "[server]") {
    const Words least = {"token", "--tenant", "t", "--sub", "u"};
    const auto with = [&](const Words& more) {
        auto all = least;
        all.insert(all.end(), more.begin(), more.end());
        return refused(all);
    };
    CHECK_THAT(refused({"token", "--sub", "u"}).text, Contains("--tenant is required"));
    CHECK_THAT(refused({"token", "--tenant", "t"}).text, Contains("--sub is required"));
    CHECK_THAT(with({"--ttl", "25h"}).text, Contains("--ttl: \"25h\", expected 1s to 1d"));
    CHECK_THAT(with({"--site", "a=boss"}).text, Contains("expected SITE=admin"));
    CHECK(with({"--ttl", "25h"}).code == kExitUsage);
}

TEST_CASE("the clients take their token from a flag or from the environment", "[server]") {
    const Environment environment = {{"HUBTRAIL_TOKEN", "e"}};
    CHECK(parsed<sync::PullOptions>({"pull", "--token", "f"}, environment).token == "f");
    CHECK(parsed<sync::PullOptions>({"pull"}, environment).token == "e");
    CHECK(parsed<sync::DemoFeedOptions>({"demo-feed"}, environment).token == "e");
    CHECK(parsed<sync::WatchOptions>({"watch", "d", "--site", "s"}, environment).token == "e");
    for (const auto& arguments :
         {Words{"pull"}, Words{"demo-feed"}, Words{"watch", "d", "--site", "s"}}) {
        const auto exit = refused(arguments);
        CHECK(exit.code == kExitUsage);
        CHECK_THAT(exit.text, Contains("HUBTRAIL_TOKEN"));
    }
}

TEST_CASE("watch reads its options", "[server]") {
    const auto watch =
        parsed<sync::WatchOptions>({"watch", "token", "--url", "http://h:1", "--token", "t",
                                    "--site", "s", "--state", "f", "--initial"});
    CHECK(watch.directory == "token");  // a directory may be called like a verb
    CHECK(watch.url == "http://h:1");
    CHECK(watch.site == "s");
    CHECK(watch.state_file == "f");
    CHECK(watch.initial == sync::WatchOptions::Initial::created);
    const auto least = parsed<sync::WatchOptions>({"watch", "d", "--token", "t", "--site", "s"});
    CHECK(least.url == "http://127.0.0.1:8080");
    CHECK(least.state_file.empty());
    CHECK(least.initial == sync::WatchOptions::Initial::baseline);
    CHECK_THAT(refused({"watch", "--token", "t", "--site", "s"}).text, Contains("DIR is required"));
    CHECK_THAT(refused({"watch", "d", "--token", "t"}).text, Contains("--site is required"));
    CHECK_THAT(refused({"watch", "d", "e", "--token", "t", "--site", "s"}).text,
               Contains("unexpected argument 'e'"));
}

TEST_CASE("demo-feed reads its options", "[server]") {
    const auto feed =
        parsed<sync::DemoFeedOptions>({"demo-feed", "--url", "u", "--token", "t", "--seed", "7",
                                       "--rate", "0.5", "--count", "0", "--site", "s"});
    CHECK(feed.seed == 7);
    CHECK(feed.events_per_second == 0.5);
    CHECK(feed.count == 0U);
    CHECK(feed.site == "s");
    const auto least = parsed<sync::DemoFeedOptions>({"demo-feed", "--token", "t"});
    CHECK_FALSE(least.count);
    CHECK_FALSE(least.site.empty());
    CHECK(parsed<sync::DemoFeedOptions>({"demo-feed", "--token", "t", "--rate", "100000"})
              .events_per_second == sync::kDemoRateMax);
    for (const auto* rate : {"0", "-1", "100001", "x"}) {
        CHECK_THAT(refused({"demo-feed", "--token", "t", "--rate", rate}).text, Contains("--rate"));
    }
    CHECK_THAT(refused({"demo-feed", "--token", "t", "--count", "-1"}).text, Contains("--count"));
}

TEST_CASE("pull reads its options", "[server]") {
    const auto pull = parsed<sync::PullOptions>(
        {"pull",   "--url",    "u",     "--token", "t", "--cursor-file", "c", "--since",
         "latest", "--site",   "a",     "--site",  "b", "--stream",      "s", "--types",
         "x.*,y",  "--follow", "--out", "o"});
    CHECK(pull.url == "u");
    CHECK(pull.cursor_file == "c");
    CHECK(pull.since == "latest");
    CHECK(pull.sites == Words{"a", "b"});
    CHECK(pull.streams == Words{"s"});
    CHECK(pull.types == "x.*,y");
    CHECK(pull.mode == sync::PullOptions::Mode::follow);
    CHECK(pull.out_file == "o");
    const auto least = parsed<sync::PullOptions>({"pull", "--token", "t"});
    CHECK(least.mode == sync::PullOptions::Mode::once);
    CHECK(least.sites.empty());
    CHECK(least.density == sync::PullOptions::Density::automatic);
}

/// What the command line set, by the flag's first name.
std::string value_of(bench::ScenarioCall& call, const std::string& name) {
    for (const auto& flag : call.flags()) {
        if (const auto* number = std::get_if<bench::Flag::Number>(&flag.kind);
            number != nullptr && flag.names == name) {
            return std::visit([](const auto* value) { return std::to_string(*value); },
                              number->value);
        }
    }
    return "no such number";
}

TEST_CASE("bench reads the flags that each scenario describes", "[server]") {
    for (const auto& scenario : bench::scenarios()) {
        CAPTURE(scenario.name);
        const auto defaults = scenario.make();
        for (const auto& flag : defaults->flags()) {
            CAPTURE(flag.names);
            const auto* number = std::get_if<bench::Flag::Number>(&flag.kind);
            if (number == nullptr) {
                continue;
            }
            const auto most = std::to_string(number->amount.max);
            const auto set = parsed<BenchCommand>({"bench", scenario.name, flag.names, most});
            CHECK(value_of(*set.scenario, flag.names) == most);
            const auto beyond = std::to_string(number->amount.max + 1);
            CHECK_THAT(refused({"bench", scenario.name, flag.names, beyond}).text,
                       Contains(flag.names));
            const auto unset = parsed<BenchCommand>({"bench", scenario.name});
            CHECK(value_of(*unset.scenario, flag.names) == value_of(*defaults, flag.names));
        }
    }
    const auto fanout = parsed<BenchCommand>(
        {"bench", "fanout", "--connections", "5", "--pause-ms", "0", "--bytes", "6"});
    CHECK(value_of(*fanout.scenario, "--connections") == "5");
    CHECK(value_of(*fanout.scenario, "--pause-ms") == "0");
    CHECK(value_of(*fanout.scenario, "--bytes") == "6");
    CHECK(value_of(*fanout.scenario, "--rounds") == "200");
}

TEST_CASE("bench finds its target in two ways", "[server]") {
    const auto command = parsed<BenchCommand>(
        {"bench", "echo", "--target", "127.0.0.1:81", "--path", "/p", "--server-pid", "4", "--core",
         "1", "--time-limit", "9", "--no-pings", "--token", "a", "--token", "b", "--stateful"});
    const auto& target = command.scenario->target();
    CHECK(target.host == "127.0.0.1");
    CHECK(target.port == 81);
    CHECK(target.path == "/p");
    CHECK(target.server_pid == 4);
    CHECK(target.core == 1);
    CHECK(target.time_limit_s == 9);
    CHECK(target.pings == bench::Pings::off);
    CHECK(target.tokens == Words{"a", "b"});
    CHECK(target.stateful);
    // The names that bench/compare.py uses.
    const auto by_url =
        parsed<BenchCommand>({"bench", "idle", "--url", "http://127.0.0.1:82/", "--pid", "5"},
                             {{"HUBTRAIL_TOKEN", "e"}});
    const auto& other = by_url.scenario->target();
    CHECK(other.port == 82);
    CHECK(other.path == "/bench");
    CHECK(other.server_pid == 5);
    CHECK(other.core == bench::kNoCore);
    CHECK(other.pings == bench::Pings::stock);
    CHECK(other.tokens == Words{"e"});
    CHECK_FALSE(other.stateful);
}

TEST_CASE("bench takes the transports and protocols that a scenario has", "[server]") {
    const auto sse = parsed<BenchCommand>({"bench", "stream", "--transport", "sse"});
    CHECK(sse.scenario->target().carrier == bench::Carrier::server_sent_events);
    const auto packed = parsed<BenchCommand>({"bench", "echo", "--protocol", "messagepack"});
    CHECK(packed.scenario->target().encoding == bench::Encoding::messagepack);
    CHECK_THAT(refused({"bench", "echo", "--transport", "pigeon"}).text, Contains("--transport"));
    CHECK_THAT(refused({"bench", "idle", "--protocol", "messagepack"}).text,
               Contains("--protocol messagepack: this scenario speaks JSON only"));
}

TEST_CASE("bench prints a table or JSON", "[server]") {
    CHECK(parsed<BenchCommand>({"bench", "echo"}).format == bench::OutputFormat::table);
    CHECK(parsed<BenchCommand>({"bench", "echo", "--json"}).format == bench::OutputFormat::json);
}

TEST_CASE("bench refuses numbers out of range and other machines", "[server]") {
    struct Row {
        Words flags;
        bool is_good;
    };
    const auto row = GENERATE(values<Row>({{{"--connections", "1"}, true},
                                           {{"--connections", "0"}, false},
                                           {{"--connections", "1000000"}, true},
                                           {{"--connections", "1000001"}, false},
                                           {{"--bytes", "0"}, false},
                                           {{"--bytes", "1048576"}, true},
                                           {{"--bytes", "1048577"}, false},
                                           {{"--rounds", "0"}, false},
                                           {{"--core", "-1"}, true},
                                           {{"--core", "-2"}, false},
                                           {{"--core", "4096"}, false},
                                           {{"--server-pid", "4194304"}, true},
                                           {{"--server-pid", "4194305"}, false},
                                           {{"--time-limit", "0"}, false},
                                           {{"--time-limit", "3600"}, true},
                                           {{"--time-limit", "3601"}, false},
                                           {{"--connections", "many"}, false},
                                           {{"--target", "192.168.0.1:80"}, false},
                                           {{"--target", "127.0.0.1"}, false}}));
    Words arguments = {"bench", "fanout"};
    arguments.insert(arguments.end(), row.flags.begin(), row.flags.end());
    CAPTURE(arguments);
    const auto command = parse_command_line(arguments, {});
    CHECK(static_cast<bool>(command) == row.is_good);
    if (!command) {
        CHECK(command.error().code == kExitUsage);
        CHECK_THAT(command.error().text, Contains(row.flags[0]));
    }
}

TEST_CASE("no error shows a token", "[server]") {
    const std::string token(120, 's');
    for (const auto& arguments :
         {Words{"pull", "--tokn", token}, Words{"pull", "--tokn=" + token}, Words{"pull", token},
          Words{"pull", "--token", token, "--token", token}, Words{token},
          Words{"watch", "d", "--token", token}, Words{"bench", "echo", token}}) {
        CHECK_THAT(refused(arguments).text, !Contains("sssss"));
    }
}

TEST_CASE("the version can be asked for in two ways", "[server]") {
    parsed<VersionCommand>({"version"});
    parsed<VersionCommand>({"--version"});
}

}  // namespace
}  // namespace hubtrail::server
