#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/config_value.h"

namespace hubtrail::server {

inline constexpr std::size_t kConfigFileBytesMax = 64UL * 1024;
/// Brackets that may be open at once; toml11 descends by recursion.
inline constexpr int kConfigDepthMax = 32;

struct ConfigEntry {
    std::string key;
    int line;  ///< of the value, from 1
    ConfigValue value;
};

/// One table of the file: what stands before the first header, a [section], or one [[section]].
struct ConfigTable {
    enum class Kind { top, section, array_item };
    Kind kind = Kind::top;
    std::string name;
    int line = 1;
    std::vector<ConfigEntry> entries;
};

struct ConfigFileError {
    int line;
    std::string text;
};

/// Reads TOML 1.0 without knowing what keys there are. Texts of the file are not quoted in errors,
/// since it may hold a secret by mistake. Thread: any.
Result<std::vector<ConfigTable>, ConfigFileError> parse_config_file(const std::string& text);

/// Of the library behind parse_config_file().
std::string toml_library_version();

}  // namespace hubtrail::server
