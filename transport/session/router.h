#pragma once

#include <map>
#include <string>
#include <string_view>

#include "transport/hub_endpoint.h"
#include "transport/http_message.h"

namespace hubtrail::transport {

/// Which handler serves a path. Hub paths own `{path}` and `{path}/negotiate`.
/// Handlers must outlive the router. Thread: strand; filled before the first connection.
class Router {
public:
    void add(std::string path, HttpHandler& handler) { exact_[std::move(path)] = &handler; }
    /// Every path that begins with `prefix` and is not listed exactly; the longest prefix wins.
    void add_prefix(std::string prefix, HttpHandler& handler) {
        prefixes_[std::move(prefix)] = &handler;
    }
    void add_hub(std::string path, HubEndpoint& hub) { hubs_[std::move(path)] = &hub; }

    /// Nothing when no handler serves the path.
    HttpHandler* find(std::string_view path) const;
    HubEndpoint* find_hub(std::string_view path) const;
    /// The hub whose negotiate path this is.
    HubEndpoint* find_negotiate(std::string_view path) const;

private:
    std::map<std::string, HttpHandler*, std::less<>> exact_;
    std::map<std::string, HttpHandler*, std::less<>> prefixes_;
    std::map<std::string, HubEndpoint*, std::less<>> hubs_;
};

}  // namespace hubtrail::transport
