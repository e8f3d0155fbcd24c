#include "server/config_load.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "auth/key_file.h"
#include "base/check.h"
#include "server/config_file.h"
#include "server/config_nearest.h"
#include "server/config_setting.h"
#include "server/product_routes.h"
#include "transport/net/net_loop.h"

namespace hubtrail::server {
namespace {

constexpr const char* kDidYouMean = "; did you mean ";

std::string in_quotes(const std::string& name) {
    return "'" + name + "'";
}

std::vector<std::string> known_sections() {
    std::vector<std::string> names;
    for (const auto& setting : server_settings()) {
        if (!setting.name.section.empty() &&
            std::find(names.begin(), names.end(), setting.name.section) == names.end()) {
            names.push_back(setting.name.section);
        }
    }
    for (const auto& array : array_settings()) {
        names.push_back(array.name);
    }
    return names;
}

bool is_section(const std::string& name) {
    const auto sections = known_sections();
    return std::find(sections.begin(), sections.end(), name) != sections.end();
}

std::string header_of(const std::string& section) {
    return find_array(section) != nullptr ? "[[" + section + "]]" : "[" + section + "]";
}

/// The known key that is most like `section.key`. A key that stands in the wrong section is known
/// by its own name.
std::string nearest_key(const std::string& section, const std::string& key) {
    std::string best;
    std::size_t best_distance = 0;
    for (const auto& setting : server_settings()) {
        const auto moved = name_distance(key, setting.name.key) + 1;
        const auto distance =
            setting.name.section == section
                ? moved - 1
                : std::min(moved, name_distance(SettingName{section, key, ""}.dotted(),
                                                setting.name.dotted()));
        if (best.empty() || distance < best_distance) {
            best = setting.name.dotted();
            best_distance = distance;
        }
    }
    return best;
}

/// One pass over all sources. Thread: main.
class Loader {
public:
    Loader(FileSystem& files, const ConfigSources& sources) : files_(files), sources_(sources) {}

    Result<LoadedConfig, ConfigProblems> run() {
        if (!sources_.file.empty()) {
            take_file();
        }
        take_environment();
        take_flags();
        take_arrays();
        check_as_a_whole();
        if (!problems_.empty()) {
            return Failure{std::move(problems_)};
        }
        return std::move(loaded_);
    }

private:
    void problem(std::string text) { problems_.push_back(std::move(text)); }

    std::string at(int line) const { return sources_.file + ":" + std::to_string(line) + ": "; }

    void take_file() {
        auto content = files_.read(sources_.file, kConfigFileBytesMax);
        if (!content) {
            return problem(sources_.file + ": " + content.error().text);
        }
        if (!content->has_value()) {
            return problem(sources_.file + ": there is no such file");
        }
        auto tables = parse_config_file(**content);
        if (!tables) {
            return problem(at(tables.error().line) + tables.error().text);
        }
        for (auto& table : *tables) {
            const auto* array = find_array(table.name);
            if (table.kind == ConfigTable::Kind::array_item && array != nullptr) {
                check_item(*array, table);
                items_[table.name].push_back(std::move(table));
            } else {
                take_table(table);
            }
        }
    }

    // After everything else: an item begins with what other sections say, wherever that was set.
    void take_arrays() {
        for (const auto& array : array_settings()) {
            const auto& tables = items_[array.name];
            if (!tables.empty()) {
                array.assign(loaded_.config, tables.size());
            }
            array.inherit(loaded_.config);
            for (std::size_t i = 0; i < array.count(loaded_.config); ++i) {
                take_item(array, i, tables.empty() ? nullptr : &tables[i]);
            }
        }
    }

    // What is wrong with it was said when the file was read. Defaults have no table.
    void take_item(const ArraySetting& array, std::size_t index, const ConfigTable* table) {
        const auto keys = array.keys(index);
        if (table != nullptr) {
            for (const auto& entry : table->entries) {
                if (const auto* setting = find_setting(keys, array.name, entry.key)) {
                    setting->read(entry.value, loaded_.config);
                }
            }
            loaded_.origins.emplace(array.name,
                                    "file " + sources_.file + ":" + std::to_string(table->line));
        }
        const auto wrong = array.settle(loaded_.config, index);
        if (table != nullptr && !wrong.empty()) {
            problem(at(table->line) + wrong);
        }
    }

    void take_table(const ConfigTable& table) {
        const bool is_top = table.kind == ConfigTable::Kind::top;
        const bool is_array = table.kind == ConfigTable::Kind::array_item;
        if (!is_top && !is_section(table.name)) {
            const bool is_key = find_setting(server_settings(), "", table.name) != nullptr;
            return problem(at(table.line) +
                           (is_key
                                ? in_quotes(table.name) + " is a key, not a section"
                                : "unknown section " + in_quotes(table.name) + kDidYouMean +
                                      header_of(nearest_name(table.name, known_sections())) + "?"));
        }
        if (is_array || find_array(table.name) != nullptr) {
            return problem(at(table.line) + "write " + header_of(table.name) + " as the header");
        }
        for (const auto& entry : table.entries) {
            if (is_top && is_section(entry.key)) {
                problem(at(entry.line) + in_quotes(entry.key) + " is a section: write " +
                        header_of(entry.key));
                continue;
            }
            const auto* setting = find_setting(server_settings(), table.name, entry.key);
            const auto name = SettingName{table.name, entry.key, ""}.dotted();
            if (setting == nullptr) {
                problem(at(entry.line) + "unknown key " + in_quotes(name) + kDidYouMean +
                        in_quotes(nearest_key(table.name, entry.key)) + "?");
                continue;
            }
            take(*setting, loaded_.config, entry.value, at(entry.line) + in_quotes(name),
                 "file " + sources_.file + ":" + std::to_string(entry.line));
        }
    }

    void check_item(const ArraySetting& array, const ConfigTable& table) {
        ServerConfig config;
        array.assign(config, 1);
        const auto keys = array.keys(0);
        std::vector<std::string> known;
        known.reserve(keys.size());
        for (const auto& key : keys) {
            known.push_back(key.name.key);
        }
        const auto dotted = [&](const std::string& key) {
            return in_quotes(SettingName{array.name, key, ""}.dotted());
        };
        for (const auto& entry : table.entries) {
            const auto* setting = find_setting(keys, array.name, entry.key);
            if (setting == nullptr) {
                problem(at(entry.line) + "unknown key " + dotted(entry.key) + kDidYouMean +
                        dotted(nearest_name(entry.key, known)) + "?");
            } else if (!setting->read(entry.value, config)) {
                refuse(*setting, entry.value, at(entry.line) + dotted(entry.key));
            }
        }
        for (const auto& needed : array.needed) {
            if (std::none_of(table.entries.begin(), table.entries.end(),
                             [&](const auto& entry) { return entry.key == needed; })) {
                problem(at(table.line) + header_of(array.name) + " needs " + in_quotes(needed));
            }
        }
    }

    void take_environment() {
        std::vector<std::string> known = {kTokenVariable};
        for (const auto& setting : server_settings()) {
            known.push_back(environment_name(setting.name));
        }
        for (const auto& [name, text] : sources_.environment) {
            const auto found = std::find(known.begin(), known.end(), name);
            if (found == known.end()) {
                problem("unknown variable " + name + " in the environment" + kDidYouMean +
                        nearest_name(name, known) + "?");
            } else if (found != known.begin()) {
                const auto& setting =
                    server_settings()[static_cast<std::size_t>(found - known.begin()) - 1];
                take(setting, loaded_.config, PlainText{text}, name, "environment " + name);
            }
        }
    }

    void take_flags() {
        for (const auto& [flag, text] : sources_.flags) {
            const auto& all = server_settings();
            const auto found = std::find_if(
                all.begin(), all.end(),
                [&name = flag](const auto& setting) { return setting.name.flag == name; });
            HUBTRAIL_CHECK(found != all.end(), "the command line knows a flag that no setting has");
            take(*found, loaded_.config, PlainText{text}, flag, "flag " + flag);
        }
    }

    void take(const Setting<ServerConfig>& setting, ServerConfig& config, const ConfigValue& value,
              const std::string& where, const std::string& origin) {
        if (!setting.read(value, config)) {
            return refuse(setting, value, where);
        }
        loaded_.origins[setting.name.dotted()] = origin;
    }

    void refuse(const Setting<ServerConfig>& setting, const ConfigValue& value,
                const std::string& where) {
        problem(where + " is " + (setting.may_be_shown ? describe(value) : describe_type(value)) +
                ", expected " + setting.expects);
    }

    // What a single key cannot know.
    void check_as_a_whole() {
        const auto& config = loaded_.config;
        if (config.demo && !is_loopback_address(config.listen)) {
            problem(
                "the demo hands a token to everybody who asks, so it is served on a loopback "
                "address only, not on " +
                config.listen + "; leave out --demo or listen on 127.0.0.1");
        }
        if (auto wrong = timeouts_problem(config.hub, "hub"); !wrong.empty()) {
            problem(std::move(wrong));
        }
        check_routes();
        const bool has_files = !config.auth_key_files.empty();
        for (const auto* name : {"auth.issuer", "auth.audience"}) {
            if (has_files && loaded_.origins.count(name) == 0) {
                problem(in_quotes(name) + " is needed with 'auth.key_files'");
            }
        }
        if (!has_files && (config.auth.issuer != kEmbeddedIssuer ||
                           config.auth.audiences != std::vector<std::string>{kEmbeddedIssuer})) {
            problem(
                "'auth.issuer' and 'auth.audience' have no effect without 'auth.key_files': "
                "the server's own key serves tokens of \"hubtrail\" only");
        }
    }

    // Of hubs that are right in themselves: a path that could not be read is empty.
    void check_routes() {
        std::vector<std::string> places;
        for (const auto& table : items_[kLogHubSection]) {
            places.push_back(at(table.line));
        }
        auto config = loaded_.config;
        for (std::size_t i = config.log_hubs.size(); i-- > 0;) {
            if (config.log_hubs[i].path.empty()) {
                config.log_hubs.erase(config.log_hubs.begin() + static_cast<std::ptrdiff_t>(i));
                places.erase(places.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        for (auto& conflict : find_route_conflicts(config, places)) {
            problem(std::move(conflict));
        }
    }

    FileSystem& files_;
    const ConfigSources& sources_;
    LoadedConfig loaded_;
    ConfigProblems problems_;
    std::map<std::string, std::vector<ConfigTable>> items_;  ///< by the name of their array
};

}  // namespace

Environment read_environment() {
    const std::string_view prefix = kEnvironmentPrefix;
    Environment variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (equals != std::string_view::npos && text.substr(0, prefix.size()) == prefix) {
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return variables;
}

Result<LoadedConfig, ConfigProblems> load_config(FileSystem& files, const ConfigSources& sources) {
    return Loader(files, sources).run();
}

Result<auth::TokenPolicy, std::string> load_token_policy(FileSystem& files,
                                                         const ServerConfig& config) {
    auto policy = config.auth;
    for (const auto& path : config.auth_key_files) {
        auto keys = auth::load_key_set(files, path);
        if (!keys) {
            return Failure{keys.error()};
        }
        policy.keys.insert(policy.keys.end(), keys->begin(), keys->end());
    }
    return policy;
}

bool is_loopback_address(const std::string& listen) {
    const auto address = transport::parse_listen_address(listen);
    // The host is numeric, so nothing but 127.0.0.0/8 begins with this.
    return address && (address->host == "::1" || address->host.rfind("127.", 0) == 0);
}

}  // namespace hubtrail::server
