#include "transport/session/router.h"

namespace hubtrail::transport {
namespace {

constexpr std::string_view kNegotiate = "/negotiate";

template <typename Map>
auto look_up(const Map& map, std::string_view key) -> typename Map::mapped_type {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
}

}  // namespace

HttpHandler* Router::find(std::string_view path) const {
    if (auto* handler = look_up(exact_, path)) {
        return handler;
    }
    HttpHandler* best = nullptr;
    std::size_t best_size = 0;
    for (const auto& [prefix, handler] : prefixes_) {
        if (prefix.size() >= best_size && path.substr(0, prefix.size()) == prefix) {
            best = handler;
            best_size = prefix.size();
        }
    }
    return best;
}

HubEndpoint* Router::find_hub(std::string_view path) const { return look_up(hubs_, path); }

HubEndpoint* Router::find_negotiate(std::string_view path) const {
    if (path.size() <= kNegotiate.size() ||
        path.substr(path.size() - kNegotiate.size()) != kNegotiate) {
        return nullptr;
    }
    return find_hub(path.substr(0, path.size() - kNegotiate.size()));
}

}  // namespace hubtrail::transport
