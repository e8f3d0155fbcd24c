#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "transport/endpoint_options.h"
#include "transport/http_message.h"
#include "transport/hub_endpoint.h"
#include "transport/session/cors.h"

namespace hubtrail::transport {

/// What serves one of a hub's paths. `endpoint` is null for other paths.
struct HubRoute {
    HubEndpoint* endpoint = nullptr;
    bool negotiate = false;
    bool refresh = false;
    std::size_t hub = 0;  ///< the same on every loop
};

enum class PathMatch {
    exact,
    subtree,  ///< whatever begins so, and nobody else may have a path in there
    fallback  ///< whatever begins so and nobody else serves; the longest one wins
};

/// Whose pages may use a route: those of the table's list of origins, or our own only.
enum class Origins { listed, own };

/// Who serves a path, with which methods.
struct Route {
    std::vector<std::string> methods;  ///< empty: every one. HEAD comes with GET
    std::string path;
    HttpHandler* handler;  ///< null: the path is only claimed, to find conflicts
    std::string owner;     ///< for the operator: `the health check`
    PathMatch match = PathMatch::exact;
    Origins origins = Origins::listed;
};

/// What is known of a path that is no hub's.
struct FoundRoute {
    HttpHandler* handler = nullptr;  ///< of the method; null: it is refused
    std::string_view allow;          ///< `GET, HEAD`; empty: nobody serves the path
    Origins origins = Origins::listed;
};

/// Which handler serves a path and method. Hub paths own `{path}` and `{path}/negotiate`, and
/// `{path}/refresh` if they have it enabled, in any ASCII case and with or without a slash at the
/// end, as the reference's routes do; other paths are compared byte by byte. Two owners of one path
/// are a conflict, in any case and whatever the order: it is written down, and a server with
/// conflicts must not start. Handlers must outlive the table. Thread: strand; filled before the
/// first connection.
class RouteTable {
public:
    void add(Route route);
    void add_hub(std::string_view path, HubEndpoint& hub, const std::string& owner);
    /// A hub's paths without the hub, to find conflicts.
    void claim_hub(std::string_view path, const EndpointOptions& options, const std::string& owner);
    /// Whose pages may use the routes that say Origins::listed: `allowed_origins` and
    /// `allow_origin` of the options are copied. Nobody's before.
    void allow_origins(const EndpointOptions& options);

    /// A sentence for each conflict, with both owners.
    const std::vector<std::string>& conflicts() const { return conflicts_; }

    FoundRoute find(std::string_view path, std::string_view method) const;
    HubRoute find_hub(std::string_view path) const;
    /// Valid as long as the table.
    OriginRules origins(const FoundRoute& route) const;

private:
    struct Method {
        std::string name;  ///< empty: every one
        HttpHandler* handler;
    };
    struct Resource {
        std::vector<Method> methods;
        std::string allow;
        Origins origins = Origins::listed;
    };
    struct Claim {
        std::string spelled;
        std::string key;  ///< in lower case; without the slash at the end unless it has `below`
        std::vector<std::string> methods;
        std::string owner;
        PathMatch match;
        bool hub;
    };

    static bool are_one(const Claim& a, const Claim& b);
    static bool is_taken_by(const Claim& inner, const Claim& outer);
    void claim(Claim claim);
    const Resource* find_resource(std::string_view path) const;

    std::map<std::string, Resource, std::less<>> exact_;
    std::map<std::string, Resource, std::less<>> prefixes_;
    std::map<std::string, HubRoute, std::less<>> hubs_;  ///< all paths of each, in lower case
    std::vector<Claim> claims_;
    std::vector<std::string> conflicts_;
    std::vector<std::string> allowed_origins_;
    std::function<bool(std::string_view)> allow_origin_;
};

}  // namespace hubtrail::transport
