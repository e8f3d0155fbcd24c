#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/support/catch.h"

namespace hubtrail {

/// Runs a test of random steps for the seeds 1 to `count`; a failure shows its seed. The
/// environment has the last word: HUBTRAIL_SEED=7 runs that seed alone, HUBTRAIL_SEEDS=5000 so
/// many.
template <typename Test>
void for_each_seed(std::uint64_t count, Test&& test) {
    const auto number = [](const char* name, std::uint64_t otherwise) {
        const char* text = std::getenv(name);
        return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
    };
    const auto only = number("HUBTRAIL_SEED", 0);
    const auto last = only != 0 ? only : number("HUBTRAIL_SEEDS", count);
    for (auto seed = only != 0 ? only : 1; seed <= last; ++seed) {
        INFO("again by HUBTRAIL_SEED=" << seed);
        test(seed);
    }
}

}  // namespace hubtrail
