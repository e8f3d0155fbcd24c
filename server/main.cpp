#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "clients/cpp-sync/stop_signal.h"
#include "server/cli_parse.h"
#include "server/config_check.h"
#include "server/config_print.h"
#include "server/serve.h"
#include "server/token_command.h"
#include "server/version.h"

namespace hubtrail::server {
namespace {

void print(std::FILE* stream, const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

int print_problems(const ConfigProblems& problems) {
    for (const auto& problem : problems) {
        print(stderr, problem + "\n");
    }
    return kExitUsage;
}

sync::StopSignal& stop_signal() {
    // A handler of signals reaches nothing that is not static.
    static sync::StopSignal stop;
    return stop;
}

/// Ctrl-C and SIGTERM ask the verb to end; a second one ends it at once.
const sync::StopSignal& stop_on_signals() {
    auto& stop = stop_signal();
    struct sigaction action {};
    action.sa_handler = [](int) { stop_signal().request(); };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return stop;
}

int run(const ServeCommand& command) {
    PosixFileSystem files;
    const auto loaded =
        load_config(files, {command.config_file, read_environment(), command.flags});
    return loaded ? run_serve(loaded->config) : print_problems(loaded.error());
}

int run(const CheckConfigCommand& command) {
    if (command.output == CheckConfigCommand::Output::reference) {
        print(stdout, print_reference());
        return kExitOk;
    }
    PosixFileSystem files;
    const SystemClock clock;
    const auto checked =
        check_config(files, clock, {command.config_file, read_environment(), command.flags});
    if (!checked) {
        return print_problems(checked.error());
    }
    print(stdout, *checked);
    return kExitOk;
}

int run(const TokenOptions& options) {
    return run_token(options);
}
int run(const sync::WatchOptions& options) {
    return sync::run_watch(options, stop_on_signals());
}
int run(const sync::PullOptions& options) {
    return sync::run_pull(options, stop_on_signals());
}
int run(const sync::DemoFeedOptions& options) {
    return sync::run_demo_feed(options, stop_on_signals());
}

int run(const BenchCommand& command) {
    return bench::print_report(command.scenario->run(), command.format, stdout);
}

int run(const VersionCommand&) {
    print(stdout, version_text());
    return kExitOk;
}

int run_arguments(const std::vector<std::string>& arguments) {
    const auto command = parse_command_line(arguments, read_environment());
    if (!command) {
        print(command.error().code == kExitOk ? stdout : stderr, command.error().text);
        return command.error().code;
    }
    return std::visit([](const auto& asked) { return run(asked); }, *command);
}

}  // namespace
}  // namespace hubtrail::server

int main(int argc, char** argv) {
    try {
        return hubtrail::server::run_arguments({argv + (argc > 0 ? 1 : 0), argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hubtrail: %s\n", error.what());
        return hubtrail::server::kExitFailure;
    }
}
