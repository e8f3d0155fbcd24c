#include "transport/session/router.h"

#include <algorithm>
#include <functional>

namespace hubtrail::transport {
namespace {

std::string lower_case(std::string_view path) {
    std::string lower(path);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return lower;
}

}  // namespace

void Router::add_hub(std::string_view path, HubEndpoint& hub) {
    const auto key = lower_case(path);
    // Loops are told of the hubs each by itself, so the name makes the number.
    const auto number = std::hash<std::string>{}(key);
    hubs_[key] = {&hub, false, false, number};
    hubs_[key + "/negotiate"] = {&hub, true, false, number};
    if (hub.options().enable_authentication_refresh) {
        hubs_[key + "/refresh"] = {&hub, false, true, number};
    }
}

HttpHandler* Router::find(std::string_view path) const {
    if (const auto exact = exact_.find(path); exact != exact_.end()) {
        return exact->second;
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

HubRoute Router::find_hub(std::string_view path) const {
    if (path.size() > 1 && path.back() == '/') {
        path.remove_suffix(1);
    }
    const auto found = hubs_.find(lower_case(path));
    return found == hubs_.end() ? HubRoute{} : found->second;
}

}  // namespace hubtrail::transport
