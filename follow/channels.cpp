#include "follow/channels.h"

#include <algorithm>
#include <utility>

namespace hubtrail::follow {
namespace {

// Site and user of an index entry; "\n" can be part of neither.
std::string index_key(std::string_view site, std::string_view user) {
    std::string key(site);
    key += '\n';
    key += user;
    return key;
}

// Under which keys a channel is found. An event is looked up under its site, its site and user, any
// site and its user, and any site.
std::vector<std::string> index_keys(const protocol::EventFilter& filter) {
    std::vector<std::string> keys;
    if (filter.any_site) {
        return {index_key("*", filter.user_id)};
    }
    for (const auto& site : filter.sites) {
        keys.push_back(index_key(site, filter.user_id));
    }
    for (const auto& site : filter.own_sites) {
        keys.push_back(index_key(site, filter.own_user));
    }
    if (filter.own_everywhere) {
        keys.push_back(index_key("*", filter.own_user));
    }
    return keys;
}

void append_list(std::string& out, const std::vector<std::string>& list) {
    for (const auto& item : list) {
        out += item;
        out += '\n';
    }
    out += '\r';
}

// Equal keys, equal frames.
std::string channel_key(const protocol::EventFilter& filter, std::string shape) {
    std::string key = std::move(shape);
    key += '\r';
    append_list(key, filter.streams);
    append_list(key, filter.types);
    append_list(key, filter.sites);
    append_list(key, filter.own_sites);
    key += filter.any_site ? 'a' : '-';
    key += filter.own_everywhere ? 'o' : '-';
    // Whose own events counts only where "own" is a condition.
    key += filter.own_everywhere || !filter.own_sites.empty() ? filter.own_user : std::string();
    key += '\r';
    key += filter.user_id;
    key += '\r';
    key += filter.path_prefix;
    key += '\r';
    append_list(key, filter.exclude_origins);
    return key;
}

}  // namespace

ChannelEntry& Channels::join(const protocol::EventFilter& filter, Sharing& member,
                             const protocol::Cursor& head) {
    auto key = channel_key(filter, member.shape());
    auto found = entries_.find(key);
    if (found == entries_.end()) {
        auto entry = std::make_unique<ChannelEntry>();
        entry->key = key;
        entry->filter = filter;
        entry->channel = member.make_channel(head.pos);
        index(*entry);
        found = entries_.emplace(std::move(key), std::move(entry)).first;
    } else {
        found->second->channel->on_head(head);
    }
    ++found->second->members;
    member.join(*found->second->channel, head);
    return *found->second;
}

void Channels::leave(ChannelEntry& entry, Sharing& member) {
    member.leave(*entry.channel);
    if (--entry.members == 0) {
        unindex(entry);
        entries_.erase(entries_.find(entry.key));
    }
}

void Channels::publish(const LiveEvent& event) {
    offer("*", {}, event);
    offer("*", event.event.user_id, event);
    offer(event.event.site_id, {}, event);
    offer(event.event.site_id, event.event.user_id, event);
}

void Channels::offer(std::string_view site, std::string_view user, const LiveEvent& event) {
    key_.assign(site);
    key_ += '\n';
    key_ += user;
    const auto found = index_.find(key_);
    if (found == index_.end()) {
        return;
    }
    for (auto* entry : found->second) {
        // A channel can be indexed under several keys that fit one event.
        if (std::exchange(entry->serial, event.serial) == event.serial ||
            !matches(entry->filter, event.event)) {
            continue;
        }
        if (!std::exchange(entry->touched, true)) {
            touched_.push_back(entry);
        }
        entry->channel->on_event(event);
    }
}

void Channels::finish(const protocol::Cursor& head) {
    for (auto* entry : touched_) {
        entry->touched = false;
        entry->channel->on_head(head);
    }
    touched_.clear();
}

void Channels::beat(const protocol::Cursor& head) {
    for (const auto& [key, entry] : entries_) {
        entry->channel->on_beat(head);
    }
}

void Channels::index(ChannelEntry& entry) {
    for (const auto& key : index_keys(entry.filter)) {
        index_[key].push_back(&entry);
    }
}

void Channels::unindex(ChannelEntry& entry) {
    for (const auto& key : index_keys(entry.filter)) {
        auto& list = index_[key];
        list.erase(std::remove(list.begin(), list.end(), &entry), list.end());
        if (list.empty()) {
            index_.erase(key);
        }
    }
}

}  // namespace hubtrail::follow
