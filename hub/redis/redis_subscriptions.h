#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/fanout/backplane.h"

namespace hubtrail::hub {

/// Which channels are wanted, how often, and what Redis knows of it. Redis confirms each command in
/// order, so a channel is settled once nothing is unconfirmed. Thread: any, guarded by its owner's
/// mutex: it calls nobody, but hands out whom to call.
class RedisSubscriptions {
public:
    using Waiters = std::vector<Backplane::Subscribed>;
    struct Commands {
        std::vector<std::string> subscribe;
        std::vector<std::string> unsubscribe;
        Waiters settled;  ///< whose wish needs no command any more
    };

    /// True: it is in force, and `done` was left alone; false: it was taken and is handed out
    /// later, except while not live.
    bool add(const std::string& channel, Backplane::Subscribed& done);
    void remove(const std::string& channel);
    bool changed() const { return !changed_.empty(); }
    std::size_t size() const { return channels_.size(); }

    /// A new connection: everything that has to be subscribed. Changes count from here on.
    std::vector<std::string> begin();
    /// The connection is gone. Whoever waits has to be told.
    Waiters end();
    bool live() const { return live_; }

    Commands take_changes();
    /// Redis confirmed a command for this channel.
    Waiters confirm(std::string_view channel);
    /// Commands without a confirmation.
    std::size_t unconfirmed() const { return unconfirmed_; }

private:
    struct Channel {
        std::uint32_t wishes = 0;
        std::uint32_t unconfirmed = 0;
        bool asked = false;  ///< the last command was SUBSCRIBE
        Waiters waiters;
        bool settled() const { return unconfirmed == 0 && asked == (wishes > 0); }
    };
    using Table = std::unordered_map<std::string, Channel>;
    void settle(Table::iterator entry, Waiters& waiters);

    Table channels_;
    std::vector<std::string> changed_;
    std::size_t unconfirmed_ = 0;
    bool live_ = false;
};

}  // namespace hubtrail::hub
