#include "hub/redis/redis_subscriptions.h"

#include <iterator>
#include <utility>

#include "base/check.h"

namespace hubtrail::hub {

bool RedisSubscriptions::add(const std::string& channel, Backplane::Subscribed& done) {
    auto& entry = channels_[channel];
    const bool first = ++entry.wishes == 1;
    if (!live_) {
        return false;
    }
    if (first) {
        changed_.push_back(channel);
    } else if (entry.settled()) {
        return true;
    }
    if (done) {
        entry.waiters.push_back(std::move(done));
        done = nullptr;
    }
    return false;
}

void RedisSubscriptions::remove(const std::string& channel) {
    const auto found = channels_.find(channel);
    HUBTRAIL_CHECK(found != channels_.end() && found->second.wishes > 0,
                   "unsubscribe without subscribe");
    if (--found->second.wishes > 0) {
        return;
    }
    if (live_) {
        changed_.push_back(channel);
    } else {
        channels_.erase(found);
    }
}

std::vector<std::string> RedisSubscriptions::begin() {
    live_ = true;
    std::vector<std::string> wanted;
    wanted.reserve(channels_.size());
    for (auto& [name, channel] : channels_) {
        channel.asked = true;
        channel.unconfirmed = 1;
        wanted.push_back(name);
    }
    unconfirmed_ = wanted.size();
    return wanted;
}

RedisSubscriptions::Waiters RedisSubscriptions::end() {
    live_ = false;
    changed_.clear();
    unconfirmed_ = 0;
    Waiters waiters;
    for (auto entry = channels_.begin(); entry != channels_.end();) {
        auto& channel = entry->second;
        std::move(channel.waiters.begin(), channel.waiters.end(), std::back_inserter(waiters));
        channel.waiters.clear();
        channel.asked = false;
        channel.unconfirmed = 0;
        entry = channel.wishes == 0 ? channels_.erase(entry) : std::next(entry);
    }
    return waiters;
}

RedisSubscriptions::Commands RedisSubscriptions::take_changes() {
    Commands commands;
    for (auto& name : std::exchange(changed_, {})) {
        const auto found = channels_.find(name);
        if (found == channels_.end()) {
            continue;  // named twice, and gone with the first
        }
        auto& channel = found->second;
        const bool wanted = channel.wishes > 0;
        if (wanted == channel.asked) {
            settle(found, commands.settled);
            continue;
        }
        channel.asked = wanted;
        ++channel.unconfirmed;
        ++unconfirmed_;
        (wanted ? commands.subscribe : commands.unsubscribe).push_back(std::move(name));
    }
    return commands;
}

RedisSubscriptions::Waiters RedisSubscriptions::confirm(std::string_view name) {
    Waiters waiters;
    const auto found = channels_.find(std::string(name));
    if (found != channels_.end() && found->second.unconfirmed > 0) {
        --found->second.unconfirmed;
        --unconfirmed_;
        settle(found, waiters);
    }
    return waiters;
}

void RedisSubscriptions::settle(Table::iterator entry, Waiters& waiters) {
    auto& channel = entry->second;
    if (!channel.settled()) {
        return;
    }
    std::move(channel.waiters.begin(), channel.waiters.end(), std::back_inserter(waiters));
    channel.waiters.clear();
    if (channel.wishes == 0) {
        channels_.erase(entry);
    }
}

}  // namespace hubtrail::hub
