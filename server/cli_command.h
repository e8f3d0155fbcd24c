#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "bench/report.h"
#include "bench/scenarios.h"
#include "clients/cpp-sync/demo/demo_feed.h"
#include "clients/cpp-sync/pull.h"
#include "clients/cpp-sync/watch/watch.h"
#include "server/config_load.h"
#include "server/token_command.h"

// What a command line asks for: one type for each verb.

namespace hubtrail::server {

struct ServeCommand {
    std::string config_file;
    std::vector<FlagValue> flags;
};

struct CheckConfigCommand {
    enum class Output { in_force, reference };
    std::string config_file;
    std::vector<FlagValue> flags;
    Output output = Output::in_force;
};

struct VersionCommand {};

struct BenchCommand {
    std::unique_ptr<bench::ScenarioCall> scenario;
    bench::OutputFormat format = bench::OutputFormat::table;
};

using Command = std::variant<ServeCommand, TokenOptions, sync::WatchOptions, sync::DemoFeedOptions,
                             sync::PullOptions, BenchCommand, CheckConfigCommand, VersionCommand>;

}  // namespace hubtrail::server
