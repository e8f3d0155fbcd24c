#include "server/cli_parse.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include <CLI/CLI.hpp>

#include "bench/scenarios.h"
#include "server/cli_help.h"
#include "server/cli_texts.h"
#include "server/cli_values.h"
#include "server/config_setting.h"

namespace hubtrail::server {
namespace {

constexpr const char* kProgram = "hubtrail";
constexpr const char* kDefaultUrl = "http://127.0.0.1:8080";

// CLI11 alone reads -1 as the largest unsigned number.
constexpr ConfigRange kAnyCount = {0, std::numeric_limits<std::int64_t>::max()};

/// What a verb's options make; the error is a sentence.
using Finished = Result<Command, std::string>;

template <typename Value>
CLI::Option* add_value(CLI::App& verb, const std::string& names, Value& target,
                       const std::string& value_name, const std::string& help) {
    return verb.add_option(names, target, help)->type_name(value_name)->allow_extra_args(false);
}

template <typename Value>
CLI::Option* add_number(CLI::App& verb, const std::string& names, Value& target, ConfigRange amount,
                        const std::string& help) {
    return add_value(verb, names, target, "N", help)
        ->check(CLI::Range(amount.min, amount.max).description(""));
}

/// A scenario that could be asked for, and what its flags write into.
struct AskedScenario {
    bench::Encodings encodings;
    std::unique_ptr<bench::ScenarioCall> call;
    bench::TargetFlags target_flags = {};
};

/// One command line and where its values go. Thread: main.
class CommandLine {
public:
    explicit CommandLine(const Environment& environment) : environment_(environment) {
        app_.option_defaults()->always_capture_default();
        app_.set_help_flag("-h,--help", "show this text");
        app_.add_flag("--version", wants_version_, "show versions");
        app_.require_subcommand(0, 1);
        add_serve();
        add_token();
        add_watch();
        add_demo_feed();
        add_pull();
        add_bench();
        add_check_config();
        add_verb(app_, "version", [] { return Finished(Command(VersionCommand{})); });
    }

    Result<Command, CommandLineExit> parse(std::vector<std::string> arguments) {
        // CLI11 takes them from the back.
        std::reverse(arguments.begin(), arguments.end());
        try {
            app_.parse(std::move(arguments));
        } catch (const CLI::CallForHelp&) {
            return Failure{CommandLineExit{kExitOk, help(chosen())}};
        } catch (const CLI::ParseError& error) {
            return Failure{usage_error(explain(error))};
        }
        if (wants_version_) {
            return Command(VersionCommand{});
        }
        const auto& verb = chosen();
        if (!sub_verbs(verb).empty()) {
            return Failure{CommandLineExit{kExitUsage, help(verb)}};
        }
        auto command = finish_.at(&verb)();
        if (!command) {
            return Failure{usage_error(command.error())};
        }
        return std::move(*command);
    }

private:
    CLI::App& add_verb(CLI::App& parent, const std::string& name,
                       std::function<Finished()> finish) {
        auto* verb = parent.add_subcommand(name);
        finish_[verb] = std::move(finish);
        return *verb;
    }

    // -- the verbs ---------------------------------------------------------------------------

    void add_serve() {
        auto& verb = add_verb(app_, "serve", [this] {
            serve_.flags = given_flags();
            return Finished(Command(serve_));
        });
        add_value(verb, "--config", serve_.config_file, "FILE",
                  "TOML file of settings; see docs/configuration.md");
        add_setting_flags(verb);
    }

    void add_check_config() {
        auto& verb = add_verb(app_, "check-config", [this] {
            check_config_.flags = given_flags();
            check_config_.output = wants_markdown_ ? CheckConfigCommand::Output::reference
                                                   : CheckConfigCommand::Output::in_force;
            return Finished(Command(check_config_));
        });
        add_value(verb, "--config", check_config_.config_file, "FILE", "TOML file of settings");
        verb.add_flag("--markdown", wants_markdown_,
                      "print the reference of all settings (docs/configuration.md) and stop");
        add_setting_flags(verb);
    }

    /// The flags that the table of settings asks for.
    void add_setting_flags(CLI::App& verb) {
        const ServerConfig defaults;
        for (const auto& setting : server_settings()) {
            const auto& flag = setting.name.flag;
            if (setting.flag_kind() == FlagKind::without_value) {
                const auto help = setting.help;
                verb.add_flag_function(
                    flag,
                    [this, flag](std::int64_t) {
                        flags_.push_back({flag, "true"});
                    },
                    help);
            } else if (setting.flag_kind() == FlagKind::with_value) {
                auto text = setting.print(defaults);
                text.erase(std::remove(text.begin(), text.end(), '"'), text.end());
                verb.add_option_function<std::string>(
                        flag,
                        [this, flag](const std::string& value) {
                            flags_.push_back({flag, value});
                        },
                        setting.help)
                    ->type_name(setting.value_name)
                    ->default_str(text);
            }
        }
    }

    std::vector<FlagValue> given_flags() { return std::move(flags_); }

    void add_token() {
        auto& verb = add_verb(app_, "token", [this] { return finish_token(); });
        token_data_ = add_value(verb, "--data", token_.data_dir, "DIR",
                                "data directory of the server that is to believe the token");
        add_value(verb, "--tenant", token_.tenant, "TENANT", "the tenant whose log it opens")
            ->required();
        add_value(verb, "--sub", token_.subject, "USER", "who the bearer is")->required();
        add_value(
            verb, "--scope", token_.scopes, "SCOPE",
            "what the bearer may do, repeatable (default: " + joined(default_token_scopes()) + ")");
        add_value(verb, "--site", site_texts_, "SITE=ROLE",
                  "role on a site, repeatable: admin, super or user; '*' is every site");
        add_value(verb, "--ttl", ttl_text_, "TIME",
                  "how long it is valid: 30s, 15m, 1h, at most 1d");
    }

    Finished finish_token() {
        if (const auto data = environment_.find(environment_name({"", "data", ""}));
            token_data_->count() == 0 && data != environment_.end()) {
            token_.data_dir = data->second;
        }
        auto sites = parse_site_roles(site_texts_);
        if (!sites) {
            return Failure{"--site: " + sites.error()};
        }
        const auto ttl_s = parse_ttl_s(ttl_text_);
        if (!ttl_s) {
            return Failure{"--ttl: " + ttl_s.error()};
        }
        token_.sites = std::move(*sites);
        token_.ttl_s = *ttl_s;
        return Command(token_);
    }

    void add_client_options(CLI::App& verb, std::string& url, std::string& token) {
        url = kDefaultUrl;
        add_value(verb, "--url", url, "URL", "the server");
        add_value(verb, "--token", token, "TOKEN",
                  std::string("access token; better in the variable ") + kTokenVariable +
                      ", which is not in the process list");
    }

    /// Flag before variable.
    bool find_token(std::string& token) const {
        const auto variable = environment_.find(kTokenVariable);
        if (token.empty() && variable != environment_.end()) {
            token = variable->second;
        }
        return !token.empty();
    }

    template <typename Options>
    Finished finish_client(Options& options) {
        if (!find_token(options.token)) {
            return Failure{std::string("a token is needed: --token TOKEN or the variable ") +
                           kTokenVariable + "; `hubtrail token` makes one"};
        }
        return Command(options);
    }

    void add_watch() {
        auto& verb = add_verb(app_, "watch", [this] {
            watch_.initial = wants_initial_ ? sync::WatchOptions::Initial::created
                                            : sync::WatchOptions::Initial::baseline;
            return finish_client(watch_);
        });
        add_value(verb, "DIR", watch_.directory, "", "the directory, with all that is below it")
            ->required();
        add_client_options(verb, watch_.url, watch_.token);
        add_value(verb, "--site", watch_.site, "SITE", "the site that the events belong to")
            ->required();
        add_value(verb, "--state", watch_.state_file, "FILE",
                  "keeps what was told, outside DIR; with it nothing is lost over a restart");
        verb.add_flag("--initial", wants_initial_,
                      "tell what exists at the first start as created, too");
    }

    void add_demo_feed() {
        auto& verb = add_verb(app_, "demo-feed", [this] {
            if (demo_count_option_->count() > 0) {
                demo_.count = demo_count_;
            }
            return finish_client(demo_);
        });
        add_client_options(verb, demo_.url, demo_.token);
        demo_.site = "hq";
        add_value(verb, "--site", demo_.site, "SITE", "the site that the building is");
        add_value(verb, "--seed", demo_.seed, "N",
                  "the same seed builds the same doors and people");
        add_value(verb, "--rate", demo_.events_per_second, "R", "events per second")
            ->check(CLI::Range(0.001, sync::kDemoRateMax).description(""));
        demo_count_option_ = add_number(verb, "--count", demo_count_, kAnyCount,
                                        "stop after so many; without it: never")
                                 ->default_str("");
    }

    void add_pull() {
        auto& verb = add_verb(app_, "pull", [this] {
            pull_.mode =
                wants_follow_ ? sync::PullOptions::Mode::follow : sync::PullOptions::Mode::once;
            return finish_client(pull_);
        });
        add_client_options(verb, pull_.url, pull_.token);
        add_value(verb, "--cursor-file", pull_.cursor_file, "FILE",
                  "keeps the position, so that the next run goes on from there; with --out: "
                  "OUT.cursor by itself");
        add_value(verb, "--out", pull_.out_file, "FILE", "append there instead of standard output");
        add_value(verb, "--since", pull_.since, "WHEN",
                  "where a first run begins: earliest, latest or a time such as "
                  "2026-01-31T08:00:00Z (default: earliest)");
        add_value(verb, "--site", pull_.sites, "SITE", "only these sites, repeatable");
        add_value(verb, "--stream", pull_.streams, "STREAM", "only these streams, repeatable");
        add_value(verb, "--types", pull_.types, "LIST",
                  "only these types, with commas; a * at the end matches the rest");
        verb.add_flag("--follow", wants_follow_, "go on with what happens from now on");
    }

    // -- bench -------------------------------------------------------------------------------

    // A scenario's own flags come first in its help.
    void add_bench() {
        auto& bench = *app_.add_subcommand("bench");
        bench.require_subcommand(0, 1);
        for (const auto& scenario : bench::scenarios()) {
            bench_.push_back({scenario.encodings, scenario.make()});
            auto& asked = bench_.back();
            auto& verb =
                add_verb(bench, scenario.name, [this, &asked] { return finish_bench(asked); });
            add_bench_flags(verb, asked.call->flags());
            add_bench_flags(verb, asked.target_flags.bind(asked.call->target()));
        }
    }

    static void add_bench_flags(CLI::App& verb, const std::vector<bench::Flag>& flags) {
        for (const auto& flag : flags) {
            std::visit([&](const auto& kind) { add_bench_flag(verb, flag, kind); }, flag.kind);
        }
    }
    static void add_bench_flag(CLI::App& verb, const bench::Flag& flag,
                               const bench::Flag::Number& number) {
        std::visit(
            [&](auto* value) {
                add_number(verb, flag.names, *value, {number.amount.min, number.amount.max},
                           flag.help);
            },
            number.value);
    }
    static void add_bench_flag(CLI::App& verb, const bench::Flag& flag,
                               const bench::Flag::Switch& flip) {
        verb.add_flag(flag.names, *flip.value, flag.help);
    }
    static void add_bench_flag(CLI::App& verb, const bench::Flag& flag,
                               const bench::Flag::Text& text) {
        auto* option = add_value(verb, flag.names, *text.value, text.value_name, flag.help);
        if (!text.choices.empty()) {
            option->check(CLI::IsMember(text.choices).description(""));
        }
    }
    static void add_bench_flag(CLI::App& verb, const bench::Flag& flag,
                               const bench::Flag::Texts& texts) {
        add_value(verb, flag.names, *texts.value, texts.value_name, flag.help);
    }

    Finished finish_bench(AskedScenario& asked) {
        std::string token;
        find_token(token);
        const auto applied = asked.target_flags.apply(asked.call->target(), asked.encodings, token);
        if (!applied) {
            return Failure{applied.error().text};
        }
        return Command(BenchCommand{std::move(asked.call), asked.target_flags.format()});
    }

    // -- help and errors ---------------------------------------------------------------------

    static std::vector<const CLI::App*> sub_verbs(const CLI::App& app) {
        // The filter asks for all there are, in the order in which they were added.
        return app.get_subcommands([](const CLI::App*) { return true; });
    }

    static std::vector<std::string> names_of(const CLI::App& app) {
        std::vector<std::string> names;
        for (const auto* verb : sub_verbs(app)) {
            names.push_back(verb->get_name());
        }
        return names;
    }

    static std::string joined(const std::vector<std::string>& words) {
        std::string out;
        for (const auto& word : words) {
            out += (out.empty() ? "" : " ") + word;
        }
        return out;
    }

    /// The deepest verb that the arguments named; the program itself when there is none.
    const CLI::App& chosen() const {
        const CLI::App* verb = &app_;
        for (auto named = app_.get_subcommands(); !named.empty(); named = verb->get_subcommands()) {
            verb = named.front();
        }
        return *verb;
    }

    /// "hubtrail bench fanout"
    static std::string full_name(const CLI::App& verb) {
        return verb.get_parent() == nullptr ? kProgram
                                            : full_name(*verb.get_parent()) + " " + verb.get_name();
    }

    CommandLineExit usage_error(const std::string& text) const {
        const auto name = full_name(chosen());
        return {kExitUsage, name + ": " + text + "\nTry '" + name + " --help'.\n"};
    }

    static std::vector<std::string> flags_of(const CLI::App& verb) {
        std::vector<std::string> names;
        for (const auto* option : verb.get_options()) {
            for (const auto& name : option->get_lnames()) {
                names.push_back("--" + name);
            }
        }
        return names;
    }

    /// What nobody took says more than what CLI11 missed because of it.
    std::string explain(const CLI::ParseError& error) const {
        if (const auto left = app_.remaining(true); !left.empty()) {
            return explain_unexpected(left.front(), flags_of(chosen()), names_of(chosen()));
        }
        const std::string text = error.what();
        return error.get_name() == "ArgumentMismatch"
                   ? text.substr(0, text.find(':')) + ": give it once, with one value"
                   : text;
    }

    static HelpRow help_row(const CLI::Option& option) {
        HelpRow row;
        for (const auto& name : option.get_snames()) {
            row.name += "-" + name + ", ";
        }
        for (const auto& name : option.get_lnames()) {
            row.name += "--" + name + ", ";
        }
        row.name.resize(row.name.size() - (row.name.empty() ? 0 : 2));
        if (option.get_positional()) {
            row.name = option.get_name(true);
        } else if (option.get_expected_max() > 0 && option.get_type_size_max() > 0) {
            row.name += " " + option.get_type_name();
        }
        row.text = option.get_description();
        const auto value = option.get_default_str();
        if (option.get_required()) {
            row.text += " (required)";
        } else if (!value.empty() && value != "[]" && value != "{}") {
            row.text += " (default:" + std::string(1, kNoBreak) + value + ")";
        }
        return row;
    }

    static std::string help(const CLI::App& verb) {
        const auto name = full_name(verb);
        const auto& text = verb_text(name);
        HelpPage page;
        page.about = text.about;
        page.examples = text.examples;
        page.closing = text.closing;
        std::string arguments;
        for (const auto* sub : sub_verbs(verb)) {
            page.verbs.push_back({sub->get_name(), verb_text(full_name(*sub)).summary});
        }
        HelpRow help_flag;
        for (const auto* option : verb.get_options()) {
            const auto row = help_row(*option);
            if (option == verb.get_help_ptr()) {
                help_flag = row;
                continue;
            }
            page.options.push_back(row);
            if (option->get_required()) {
                arguments += " " + row.name;
            }
        }
        page.options.push_back(help_flag);
        page.usage = name + (page.verbs.empty() ? arguments : " VERB") + " [OPTIONS]";
        return render_help(page);
    }

    const Environment& environment_;
    CLI::App app_;
    std::map<const CLI::App*, std::function<Finished()>> finish_;
    bool wants_version_ = false;
    std::vector<FlagValue> flags_;
    ServeCommand serve_;
    CheckConfigCommand check_config_;
    bool wants_markdown_ = false;
    TokenOptions token_;
    CLI::Option* token_data_ = nullptr;
    std::vector<std::string> site_texts_;
    std::string ttl_text_ = "1h";
    sync::WatchOptions watch_;
    bool wants_initial_ = false;
    sync::DemoFeedOptions demo_;
    CLI::Option* demo_count_option_ = nullptr;
    std::uint64_t demo_count_ = 0;
    sync::PullOptions pull_;
    bool wants_follow_ = false;
    std::deque<AskedScenario> bench_;  // CLI11 keeps references into them
};

}  // namespace

Result<Command, CommandLineExit> parse_command_line(const std::vector<std::string>& arguments,
                                                    const Environment& environment) {
    auto words = arguments;
    if (!words.empty() && words.front() == "help") {
        words.erase(words.begin());
        words.emplace_back("--help");
    }
    return CommandLine(environment).parse(std::move(words));
}

std::string command_line_library_version() {
    return CLI11_VERSION;
}

}  // namespace hubtrail::server
