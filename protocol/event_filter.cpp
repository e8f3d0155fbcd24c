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
    return filter.user_id.empty() || event.user_id == filter.user_id;
}

}  // namespace hubtrail::protocol
