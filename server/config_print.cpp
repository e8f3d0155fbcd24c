#include "server/config_print.h"

#include <array>
#include <string_view>

#include "server/config_setting.h"

namespace hubtrail::server {
namespace {

constexpr std::size_t kCommentColumn = 44;

struct SectionText {
    std::string_view name;
    std::string_view title;
};

constexpr std::array<SectionText, 5> kSections = {{
    {"", "Top of the file"},
    {"server", "[server]"},
    {"log", "[log]"},
    {"auth", "[auth]: whose tokens are believed"},
    {"hub", "[hub]: connections, with the names and defaults of ASP.NET Core SignalR"},
}};

constexpr std::string_view kIntroduction =
    R"(# Configuration

This page is the output of `hubtrail check-config --markdown`; a test compares the two.

A setting is taken from the first of these that has it:

1. the flag of `hubtrail serve`;
2. the variable of the environment;
3. the TOML file named by `--config`;
4. the default.

A duration is text with one unit (`"250ms"`, `"15s"`, `"2m"`, `"1h"`, `"7d"`) or a number of seconds. A
size is text (`"32KiB"`, `"1MiB"`) or a number of bytes. In a variable or flag the quotes are left out,
and a list is written with commas between its parts. Relative paths begin in the directory where the
server is started.

An unknown key or variable, a value of another type and a value out of range end the start with exit
code 2; every problem is named with its line. `hubtrail check-config --config F` finds them without
starting anything, and prints what is in force and where it came from. Keys and tokens are given by
path, never by value, and are never printed.
)";

constexpr std::string_view kArrayTable =
    R"(
| Key | Default | Value | Meaning |
|---|---|---|---|
)";

std::string with_comment(std::string line, const std::string& comment) {
    line.resize(std::max(line.size(), kCommentColumn), ' ');
    return line + "  # " + comment + "\n";
}

std::string origin_of(const LoadedConfig& loaded, const std::string& name) {
    const auto found = loaded.origins.find(name);
    return found == loaded.origins.end() ? "default" : found->second;
}

std::string header_of(const ArraySetting& array) {
    return "[[" + array.name + "]]";
}

/// `config` with one item of the array that says nothing.
ServerConfig with_empty_item(const ArraySetting& array, ServerConfig config) {
    array.assign(config, 1);
    array.inherit(config);
    return config;
}

// Its own keys, and those inherited ones that it sets otherwise.
std::string item_lines(const ArraySetting& array, std::size_t index, const ServerConfig& config) {
    const auto empty = with_empty_item(array, config);
    const auto keys = array.keys(index);
    const auto empty_keys = array.keys(0);
    std::string out;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto value = keys[i].print(config);
        if (!array.inherits(keys[i].name.key) || value != empty_keys[i].print(empty)) {
            out += keys[i].name.key + " = " + value + "\n";
        }
    }
    return out;
}

std::string code(const std::string& text) {
    return text.empty() ? "" : "`" + text + "`";
}

// A bar would end the cell.
std::string cell(const std::string& text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? "\\|" : std::string(1, c);
    }
    return out;
}

std::string reference_of(const ArraySetting& array) {
    const ServerConfig defaults;
    std::string out = "\n## " + header_of(array) + ": " + array.title + "\n\n" + array.help;
    const auto count = array.count(defaults);
    out += count == 0 ? "" : "\n```toml\n";
    for (std::size_t i = 0; i < count; ++i) {
        out += (i == 0 ? "" : "\n") + header_of(array) + "\n" + item_lines(array, i, defaults);
    }
    out += count == 0 ? "" : "```\n";
    out += kArrayTable;
    const auto empty = with_empty_item(array, defaults);
    for (const auto& key : array.keys(0)) {
        if (!array.inherits(key.name.key)) {
            out += "| " + code(key.name.key) + " | " + code(key.print(empty)) + " | " +
                   cell(key.expects) + " | " + cell(key.help) + " |\n";
        }
    }
    return out;
}

}  // namespace

std::string print_effective(const LoadedConfig& loaded) {
    std::string out;
    for (const auto& section : kSections) {
        out += section.name.empty() ? "" : "\n[" + std::string(section.name) + "]\n";
        for (const auto& setting : server_settings()) {
            if (setting.name.section == section.name) {
                out += with_comment(setting.name.key + " = " + setting.print(loaded.config),
                                    origin_of(loaded, setting.name.dotted()));
            }
        }
    }
    for (const auto& array : array_settings()) {
        for (std::size_t i = 0; i < array.count(loaded.config); ++i) {
            out += "\n" + with_comment(header_of(array), origin_of(loaded, array.name)) +
                   item_lines(array, i, loaded.config);
        }
    }
    return out;
}

std::string print_reference() {
    const ServerConfig defaults;
    std::string out(kIntroduction);
    for (const auto& section : kSections) {
        out += "\n## " + std::string(section.title) + "\n\n";
        out += "| Key | Default | Value | Meaning | Variable | Flag |\n|---|---|---|---|---|---|\n";
        for (const auto& setting : server_settings()) {
            if (setting.name.section == section.name) {
                out += "| " + code(setting.name.key) + " | " + code(setting.print(defaults)) +
                       " | " + cell(setting.expects) + " | " + cell(setting.help) + " | " +
                       code(environment_name(setting.name)) + " | " + code(setting.name.flag) +
                       " |\n";
            }
        }
    }
    for (const auto& array : array_settings()) {
        out += reference_of(array);
    }
    return out;
}

}  // namespace hubtrail::server
