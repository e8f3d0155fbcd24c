#pragma once

#include <cstddef>
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

/// One [[name]] of the file: each such table is an item of a list in ServerConfig. A value.
struct ArraySetting {
    std::string name;
    std::string title;                ///< of its part of the reference
    std::string help;                 ///< what stands there before the defaults
    std::vector<std::string> needed;  ///< keys that every table must have
    std::string inherited;            ///< section whose keys may stand here too; empty: none

    std::function<std::size_t(const ServerConfig&)> count;
    /// Makes the list anew, with items that say nothing.
    std::function<void(ServerConfig&, std::size_t count)> assign;
    /// Gives every item what the rest of the configuration says for it.
    std::function<void(ServerConfig&)> inherit;
    /// The keys of item `index`, inherited ones last.
    std::function<std::vector<Setting<ServerConfig>>(std::size_t index)> keys;
    /// When all keys were read: sets what follows from them in item `index`, and answers what no
    /// single key can know to be wrong, or nothing.
    std::function<std::string(ServerConfig&, std::size_t index)> settle;

    /// Whether the key is one of `inherited`.
    bool inherits(const std::string& key) const;
};

/// Every key outside arrays of tables, grouped by section. Thread: any.
const std::vector<Setting<ServerConfig>>& server_settings();
/// Every array of tables. Thread: any.
const std::vector<ArraySetting>& array_settings();

/// The one with that section and key; null: there is none. `settings` must outlive the answer.
const Setting<ServerConfig>* find_setting(const std::vector<Setting<ServerConfig>>& settings,
                                          const std::string& section, const std::string& key);
/// Null: there is none. Thread: any.
const ArraySetting* find_array(const std::string& name);

/// What is wrong with the timeouts of `section`; nothing: they are right. Thread: any.
std::string timeouts_problem(const hub::HubOptions& options, const std::string& section);

/// The hubs of the log, `[[log_hub]]`.
inline constexpr const char* kLogHubSection = "log_hub";

/// What begins the name of each variable that we read.
inline constexpr const char* kEnvironmentPrefix = "HUBTRAIL_";

/// HUBTRAIL_HUB_KEEP_ALIVE_INTERVAL
std::string environment_name(const SettingName& name);

}  // namespace hubtrail::server
