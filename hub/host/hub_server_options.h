#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "auth/token_verifier.h"
#include "base/log.h"
#include "hub/connection/hub_options.h"
#include "hub/fanout/backplane.h"
#include "transport/endpoint_options.h"
#include "transport/gathering.h"

namespace hubtrail::hub {

/// What a HubServer is told at its birth. Options of hubs and endpoints are the defaults of every
/// route.
struct HubServerOptions {
    std::string listen =
        "127.0.0.1:5000";             ///< `host:port`; port 0: any free one, see HubServer::port()
    int loops = 0;                    ///< threads that serve connections; 0: one per core
    std::size_t workers = 8;          ///< threads for on_worker(), at most
    std::size_t connections_max = 0;  ///< 0: what the limit of open files allows
    std::int64_t drain_window_ns =
        5'000'000'000;  ///< over which a terminated server sends its clients away

    /// The longest that a message for many waits for more of them, on a loop that is busy for over
    /// half of its time; 0: never.
    std::int64_t gather_ns_max = transport::kGatherNsDefault;

    HubOptions hub = {};
    transport::EndpointOptions endpoint = {};

    /// Whose tokens say who a user is. Neither this nor make_verifier: everybody is a stranger.
    std::optional<auth::TokenPolicy> tokens = std::nullopt;
    std::size_t token_cache_max = 10'000;  ///< verified tokens that one loop remembers
    /// Instead of `tokens`: your own check. Called once for each loop.
    std::function<std::unique_ptr<auth::TokenVerifier>()> make_verifier = nullptr;

    std::string redis_url = {};  ///< `redis://host:port`: several servers are one; empty: this one
                                 ///< is alone. What is wrong with it start() says; run() prints it.
    std::string redis_prefix = {};  ///< in front of every channel name
    /// Instead of `redis_url`: your own backplane. Called once for each type of hub.
    std::function<std::unique_ptr<Backplane>()> make_backplane = nullptr;

    /// Called once the server listens, with the real port; null: nobody is told. On the thread that
    /// starts it.
    std::function<void(std::uint16_t port)> on_listening = nullptr;

    /// Where the server says what happens to it; null: standard error, from `log_level` on. Must
    /// outlive the server.
    Log* log = nullptr;
    LogLevel log_level = LogLevel::info;
};

}  // namespace hubtrail::hub
