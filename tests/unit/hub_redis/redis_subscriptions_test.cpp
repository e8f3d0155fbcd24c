#include "hub/redis/redis_subscriptions.h"

#include "tests/support/catch.h"

namespace hubtrail::hub {
namespace {

using Names = std::vector<std::string>;

struct Waiting {
    int told = 0;
    Backplane::Subscribed done() {
        return [this](std::string_view) { ++told; };
    }
};

bool add(RedisSubscriptions& subscriptions, Waiting& waiting) {
    auto done = waiting.done();
    const bool in_force = subscriptions.add("x", done);
    CHECK((done == nullptr) == (subscriptions.live() && !in_force));
    return in_force;
}
void tell(const RedisSubscriptions::Waiters& waiters) {
    for (const auto& waiter : waiters) {
        waiter({});
    }
}

TEST_CASE("Whoever subscribes waits until Redis has confirmed it", "[hub_manager]") {
    RedisSubscriptions subscriptions;
    subscriptions.begin();
    Waiting first;
    Waiting second;
    Waiting third;
    CHECK_FALSE(add(subscriptions, first));
    auto commands = subscriptions.take_changes();
    CHECK(commands.subscribe == Names{"x"});
    CHECK_FALSE(add(subscriptions, second));
    CHECK_FALSE(subscriptions.changed());
    CHECK(subscriptions.unconfirmed() == 1);
    tell(subscriptions.confirm("x"));
    CHECK(first.told == 1);
    CHECK(second.told == 1);
    CHECK(add(subscriptions, third));

    subscriptions.remove("x");
    subscriptions.remove("x");
    CHECK_FALSE(subscriptions.changed());
    subscriptions.remove("x");
    commands = subscriptions.take_changes();
    CHECK(commands.unsubscribe == Names{"x"});
    CHECK(subscriptions.size() == 1);
    CHECK(subscriptions.confirm("x").empty());
    CHECK(subscriptions.size() == 0);
}

TEST_CASE("A change of mind before a command costs none, after it both", "[hub_manager]") {
    RedisSubscriptions subscriptions;
    subscriptions.begin();
    Waiting waiting;
    add(subscriptions, waiting);
    subscriptions.remove("x");
    auto commands = subscriptions.take_changes();
    CHECK(commands.subscribe.empty());
    CHECK(commands.unsubscribe.empty());
    tell(commands.settled);
    CHECK(waiting.told == 1);
    CHECK(subscriptions.size() == 0);

    add(subscriptions, waiting);
    CHECK(subscriptions.take_changes().subscribe == Names{"x"});
    subscriptions.remove("x");
    CHECK(subscriptions.take_changes().unsubscribe == Names{"x"});
    add(subscriptions, waiting);
    CHECK(subscriptions.take_changes().subscribe == Names{"x"});
    CHECK(subscriptions.unconfirmed() == 3);
    CHECK(subscriptions.confirm("x").empty());
    CHECK(subscriptions.confirm("x").empty());
    CHECK(subscriptions.confirm("x").size() == 2);
}

TEST_CASE("Without a connection wishes are only kept, and a new one subscribes them",
          "[hub_manager]") {
    RedisSubscriptions subscriptions;
    Waiting waiting;
    CHECK_FALSE(add(subscriptions, waiting));
    CHECK_FALSE(subscriptions.changed());
    CHECK(subscriptions.begin() == Names{"x"});
    CHECK(subscriptions.unconfirmed() == 1);
    CHECK_FALSE(add(subscriptions, waiting));
    tell(subscriptions.end());
    CHECK(waiting.told == 1);
    CHECK(subscriptions.unconfirmed() == 0);
    CHECK(subscriptions.begin() == Names{"x"});
    CHECK(subscriptions.confirm("x").empty());
    CHECK(subscriptions.confirm("x").empty());
    CHECK(subscriptions.confirm("unknown").empty());

    // Gone during the outage: nothing is left of it.
    subscriptions.end();
    subscriptions.remove("x");
    subscriptions.remove("x");
    CHECK(subscriptions.size() == 0);
}

}  // namespace
}  // namespace hubtrail::hub
