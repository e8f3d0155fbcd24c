#pragma once

#include "auth/token_verifier.h"
#include "hub/code/hub_loop.h"

namespace hubtrail::hub {

/// What a raw endpoint is made of, on its loop. Thread: strand; all outlive the endpoint.
struct EndpointScope {
    HubLoop& loop;
    auth::TokenVerifier* verifier;  ///< null: everybody is a stranger
};

}  // namespace hubtrail::hub
