#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "auth/token_verifier.h"
#include "hub/code/code_session.h"
#include "transport/hub_endpoint.h"

namespace hubtrail::hub {

/// Where a code hub is to be found and who may connect there. Thread: any; it does not change once
/// the server runs.
struct HubRouteOptions {
    std::string path;
    transport::EndpointOptions endpoint;
    /// Only authenticated users whom the policy allows may connect; the empty name allows each of
    /// them.
    std::optional<std::string> policy;
};

/// The endpoint of one route of a code hub on one loop. `verifier` null: nobody is authenticated.
/// All references must outlive it and its connections. Thread: strand.
std::unique_ptr<transport::HubEndpoint> make_code_hub(const HubRouteOptions& route,
                                                      const HubDefinition& definition,
                                                      const Messenger& messenger, HubLoop& loop,
                                                      auth::TokenVerifier* verifier);

}  // namespace hubtrail::hub
