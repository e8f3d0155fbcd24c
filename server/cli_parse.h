#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/cli_command.h"

namespace hubtrail::server {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

/// The end of a command line that runs nothing: help (kExitOk, for standard output) or what is
/// wrong with it (kExitUsage, for standard error). `text` holds whole lines.
struct CommandLineExit {
    int code;
    std::string text;
};

/// Reads the arguments behind the program's name. The environment gives what may come from there:
/// HUBTRAIL_TOKEN, and HUBTRAIL_DATA for `token`. Tokens are never quoted. Thread: main.
Result<Command, CommandLineExit> parse_command_line(const std::vector<std::string>& arguments,
                                                    const Environment& environment);

/// Of the library behind parse_command_line().
std::string command_line_library_version();

}  // namespace hubtrail::server
