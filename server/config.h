#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "auth/token_verifier.h"
#include "base/log.h"
#include "base/result.h"
#include "hub/connection/hub_options.h"
#include "hub/log/log_hub.h"
#include "transport/endpoint_options.h"
#include "transport/gathering.h"

namespace hubtrail::server {

/// Issuer and audience of the tokens that the embedded default signs and believes.
inline constexpr const char* kEmbeddedIssuer = "hubtrail";

/// The key of the embedded default, below the data directory.
inline std::string token_key_path(const std::string& data_dir) {
    return data_dir + "/token.key";
}

inline auth::TokenPolicy embedded_token_policy() {
    auth::TokenPolicy policy;
    policy.issuer = kEmbeddedIssuer;
    policy.audiences = {kEmbeddedIssuer};
    return policy;
}

/// Everything that can be set, with its default. One TOML file, environment and flags fill it
/// (design D13): flags win over HUBTRAIL_... variables, those over the file, the file over this.
/// Made by load_config().
struct ServerConfig {
    std::string listen = "127.0.0.1:8080";
    std::string admin_listen;       ///< of /metrics, /livez and /readyz; empty: no such listener
    std::string data_dir = "data";  ///< SQLite file and keys of the embedded default
    int loops = 0;                  ///< 0: one per core
    int reader_threads = 2;
    std::size_t connections_max = 0;  ///< 0: descriptor limit less 512
    std::int64_t drain_window_ns =
        5'000'000'000;  ///< over which a terminated server sends its clients away
    std::int64_t gather_ns_max = transport::kGatherNsDefault;  ///< 0: a loop never waits for more
    bool demo = false;       ///< page at `/` and GET /demo/session; loopback only
    bool bench_hub = false;  ///< maps /bench
    std::string page_dir;    ///< files of the page; empty: found beside the binary
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;

    /// [auth]. Without keys the embedded key of data_dir is used (HS256, issuer and audience
    /// "hubtrail").
    auth::TokenPolicy auth = embedded_token_policy();
    std::vector<std::string> auth_key_files;  ///< JWK or JWK set, by path
    std::size_t token_cache_max = 10'000;     ///< per loop

    hub::HubOptions hub;                  ///< [hub]: of every hub that says nothing else
    transport::EndpointOptions endpoint;  ///< the rest of [hub]
    std::vector<hub::LogHubConfig> log_hubs = hub::default_log_hubs();
};

}  // namespace hubtrail::server
