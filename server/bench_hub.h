#pragma once

#include <cstdint>

#include "hub/host/code_hubs.h"

namespace hubtrail::server {

// Over a limit the call is refused.
inline constexpr std::int64_t kBenchRoundsMax = 1'000'000;
inline constexpr std::int64_t kBenchPerTurnMax = 1000;
inline constexpr std::int64_t kBenchBytesMax = 16 * 1024;
inline constexpr std::int64_t kBenchItemsMax = 10'000'000;

/// Maps kBenchHubPath to the hub that `hubtrail bench` drives (`serve --bench-hub`), written as
/// anybody's would be: Echo(string), Round(first, count, bytes), ToUser(user,
/// rounds), ToGroup(group, rounds), Count(items). The query item `user` names the user, `group` the
/// groups with commas. Thread: main, before `hubs` are sealed.
void map_bench_hub(hub::CodeHubs& hubs);

}  // namespace hubtrail::server
