#pragma once

#include "server/config.h"

namespace hubtrail::server {

/// `hubtrail serve`: opens the data directory, starts the loops and blocks until SIGINT or SIGTERM.
/// Prints `ready http://ADDRESS:PORT/` on standard output when the port answers. Returns the exit
/// code: 0 after a clean stop, 1 when it cannot start (the reason is on standard error). Thread:
/// main.
int run_serve(const ServerConfig& config);

}  // namespace hubtrail::server
