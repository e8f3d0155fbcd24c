#pragma once

#include <csignal>
#include <functional>
#include <string>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/catch.h"

namespace hubtrail::test {

/// What `step` wrote to standard error until it aborted; empty when it did not abort. It runs in a
/// child, so what it changes is lost. Only in a process without other threads.
inline std::string abort_text(const std::function<void()>& step) {
    int ends[2] = {};
    REQUIRE(::pipe(ends) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // Catch2 would report the abort as a failure of its own.
        std::signal(SIGABRT, SIG_DFL);
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[0]);
        ::close(ends[1]);
        step();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string text;
    char bytes[256];
    for (auto got = ::read(ends[0], bytes, sizeof bytes); got > 0;
         got = ::read(ends[0], bytes, sizeof bytes)) {
        text.append(bytes, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? text : std::string();
}

}  // namespace hubtrail::test
