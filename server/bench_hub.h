#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "auth/token_verifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "hub/code/hub_loop.h"
#include "hub/connection/hub_options.h"
#include "transport/hub_endpoint.h"
#include "transport/outbox.h"

namespace hubtrail::server {

// Over a limit the call is refused.
inline constexpr std::int64_t kBenchRoundsMax = 1'000'000;
inline constexpr std::int64_t kBenchPerTurnMax = 1000;
inline constexpr std::int64_t kBenchBytesMax = 16 * 1024;
inline constexpr std::int64_t kBenchItemsMax = 10'000'000;

/// The hub that `hubtrail bench` drives (`serve --bench-hub`), written as anybody's would be:
/// Echo(string), Round(first, count, bytes), ToUser(user, rounds), ToGroup(group, rounds),
/// Count(items). The query item `user` names the user, `group` the groups with commas. One
/// for the process, one endpoint for each loop. Thread: main for the constructor and
/// make_endpoint(); destroyed after the loops have stopped. All references must outlive it.
class BenchHubs {
public:
    BenchHubs(const hub::HubOptions& options, transport::EndpointOptions endpoint,
              const std::vector<transport::OutputScheduler*>& loops, const Clock& clock,
              Random& random, Log& log);
    ~BenchHubs();

    std::unique_ptr<transport::HubEndpoint> make_endpoint(transport::Loop& loop,
                                                          auth::TokenVerifier& verifier);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace hubtrail::server
