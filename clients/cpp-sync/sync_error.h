#pragma once

#include <string>

namespace hubtrail::sync {

/// What stops a verb of the sync client.
enum class SyncErrc {
    usage,         ///< the options do not fit together
    refused,       ///< the server understood and said no; trying again is useless
    unreachable,   ///< gave up after the allowed attempts
    bad_reply,     ///< the answer breaks docs/api.md
    history_lost,  ///< 410: the log no longer has what comes after the cursor
    gap,           ///< positions are not contiguous
    file,          ///< a file or directory on this machine
    watch_limit,   ///< the kernel's inotify limits
    stopped,       ///< the user asked to stop before the work was done
};

/// Ready to print: `text` is one or more whole sentences for the person at the terminal.
struct SyncError {
    SyncErrc code;
    std::string text;
};

/// Exit codes of the verbs.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitHistoryLost = 3;

inline int exit_code(const SyncError& error) {
    switch (error.code) {
        case SyncErrc::usage:
            return kExitUsage;
        case SyncErrc::history_lost:
            return kExitHistoryLost;
        default:
            return kExitFailure;
    }
}

}  // namespace hubtrail::sync
