#pragma once

#include <string>

#include "clients/cpp-sync/stop_signal.h"

namespace hubtrail::sync {

struct WatchOptions {
    /// Whether what exists at the first start is told as `created`, or is only the baseline.
    enum class Initial { baseline, created };

    std::string url;
    std::string token;
    std::string directory;
    std::string site;
    /// Empty: nothing is kept over a restart. Else what changed meanwhile is found at the start,
    /// and a batch that may or may not have arrived is sent again under its key. Must lie outside
    /// `directory`.
    std::string state_file;
    Initial initial = Initial::baseline;
};

/// `hubtrail watch`: turns what happens below the directory into events of stream `files` until the
/// user stops; answers the exit code. Says on stderr when the baseline is complete ("watching
/// ..."). Symbolic links are files, not followed; sockets, pipes and devices are not seen.
int run_watch(const WatchOptions& options, const StopSignal& stop);

}  // namespace hubtrail::sync
