#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace hubtrail::hub {

/// Publish and subscribe between nodes, for ephemeral sends only (log events never go through it).
/// Delivers at most once, in order of publishing over all channels of one publisher, while
/// connected. Thread: any.
class Backplane {
public:
    /// A message of a channel that is subscribed. Called on the backplane's thread.
    using OnMessage = std::function<void(std::string_view channel, std::string_view payload)>;
    /// The connection broke: messages may have been missed. Called on the backplane's thread.
    using OnLost = std::function<void()>;
    /// How many subscribers it reached, or an error text. Called once: on the backplane's thread,
    /// or, for an error, within publish().
    using Published = std::function<void(std::int64_t receivers, std::string_view error)>;
    using Subscribed = std::function<void(std::string_view error)>;

    virtual ~Backplane() = default;

    /// Before anything else, once.
    virtual void start(OnMessage on_message, OnLost on_lost) = 0;
    /// Nothing is called any more once it has returned.
    virtual void stop() = 0;
    virtual void publish(std::string channel, std::string payload, Published done) = 0;
    /// Kept over reconnects until it was taken back by as many unsubscribe(). `done` (may be empty)
    /// comes once, when the subscription is in force, or at once with an error text while there is
    /// no connection.
    virtual void subscribe(std::string channel, Subscribed done) = 0;
    virtual void unsubscribe(std::string channel) = 0;
    /// Connected at the moment.
    virtual bool connected() const = 0;
};

}  // namespace hubtrail::hub
