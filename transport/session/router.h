#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "transport/http_message.h"
#include "transport/hub_endpoint.h"

namespace hubtrail::transport {

/// What serves one of a hub's paths. `endpoint` is null for other paths.
struct HubRoute {
    HubEndpoint* endpoint = nullptr;
    bool negotiate = false;
    bool refresh = false;
    std::size_t hub = 0;  ///< the same on every loop
};

/// Which handler serves a path. Hub paths own `{path}` and `{path}/negotiate`, and `{path}/refresh`
/// if they have it enabled, in any ASCII case and with or without a slash at the end, as the
/// reference's routes do. Handlers must outlive the router. Thread: strand; filled before the first
/// connection.
class Router {
public:
    void add(std::string path, HttpHandler& handler) { exact_[std::move(path)] = &handler; }
    /// Every path that begins with `prefix` and is not listed exactly; the longest prefix wins.
    void add_prefix(std::string prefix, HttpHandler& handler) {
        prefixes_[std::move(prefix)] = &handler;
    }
    void add_hub(std::string_view path, HubEndpoint& hub);

    /// Nothing when no handler serves the path.
    HttpHandler* find(std::string_view path) const;
    HubRoute find_hub(std::string_view path) const;

private:
    std::map<std::string, HttpHandler*, std::less<>> exact_;
    std::map<std::string, HttpHandler*, std::less<>> prefixes_;
    std::map<std::string, HubRoute, std::less<>> hubs_;  ///< all paths of each, in lower case
};

}  // namespace hubtrail::transport
