#include "transport/session/route_table.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace hubtrail::transport {
namespace {

constexpr const char* kEveryMethod = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

std::string_view without_slash(std::string_view path) {
    if (path.size() > 1 && path.back() == '/') {
        path.remove_suffix(1);
    }
    return path;
}

bool begins_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

bool share_a_method(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return a.empty() || b.empty() || std::any_of(a.begin(), a.end(), [&](const auto& method) {
               return std::find(b.begin(), b.end(), method) != b.end();
           });
}

std::string in_quotes(const std::string& path) {
    return "'" + path + "'";
}

}  // namespace

bool RouteTable::are_one(const Claim& a, const Claim& b) {
    const bool same_kind = (a.match == PathMatch::exact) == (b.match == PathMatch::exact);
    if (!same_kind || a.key != b.key) {
        return false;
    }
    // One owner for GET and another for POST get along, if they mean the same path.
    return a.hub || b.hub || a.spelled != b.spelled || share_a_method(a.methods, b.methods);
}

bool RouteTable::is_taken_by(const Claim& inner, const Claim& outer) {
    return outer.match == PathMatch::subtree && inner.owner != outer.owner &&
           begins_with(inner.match == PathMatch::exact ? lower_case(inner.spelled) : inner.key,
                       outer.key);
}

void RouteTable::claim(Claim claim) {
    for (const auto& other : claims_) {
        if (are_one(claim, other) || is_taken_by(claim, other) || is_taken_by(other, claim)) {
            conflicts_.push_back(claim.owner + " cannot serve " + in_quotes(claim.spelled) + ": " +
                                 other.owner + " serves " + in_quotes(other.spelled) +
                                 (other.match == PathMatch::subtree ? " and all below it" : ""));
        }
    }
    claims_.push_back(std::move(claim));
}

void RouteTable::add(Route route) {
    const bool reads =
        std::find(route.methods.begin(), route.methods.end(), "GET") != route.methods.end();
    if (reads &&
        std::find(route.methods.begin(), route.methods.end(), "HEAD") == route.methods.end()) {
        route.methods.insert(std::find(route.methods.begin(), route.methods.end(), "GET") + 1,
                             "HEAD");
    }
    const bool exact = route.match == PathMatch::exact;
    claim({route.path, exact ? lower_case(without_slash(route.path)) : lower_case(route.path),
           route.methods, route.owner, route.match, false});
    auto& resource = (exact ? exact_ : prefixes_)[route.path];
    resource.origins = route.origins;
    if (route.methods.empty()) {
        resource.methods.push_back({{}, route.handler});
        resource.allow = kEveryMethod;
    }
    for (auto& method : route.methods) {
        resource.allow += (resource.allow.empty() ? "" : ", ") + method;
        resource.methods.push_back({std::move(method), route.handler});
    }
}

void RouteTable::claim_hub(std::string_view path, const EndpointOptions& options,
                           const std::string& owner) {
    path = without_slash(path);
    const std::string root(path == "/" ? "" : path);
    std::vector<std::string> paths = {std::string(path), root + "/negotiate"};
    if (options.enable_authentication_refresh) {
        paths.push_back(root + "/refresh");
    }
    // One sentence for each pair is enough.
    const auto known = conflicts_.size();
    for (std::size_t i = 0; i < paths.size() && conflicts_.size() == known; ++i) {
        claim({paths[i], lower_case(paths[i]), {}, owner, PathMatch::exact, true});
    }
}

void RouteTable::add_hub(std::string_view path, HubEndpoint& hub, const std::string& owner) {
    claim_hub(path, hub.options(), owner);
    const auto key = lower_case(without_slash(path));
    const auto root = key == "/" ? std::string() : key;
    // Loops are told of the hubs each by itself, so the name makes the number.
    const auto number = std::hash<std::string>{}(key);
    hubs_[key] = {&hub, false, false, number};
    hubs_[root + "/negotiate"] = {&hub, true, false, number};
    if (hub.options().enable_authentication_refresh) {
        hubs_[root + "/refresh"] = {&hub, false, true, number};
    }
}

void RouteTable::allow_origins(const EndpointOptions& options) {
    allowed_origins_ = options.allowed_origins;
    allow_origin_ = options.allow_origin;
}

const RouteTable::Resource* RouteTable::find_resource(std::string_view path) const {
    if (const auto exact = exact_.find(path); exact != exact_.end()) {
        return &exact->second;
    }
    const Resource* best = nullptr;
    std::size_t best_size = 0;
    for (const auto& [prefix, resource] : prefixes_) {
        if (prefix.size() >= best_size && begins_with(path, prefix)) {
            best = &resource;
            best_size = prefix.size();
        }
    }
    return best;
}

FoundRoute RouteTable::find(std::string_view path, std::string_view method) const {
    const auto* const resource = find_resource(path);
    if (resource == nullptr) {
        return {};
    }
    const auto& methods = resource->methods;
    const auto found = std::find_if(methods.begin(), methods.end(), [&](const auto& each) {
        return each.name.empty() || each.name == method;
    });
    return {found == methods.end() ? nullptr : found->handler, resource->allow, resource->origins};
}

OriginRules RouteTable::origins(const FoundRoute& route) const {
    static const std::vector<std::string> kNobody;
    static const std::function<bool(std::string_view)> kNoQuestion;
    return route.origins == Origins::listed ? OriginRules{allowed_origins_, allow_origin_}
                                            : OriginRules{kNobody, kNoQuestion};
}

HubRoute RouteTable::find_hub(std::string_view path) const {
    const auto found = hubs_.find(lower_case(without_slash(path)));
    return found == hubs_.end() ? HubRoute{} : found->second;
}

}  // namespace hubtrail::transport
