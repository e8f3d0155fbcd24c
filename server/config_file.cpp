#include "server/config_file.h"

#include <algorithm>
#include <exception>
#include <sstream>
#include <tuple>
#include <utility>

#include <toml.hpp>

namespace hubtrail::server {
namespace {

int line_of(const toml::value& value) {
    return static_cast<int>(value.location().line());
}

ConfigValue list_of(const toml::array& array) {
    std::vector<std::string> texts;
    for (const auto& item : array) {
        if (!item.is_string()) {
            return OtherValue{"a list that holds more than texts"};
        }
        texts.push_back(item.as_string().str);
    }
    return texts;
}

ConfigValue value_of(const toml::value& value) {
    switch (value.type()) {
        case toml::value_t::boolean:
            return value.as_boolean();
        case toml::value_t::integer:
            return static_cast<std::int64_t>(value.as_integer());
        case toml::value_t::string:
            return value.as_string().str;
        case toml::value_t::array:
            return list_of(value.as_array());
        case toml::value_t::floating:
            return OtherValue{"a number with a fraction"};
        case toml::value_t::table:
            return OtherValue{"a table"};
        default:
            return OtherValue{"a date or time"};
    }
}

ConfigTable table_of(ConfigTable::Kind kind, const std::string& name, const toml::value& value) {
    ConfigTable table{kind, name, line_of(value), {}};
    for (const auto& [key, entry] : value.as_table()) {
        table.entries.push_back({key, line_of(entry), value_of(entry)});
    }
    return table;
}

bool is_array_of_tables(const toml::value& value) {
    return value.is_array() && !value.as_array().empty() &&
           std::all_of(value.as_array().begin(), value.as_array().end(),
                       [](const toml::value& item) { return item.is_table(); });
}

std::vector<ConfigTable> tables_of(const toml::value& root) {
    ConfigTable top;
    std::vector<ConfigTable> tables;
    for (const auto& [key, value] : root.as_table()) {
        if (value.is_table()) {
            tables.push_back(table_of(ConfigTable::Kind::section, key, value));
        } else if (is_array_of_tables(value)) {
            for (const auto& item : value.as_array()) {
                tables.push_back(table_of(ConfigTable::Kind::array_item, key, item));
            }
        } else {
            top.entries.push_back({key, line_of(value), value_of(value)});
        }
    }
    tables.insert(tables.begin(), std::move(top));
    // toml11 keeps tables in a hash map; a person reads from top to bottom.
    std::stable_sort(tables.begin() + 1, tables.end(),
                     [](const auto& left, const auto& right) { return left.line < right.line; });
    for (auto& table : tables) {
        std::sort(table.entries.begin(), table.entries.end(),
                  [](const auto& left, const auto& right) {
                      return std::tie(left.line, left.key) < std::tie(right.line, right.key);
                  });
    }
    return tables;
}

/// toml11 may point behind the end of the file.
int last_line(const std::string& text) {
    const bool is_ended = text.empty() || text.back() == '\n';
    const auto breaks = std::count(text.begin(), text.end(), '\n');
    return std::max(1, static_cast<int>(breaks) + (is_ended ? 0 : 1));
}

/// The line where too many brackets are open. Brackets in texts count as well: nobody has that
/// many.
int find_too_deep(const std::string& text) {
    int depth = 0;
    int line = 1;
    for (const char c : text) {
        line += c == '\n' ? 1 : 0;
        depth += c == '[' || c == '{' ? 1 : 0;
        depth -= depth > 0 && (c == ']' || c == '}') ? 1 : 0;
        if (depth > kConfigDepthMax) {
            return line;
        }
    }
    return 0;
}

}  // namespace

Result<std::vector<ConfigTable>, ConfigFileError> parse_config_file(const std::string& text) {
    if (const int line = find_too_deep(text); line != 0) {
        return Failure{ConfigFileError{
            line, "more than " + std::to_string(kConfigDepthMax) + " brackets are open"}};
    }
    try {
        std::istringstream stream(text);
        return tables_of(toml::parse(stream, "config"));
    } catch (const toml::exception& error) {
        // what() quotes the line, which may hold a secret in the wrong place.
        return Failure{ConfigFileError{
            std::min(static_cast<int>(error.location().line()), last_line(text)),
            "this is not valid TOML (near column " + std::to_string(error.location().column()) +
                "); texts need quotes, and a key may stand only once"}};
    } catch (const std::exception&) {
        return Failure{ConfigFileError{1, "this is not a TOML file"}};
    }
}

std::string toml_library_version() {
    return std::to_string(TOML11_VERSION_MAJOR) + "." + std::to_string(TOML11_VERSION_MINOR) + "." +
           std::to_string(TOML11_VERSION_PATCH);
}

}  // namespace hubtrail::server
