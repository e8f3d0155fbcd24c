#pragma once

#include <map>
#include <string>
#include <vector>

#include "auth/token_verifier.h"
#include "base/file_system.h"
#include "base/result.h"
#include "server/config.h"

namespace hubtrail::server {

/// Variables of the environment whose names begin with HUBTRAIL_, by name.
using Environment = std::map<std::string, std::string>;

/// The token of the client verbs; the one variable with our prefix that is no setting.
inline constexpr const char* kTokenVariable = "HUBTRAIL_TOKEN";

/// Of this process.
Environment read_environment();

/// One flag of the command line that stands for a setting: `--listen` and its text.
struct FlagValue {
    std::string flag;
    std::string text;

    bool operator==(const FlagValue&) const = default;
};

struct ConfigSources {
    std::string file;  ///< path; empty: there is none
    Environment environment;
    std::vector<FlagValue> flags;
};

/// The settings in force, and where each one came from.
struct LoadedConfig {
    ServerConfig config;
    /// By dotted name; [[log_hub]] under its own: "file hub.toml:3", "environment HUBTRAIL_LISTEN",
    /// "flag --listen". What is not here has its default.
    std::map<std::string, std::string> origins;
};

/// Problems of a configuration, a line each, ready to print: where, what was found, what is
/// expected. Values of unknown keys are never quoted.
using ConfigProblems = std::vector<std::string>;

/// Puts flags over variables over the file over the defaults, and finds every problem of all of
/// them. Thread: main.
Result<LoadedConfig, ConfigProblems> load_config(FileSystem& files, const ConfigSources& sources);

/// The policy with the keys of auth.key_files; none when there are no such files. The error is a
/// sentence for the operator. Thread: main.
Result<auth::TokenPolicy, std::string> load_token_policy(FileSystem& files,
                                                         const ServerConfig& config);

/// Whether nobody but this machine can reach the address. Thread: any.
bool is_loopback_address(const std::string& listen);

}  // namespace hubtrail::server
