#pragma once

#include <string>
#include <vector>

#include "protocol/event.h"

namespace hubtrail::protocol {

/// Which events a reader sees. An empty member asks for any. All must match.
struct EventFilter {
    std::vector<std::string> streams;
    std::vector<std::string> types;  ///< `file.*` matches a prefix
    std::vector<std::string> sites;
    std::vector<std::string> own_sites;  ///< of these sites, only events with user_id == own_user
    bool any_site = true;                ///< false: only `sites` and `own_sites`
    bool own_everywhere = false;  ///< on sites not listed: only events with user_id == own_user
    std::string own_user;
    std::string user_id;  ///< empty: any
    /// Of `path`, or of `old_path`: who follows a folder has to hear of what leaves it.
    std::string path_prefix = {};
    /// Not those whose client or device (`actor_client_id`, `actor_device_id`) is one of these.
    std::vector<std::string> exclude_origins = {};

    bool operator==(const EventFilter&) const = default;
};

/// Whether the filter shows the event. The one definition: stores and tails agree with it. Thread:
/// any.
bool matches(const EventFilter& filter, const LogEvent& event);

}  // namespace hubtrail::protocol
