#pragma once

#include <functional>
#include <string>
#include <vector>

#include "server/config.h"
#include "server/config_value.h"

// The one table of everything that can be set. The file's keys, the HUBTRAIL_ variables, the flags
// of `serve`, `check-config` and docs/configuration.md are all made from it.

namespace hubtrail::server {

/// How a setting may be given on the command line.
enum class FlagKind { none, with_value, without_value };

/// Where a key stands and what its flag is called.
struct SettingName {
    std::string section;  ///< empty: top of the file
    std::string key;
    std::string flag;  ///< with its dashes; empty: none

    /// "hub.keep_alive_interval"
    std::string dotted() const { return section.empty() ? key : section + "." + key; }
};

/// One key of `Target`. A value.
template <typename Target>
struct Setting {
    SettingName name;
    std::string help;
    std::string expects;     ///< completes "expected ..."
    std::string value_name;  ///< stands for the value in --help; empty: the flag takes none
    /// Takes the value into the target, or answers false and leaves the target alone.
    std::function<bool(const ConfigValue& value, Target& target)> read;
    /// The target's value as it would stand in the file.
    std::function<std::string(const Target& target)> print;
    /// False where people may put a secret by mistake: then an error names the type only.
    bool may_be_shown = true;

    FlagKind flag_kind() const {
        if (name.flag.empty()) {
            return FlagKind::none;
        }
        return value_name.empty() ? FlagKind::without_value : FlagKind::with_value;
    }
};

/// Every key outside [[log_hub]], grouped by section. Thread: any.
const std::vector<Setting<ServerConfig>>& server_settings();
/// The keys of one [[log_hub]]. Thread: any.
const std::vector<Setting<hub::LogHubConfig>>& log_hub_settings();
/// The keys of [hub] as one [[log_hub]] sets them for itself. Thread: any.
const std::vector<Setting<hub::LogHubConfig>>& log_hub_connection_settings();

/// The name of the array of tables, `[[log_hub]]`.
inline constexpr const char* kLogHubSection = "log_hub";

/// What begins the name of each variable that we read.
inline constexpr const char* kEnvironmentPrefix = "HUBTRAIL_";

/// HUBTRAIL_HUB_KEEP_ALIVE_INTERVAL
std::string environment_name(const SettingName& name);

}  // namespace hubtrail::server
