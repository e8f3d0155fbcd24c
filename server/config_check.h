#pragma once

#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "server/config_load.h"

namespace hubtrail::server {

/// What `hubtrail check-config` prints: "ok" and the settings in force. Beyond load_config() it
/// reads the key files and asks the verifier whether it would take them. Starts and writes nothing.
/// Thread: main.
Result<std::string, ConfigProblems> check_config(FileSystem& files, const Clock& clock,
                                                 const ConfigSources& sources);

}  // namespace hubtrail::server
