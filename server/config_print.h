#pragma once

#include <string>

#include "server/config_load.h"

namespace hubtrail::server {

/// The settings in force as a TOML file, with the origin of each as a comment. Keys of the server
/// appear by path only. Thread: any.
std::string print_effective(const LoadedConfig& loaded);

/// docs/configuration.md, made from the table of settings. Thread: any.
std::string print_reference();

}  // namespace hubtrail::server
