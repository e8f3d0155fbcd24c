#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace hubtrail {

void check_failed(const char* condition, const char* what, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: invariant broken: %s (%s)\n", file, line, condition, what);
    std::abort();
}

}  // namespace hubtrail
