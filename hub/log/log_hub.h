#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "auth/token_verifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "follow/tails.h"
#include "hub/connection/hub_connection.h"
#include "hub/connection/hub_options.h"
#include "hub/log/log_channel.h"
#include "transport/endpoint_options.h"
#include "transport/hub_endpoint.h"

namespace hubtrail::hub {

/// A hub that is a tail of the log, as configuration declares it (docs/api.md 3).
struct LogHubConfig {
    std::string path;                  ///< `/v1/hub/entries`
    std::vector<std::string> streams;  ///< empty: any; the client may choose among them by `stream`
    std::vector<std::string> scopes;   ///< one of them is needed
    std::string method = "ReceiveMessage";
    bool site_required = true;  ///< SALTO contract: one site, and the rules of site and user hubs
    bool push_always = true;    ///< false: push only when the URL has `since` or `push=1`
    bool subscribe = false;     ///< offers the Subscribe stream and GetCursor
    HubOptions hub = {};
    transport::EndpointOptions endpoint = {};
};

/// The three hubs that are there without configuration.
std::vector<LogHubConfig> default_log_hubs();

/// What the log hubs of one loop share. All must outlive the hubs. Thread: strand.
struct LogHubContext {
    follow::Tails& tails;
    LogOutput& output;
    auth::TokenVerifier& verifier;
    Log& log;
    HubScratch& scratch;
    const Clock& clock;
};

/// One log hub on one loop. `context` is copied; what it refers to must outlive the endpoint.
std::unique_ptr<transport::HubEndpoint> make_log_hub(LogHubConfig config,
                                                     const LogHubContext& context);

}  // namespace hubtrail::hub
