#pragma once

#include <string>
#include <variant>
#include <vector>

#include "bench/bench.h"
#include "bench/report.h"
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
    std::variant<bench::ConnectOptions, bench::IdleOptions, bench::FanoutOptions,
                 bench::EchoOptions, bench::ToUserOptions, bench::GroupOptions,
                 bench::StreamOptions, bench::AppendOptions, bench::CatchupOptions>
        scenario;
    bench::OutputFormat format = bench::OutputFormat::table;
};

using Command = std::variant<ServeCommand, TokenOptions, sync::WatchOptions, sync::DemoFeedOptions,
                             sync::PullOptions, BenchCommand, CheckConfigCommand, VersionCommand>;

}  // namespace hubtrail::server
