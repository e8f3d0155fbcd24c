#pragma once
// The hubs that the tests of every HubManager run on: one node with one loop, one with two, and two
// nodes.

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "hub/fanout/hub_manager.h"
#include "hub/redis/redis_backplane.h"
#include "tests/support/catch.h"
#include "tests/support/fake_backplane.h"
#include "tests/support/hub_client.h"
#include "tests/support/redis_server.h"

namespace hubtrail::hub::contract {

/// One hub with two places: where a caller calls and where a client connects. They are the same
/// loop, two loops or two nodes. Thread: strand.
class Places {
public:
    static constexpr std::size_t kPlaces = 2;

    virtual ~Places() = default;
    virtual HubManager& manager(std::size_t place) = 0;
    virtual TestLoop& loop(std::size_t place) = 0;
    /// Everything that can run without waiting runs. True: something did.
    virtual bool turn() = 0;
    /// Whether this machine can run it; says why not.
    virtual bool usable() { return true; }
    virtual void wait_until_connected() {}
    /// Whether the places are two nodes.
    virtual bool nodes() const { return false; }
};

inline bool turn_loop(TestLoop& at) {
    return at.loop.run() > 0;
}

/// Thread: strand.
class OneLoop final : public Places {
public:
    HubManager& manager(std::size_t) override { return *manager_; }
    TestLoop& loop(std::size_t) override { return loop_; }
    bool turn() override { return turn_loop(loop_); }

private:
    TestLoop loop_;
    SeededRandom random_{1};
    std::unique_ptr<Log> log_ = make_null_log();
    std::unique_ptr<HubManager> manager_ =
        make_hub_manager("Chat", {&loop_.scheduler}, nullptr, random_, *log_);
};

/// Thread: strand.
class TwoLoops final : public Places {
public:
    HubManager& manager(std::size_t) override { return *manager_; }
    TestLoop& loop(std::size_t place) override { return loops_[place]; }
    bool turn() override {
        const bool first = turn_loop(loops_[0]);
        return turn_loop(loops_[1]) || first;
    }

private:
    TestLoop loops_[kPlaces];
    SeededRandom random_{1};
    std::unique_ptr<Log> log_ = make_null_log();
    std::unique_ptr<HubManager> manager_ = make_hub_manager(
        "Chat", {&loops_[0].scheduler, &loops_[1].scheduler}, nullptr, random_, *log_);
};

/// Two nodes of one loop each. Thread: strand.
class TwoFakeNodes final : public Places {
public:
    HubManager& manager(std::size_t place) override { return *nodes_[place].manager; }
    TestLoop& loop(std::size_t place) override { return nodes_[place].loop; }
    bool turn() override {
        bool ran = hub_.run() > 0;
        for (auto& node : nodes_) {
            ran = turn_loop(node.loop) || ran;
        }
        return ran;
    }
    bool nodes() const override { return true; }
    FakeBackplane& backplane(std::size_t place) { return nodes_[place].backplane; }

private:
    struct Node {
        Node(FakeBackplaneHub& hub, Random& random, Log& log)
            : backplane(hub),
              manager(make_hub_manager("Chat", {&loop.scheduler}, &backplane, random, log)) {}
        TestLoop loop;
        FakeBackplane backplane;
        std::unique_ptr<HubManager> manager;
    };
    SeededRandom random_{1};
    std::unique_ptr<Log> log_ = make_null_log();
    FakeBackplaneHub hub_;
    Node nodes_[kPlaces] = {{hub_, random_, *log_}, {hub_, random_, *log_}};
};

/// The same over a real Redis. Thread: strand.
class TwoRedisNodes final : public Places {
public:
    TwoRedisNodes() {
        if (RedisServer::available()) {
            redis.emplace();
            for (auto& node : nodes_) {
                node = std::make_unique<Node>(*redis, clock_, random_, *log_);
            }
        }
    }
    bool usable() override {
        if (!redis) {
            UNSCOPED_INFO("redis-server is not installed: apt install redis-server");
        }
        return redis.has_value();
    }
    HubManager& manager(std::size_t place) override { return *nodes_[place]->manager; }
    TestLoop& loop(std::size_t place) override { return nodes_[place]->loop; }
    bool turn() override {
        const bool first = turn_loop(nodes_[0]->loop);
        return turn_loop(nodes_[1]->loop) || first;
    }
    bool nodes() const override { return true; }
    bool connected() const {
        return nodes_[0]->backplane->connected() && nodes_[1]->backplane->connected();
    }
    bool disconnected() const {
        return !nodes_[0]->backplane->connected() && !nodes_[1]->backplane->connected();
    }

    std::optional<RedisServer> redis;

private:
    struct Node {
        Node(const RedisServer& redis, const Clock& clock, Random& random, Log& log)
            : backplane(make_redis_backplane({{"127.0.0.1", redis.port(), {}, {}, 0}, "test:"},
                                             clock, log)),
              manager(make_hub_manager("Chat", {&loop.scheduler}, backplane.get(), random, log)) {}
        TestLoop loop;
        std::unique_ptr<Backplane> backplane;
        std::unique_ptr<HubManager> manager;
    };
    SystemClock clock_;
    SeededRandom random_{1};
    std::unique_ptr<Log> log_ = make_null_log();
    std::unique_ptr<Node> nodes_[kPlaces];

public:
    void wait_until_connected() override;
};

inline void TwoRedisNodes::wait_until_connected() {
    const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!connected()) {
        REQUIRE(std::chrono::steady_clock::now() < last);
        ::poll(nullptr, 0, 1);
    }
}

}  // namespace hubtrail::hub::contract
