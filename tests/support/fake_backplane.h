#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "hub/fanout/backplane.h"

namespace hubtrail::hub {

class FakeBackplane;

/// What the fake backplanes of several nodes share. Nothing is delivered before run(). Thread:
/// strand.
class FakeBackplaneHub {
public:
    /// Delivers what was published, and what that leads to. How many messages and answers.
    std::size_t run();

private:
    friend class FakeBackplane;
    std::deque<std::function<void()>> tasks_;
    std::vector<FakeBackplane*> nodes_;
};

/// One node's backplane, all in the test's thread. `down` is an outage as Redis would have it.
/// Thread: strand.
class FakeBackplane final : public Backplane {
public:
    explicit FakeBackplane(FakeBackplaneHub& hub) : hub_(hub) { hub_.nodes_.push_back(this); }
    ~FakeBackplane() override { std::erase(hub_.nodes_, this); }

    void start(OnMessage on_message, OnLost on_lost) override {
        on_message_ = std::move(on_message);
        on_lost_ = std::move(on_lost);
    }
    void stop() override {
        on_message_ = nullptr;
        on_lost_ = nullptr;
    }
    void publish(std::string channel, std::string payload, Published done) override {
        if (!connected_) {
            done(0, "the fake is down");
            return;
        }
        published.emplace_back(channel, payload);
        hub_.tasks_.emplace_back([this, channel, payload, done = std::move(done)] {
            if (!connected_) {
                done(0, "the fake went down");
                return;
            }
            std::int64_t receivers = 0;
            for (auto* node : hub_.nodes_) {
                if (node->connected_ && node->wishes.contains(channel)) {
                    ++receivers;
                    if (node->on_message_ && !node->deaf) {
                        node->on_message_(channel, payload);
                    }
                }
            }
            if (on_message_) {
                done(receivers, {});
            }
        });
    }
    void subscribe(std::string channel, Subscribed done) override {
        ++wishes[channel];
        if (done && connected_) {
            hub_.tasks_.emplace_back([done = std::move(done)] { done({}); });
        } else if (done) {
            done("the fake is down");
        }
    }
    void unsubscribe(std::string channel) override {
        const auto found = wishes.find(channel);
        HUBTRAIL_CHECK(found != wishes.end(), "unsubscribe without subscribe");
        if (--found->second == 0) {
            wishes.erase(found);
        }
    }
    bool connected() const override { return connected_; }

    void go_down() {
        connected_ = false;
        on_lost_();
    }
    void come_back() { connected_ = true; }

    std::map<std::string, int> wishes;                           ///< by channel
    std::vector<std::pair<std::string, std::string>> published;  ///< channel and payload
    bool deaf = false;  ///< counted as a receiver, but hears nothing

private:
    FakeBackplaneHub& hub_;
    OnMessage on_message_;
    OnLost on_lost_;
    bool connected_ = true;
};

inline std::size_t FakeBackplaneHub::run() {
    std::size_t ran = 0;
    for (; !tasks_.empty(); ++ran) {
        const auto task = std::move(tasks_.front());
        tasks_.pop_front();
        task();
    }
    return ran;
}

}  // namespace hubtrail::hub
