#pragma once

#include <memory>

#include "auth/token_verifier.h"
#include "base/log.h"
#include "hub/hub_connection.h"
#include "transport/hub_endpoint.h"

namespace hubtrail::hub {

inline constexpr std::int64_t kBurstRoundsMax = 1'000'000;
inline constexpr std::int64_t kBurstPerTurnMax = 1000;
inline constexpr std::int64_t kBurstBytesMax = 16 * 1024;

/// The hub that `hubtrail bench` drives (`serve --bench-hub`): Echo(string), Burst(rounds, per_turn, bytes) and
/// ToUser(user, rounds). Ephemeral: nothing of it is in the log. All references must outlive it.
/// A token is checked when there is one. Thread: strand; one per loop, which only knows its own connections.
std::unique_ptr<transport::HubEndpoint> make_bench_hub(transport::OutputScheduler& scheduler,
                                                       auth::TokenVerifier& verifier, Log& log,
                                                       const HubOptions& options,
                                                       HubScratch& scratch);

}  // namespace hubtrail::hub
