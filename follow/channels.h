#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "follow/sink.h"
#include "protocol/event_filter.h"

namespace hubtrail::follow {

/// A channel with its members' filter, and how many they are. Thread: strand.
struct ChannelEntry {
    std::string key;
    protocol::EventFilter filter;
    std::unique_ptr<Channel> channel;
    std::size_t members = 0;
    std::uint64_t serial = 0;  ///< of the event looked at last
    bool touched = false;      ///< has had an event of the commit under way
};

/// The live channels of one tenant on one loop, found by the site and user of an event: what an
/// event costs depends on the channels that it is for, not on those that exist. Thread: strand.
class Channels {
public:
    /// Of these members: the one that is there, else a new one whose events begin behind `head`.
    ChannelEntry& join(const protocol::EventFilter& filter, Sharing& member,
                       const protocol::Cursor& head);
    /// The last one to leave ends the channel.
    void leave(ChannelEntry& entry, Sharing& member);

    /// Gives an event to the channels that it is for. finish() follows after the commit's last one.
    void publish(const LiveEvent& event);
    void finish(const protocol::Cursor& head);
    void beat(const protocol::Cursor& head);

    std::size_t size() const { return entries_.size(); }

private:
    using EntryList = std::vector<ChannelEntry*>;

    void index(ChannelEntry& entry);
    void unindex(ChannelEntry& entry);
    void offer(std::string_view site, std::string_view user, const LiveEvent& event);

    std::map<std::string, std::unique_ptr<ChannelEntry>, std::less<>> entries_;
    std::unordered_map<std::string, EntryList> index_;
    EntryList touched_;
    std::string key_;  ///< reused, so that publishing does not allocate
};

}  // namespace hubtrail::follow
