#pragma once

#include <string>

namespace hubtrail::server {

/// "0.1.0"
std::string product_version();

/// What `hubtrail version` prints: name and version, compiler, libraries. Thread: any.
std::string version_text();

}  // namespace hubtrail::server
