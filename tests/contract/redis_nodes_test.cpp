#include <atomic>
#include <mutex>

#include "tests/contract/hub_manager_contract.h"
#include "tests/support/fake_clock.h"

// What only a real Redis can show: outages, logins, limits.
#define REQUIRE_REDIS()                     \
    INFO("redis-server must be installed"); \
    REQUIRE(RedisServer::available())

namespace hubtrail::hub::contract {
namespace {

/// A backplane of the test's own, and what it heard. Thread: any; mutex_ guards the list.
class Listener {
public:
    explicit Listener(const RedisServer& redis, const Clock& clock, RedisAddress address = {}) {
        address.host = "127.0.0.1";
        address.port = redis.port();
        backplane = make_redis_backplane({address, "test:"}, clock, *log_);
        backplane->start(
            [this](std::string_view channel, std::string_view payload) {
                const std::lock_guard lock(mutex_);
                heard_.push_back(std::string(channel) + " " + std::string(payload));
            },
            [this] { ++lost; });
    }
    ~Listener() { backplane->stop(); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    static void until(const std::function<bool()>& condition) {
        const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition()) {
            REQUIRE(std::chrono::steady_clock::now() < last);
            ::poll(nullptr, 0, 1);
        }
    }
    void wait_until_connected() const {
        until([this] { return backplane->connected(); });
    }
    /// Waits until it is in force.
    void listen(const std::string& channel) {
        std::atomic<bool> done = false;
        backplane->subscribe(channel, [&](std::string_view) { done = true; });
        until([&] { return done.load(); });
    }
    struct Published {
        std::int64_t receivers = 0;
        std::string error;
    };
    Published publish(const std::string& channel, std::string payload) {
        Published result;
        std::atomic<bool> done = false;
        backplane->publish(channel, std::move(payload),
                           [&](std::int64_t receivers, std::string_view error) {
                               result = {receivers, std::string(error)};
                               done = true;
                           });
        until([&] { return done.load(); });
        return result;
    }
    Names heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }

    std::unique_ptr<Backplane> backplane;
    std::atomic<int> lost{0};

private:
    std::unique_ptr<Log> log_ = make_null_log();
    std::mutex mutex_;
    Names heard_;
};

TEST_CASE("A publish says how many it reached, and a subscription counts", "[contract]") {
    REQUIRE_REDIS();
    const RedisServer redis;
    const SystemClock clock;
    Listener a(redis, clock);
    Listener b(redis, clock);
    a.wait_until_connected();
    b.wait_until_connected();
    CHECK(a.publish("x", "nobody").receivers == 0);
    a.listen("x");
    b.listen("x");
    b.listen("x");
    CHECK(a.publish("x", std::string("both\0", 5)).receivers == 2);
    b.backplane->unsubscribe("x");
    b.listen("y");
    CHECK(a.publish("x", "still both").receivers == 2);
    b.backplane->unsubscribe("x");
    b.listen("z");
    CHECK(a.publish("x", "one").receivers == 1);
    CHECK(a.publish("y", "y").receivers == 1);
    Listener::until([&] { return a.heard().size() == 3 && b.heard().size() == 3; });
    CHECK(a.heard() == Names{std::string("x both\0", 7), "x still both", "x one"});
    CHECK(b.heard() == Names{std::string("x both\0", 7), "x still both", "y y"});
}

TEST_CASE("A subscription that is taken back and made again at once stays in force", "[contract]") {
    REQUIRE_REDIS();
    const RedisServer redis;
    const SystemClock clock;
    Listener a(redis, clock);
    a.wait_until_connected();
    for (int i = 0; i < 50; ++i) {
        a.listen("x");
        a.backplane->unsubscribe("x");
    }
    a.listen("x");
    CHECK(a.publish("x", "here").receivers == 1);
    a.backplane->unsubscribe("x");
    a.listen("y");
    CHECK(a.publish("x", "gone").receivers == 0);
}

TEST_CASE("Logs in to Redis with the password and the database of the URL", "[contract]") {
    REQUIRE_REDIS();
    const RedisServer redis("open sesame");
    const SystemClock clock;
    const auto address =
        parse_redis_url("redis://:open%20sesame@127.0.0.1:" + std::to_string(redis.port()) + "/3");
    REQUIRE(address);
    Listener in(redis, clock, *address);
    in.wait_until_connected();
    in.listen("x");
    CHECK(in.publish("x", "hello").receivers == 1);

    RedisAddress wrong;
    wrong.password = "shut";
    Listener out(redis, clock, wrong);
    CHECK(out.publish("x", "hello").error == "not connected to Redis");
    CHECK_FALSE(out.backplane->connected());
}

TEST_CASE("After a restart of Redis everything is subscribed again", "[contract]") {
    REQUIRE_REDIS();
    World<TwoRedisNodes> world;
    auto& a = world.connect(0, "a", "ann");
    auto& b = world.connect(1, "b", "bob");
    CHECK(world.add_to_group(1, "b", "g").empty());
    CHECK(world.to_all(0, "before").empty());
    CHECK(world.got(b) == Names{"before"});

    world.under.redis->kill();
    world.until([&] { return world.under.disconnected(); });
    // Here it goes on; there it cannot; and whoever wants to know is told.
    CHECK(world.to_all(0, "outage").starts_with("Only this node's connections were reached: "));
    CHECK(world.to_connections(0, {"a"}, "local").empty());
    CHECK(world.add_to_group(0, "a", "g").empty());
    CHECK_FALSE(world.add_to_group(0, "b", "h").empty());
    // Joins, leaves and newcomers of the outage count as soon as it is over.
    auto& c = world.connect(1, "c", "cy");
    CHECK(world.add_to_group(1, "c", "late").empty());
    CHECK(world.remove_from_group(1, "b", "g").empty());

    world.under.redis->start();
    world.until([&] { return world.under.connected(); });
    CHECK(world.to_groups(1, {"g"}, "joined").empty());
    CHECK(world.to_groups(0, {"late"}, "late").empty());
    CHECK(world.to_users(0, {"bob", "cy"}, "users").empty());
    CHECK(world.to_connections(0, {"b", "c"}, "connections").empty());
    CHECK(world.got(a) == Names{"before", "outage", "local", "joined"});
    CHECK(world.got(b) == Names{"before", "users", "connections"});
    CHECK(world.got(c) == Names{"late", "users", "connections"});
}

TEST_CASE("Questions and group changes under way end when Redis does", "[contract]") {
    REQUIRE_REDIS();
    World<TwoRedisNodes> world;
    world.connect(1, "b");
    std::optional<InvokeOutcome> outcome;
    auto& loop = world.under.loop(0).loop;
    world.under.manager(0).invoke(&loop, "b", make_question("ask"),
                                  [&](const InvokeOutcome& given) { outcome = given; });
    world.under.redis->kill();
    world.until([&] { return outcome.has_value(); });
    CHECK(outcome->kind == InvokeOutcome::Kind::unreachable);
    CHECK_FALSE(outcome->value.empty());
    CHECK_FALSE(world.add_to_group(0, "b", "g").empty());
}

TEST_CASE("What strangers publish on our channels is ignored", "[contract]") {
    REQUIRE_REDIS();
    World<TwoRedisNodes> world;
    auto& a = world.connect(0, "a");
    const SystemClock clock;
    Listener stranger(*world.under.redis, clock);
    stranger.wait_until_connected();
    for (const auto* channel : {"Chat:all", "Chat:connection:a", "Chat:internal:groups"}) {
        for (const auto& payload :
             {std::string(), std::string("hello"), std::string("\x93\x90\x80\xa1", 4),
              std::string("\xdd\xff\xff\xff\xff", 5)}) {
            CHECK(stranger.publish(channel, payload).receivers >= 1);
        }
    }
    CHECK(world.to_all(1, "fine").empty());
    CHECK(world.got(a) == Names{"fine"});
}

TEST_CASE("A Redis that says nothing is left, and found again", "[contract]") {
    REQUIRE_REDIS();
    RedisServer redis;
    FakeClock clock;
    Listener a(redis, clock);
    a.wait_until_connected();
    redis.freeze();
    // Up to the limit it is given time.
    clock.advance_us(kRedisSilenceNs / 1000);
    ::poll(nullptr, 0, 20);
    CHECK(a.backplane->connected());
    clock.advance_us(1'000'000);
    a.listen("wakes the thread");
    Listener::until([&] { return a.lost == 1; });
    CHECK_FALSE(a.backplane->connected());
    redis.thaw();
    Listener::until([&] {
        clock.advance_us(100'000);
        return a.backplane->connected();
    });
    CHECK(a.publish("wakes the thread", "hello").receivers == 1);
}

TEST_CASE("No more than kRedisQueueBytesMax waits for Redis", "[contract]") {
    REQUIRE_REDIS();
    RedisServer redis;
    const SystemClock clock;
    Listener a(redis, clock);
    a.wait_until_connected();
    redis.freeze();
    std::atomic<int> answers = 0;
    std::atomic<int> refusals = 0;
    const auto publish = [&](std::size_t bytes) {
        a.backplane->publish("x", std::string(bytes, 'x'),
                             [&](std::int64_t, std::string_view error) {
                                 ++answers;
                                 refusals += error.empty() ? 0 : 1;
                             });
    };
    // "test:x" and kPublishOverheadBytes come on top.
    constexpr std::size_t kOverhead = 6 + 128;
    constexpr std::size_t kMiB = 1024 * 1024;
    for (std::size_t i = 0; i < kRedisQueueBytesMax / kMiB; ++i) {
        publish(kMiB - kOverhead);
    }
    CHECK(refusals == 0);
    publish(0);
    CHECK(refusals == 1);
    redis.thaw();
    Listener::until([&] { return answers == 33; });
    CHECK(refusals == 1);
    CHECK(a.publish("x", "room again").error.empty());
}

}  // namespace
}  // namespace hubtrail::hub::contract
