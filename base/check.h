#pragma once

namespace hubtrail {

/// Prints the failed condition and aborts. Our own bugs only: never for what a peer or a disk did.
[[noreturn]] void check_failed(const char* condition, const char* what, const char* file, int line);

}  // namespace hubtrail

/// An invariant of our own code, kept in every build.
#define HUBTRAIL_CHECK(condition, what) \
    (static_cast<bool>(condition)       \
         ? static_cast<void>(0)         \
         : ::hubtrail::check_failed(#condition, what, __FILE__, __LINE__))
