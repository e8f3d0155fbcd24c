#include "protocol/event_filter.h"

#include <algorithm>

namespace hubtrail::protocol {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

bool type_matches(const std::string& pattern, std::string_view type) {
    if (pattern.empty() || pattern.back() != '*') {
        return type == pattern;
    }
    return type.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
}

bool path_matches(const EventFilter& filter, const LogEvent& event) {
    return filter.path_prefix.empty() || event.path.starts_with(filter.path_prefix) ||
           event.old_path.starts_with(filter.path_prefix);
}

bool is_excluded(const EventFilter& filter, const LogEvent& event) {
    const auto& excluded = filter.exclude_origins;
    return !excluded.empty() &&
           (contains(excluded, event.actor_client_id) || contains(excluded, event.actor_device_id));
}

bool site_visible(const EventFilter& filter, const LogEvent& event) {
    const bool own = event.user_id == filter.own_user;
    if (contains(filter.own_sites, event.site_id)) {
        return own;
    }
    if (filter.any_site || contains(filter.sites, event.site_id)) {
        return true;
    }
    return filter.own_everywhere && !event.site_id.empty() && own;
}

}  // namespace

bool matches(const EventFilter& filter, const LogEvent& event) {
    if (!site_visible(filter, event)) {
        return false;
    }
    if (!filter.streams.empty() && !contains(filter.streams, event.stream)) {
        return false;
    }
    if (!filter.types.empty() &&
        std::none_of(filter.types.begin(), filter.types.end(), [&](const std::string& pattern) {
            return type_matches(pattern, event.type);
        })) {
        return false;
    }
    if (!filter.user_id.empty() && event.user_id != filter.user_id) {
        return false;
    }
    return path_matches(filter, event) && !is_excluded(filter, event);
}

}  // namespace hubtrail::protocol
