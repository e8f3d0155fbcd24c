#include <chrono>
#include <cstdio>

#include <malloc.h>

#include "base/log.h"
#include "hub/fanout/local_hub_manager.h"
#include "tests/support/catch.h"
#include "tests/support/hub_client.h"

// On demand, in a release build: hub_manager_test "[.speed]". Figures, no verdicts.
namespace hubtrail::hub {
namespace {

using Kind = Recipients::Kind;
using Clients = std::vector<std::unique_ptr<HubClient>>;

/// A hub with two loops. Thread: strand.
struct SpeedHub {
    void connect(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            auto id = std::to_string(i);
            id.insert(0, 22 - id.size(), 'i');
            clients.push_back(std::make_unique<HubClient>(manager, at, std::move(id),
                                                          "user-" + std::to_string(i)));
            clients.back()->connection.socket.sent_bytes.shrink_to_fit();
        }
        at.loop.run();
    }
    /// Microseconds of the call of send() alone; turns end outside of the measurement.
    template <typename Make>
    double microseconds_of(Make&& make, int rounds) {
        const auto message = make_invocation("message", "hello");
        std::chrono::nanoseconds spent{0};
        for (int i = 0; i < rounds; ++i) {
            auto to = make(i);
            const auto begin = std::chrono::steady_clock::now();
            manager.send(&at.loop, std::move(to), message, [](std::string_view) {});
            spent += std::chrono::steady_clock::now() - begin;
            at.loop.run();
            if (i % 1000 == 0) {
                for (const auto& client : clients) {
                    client->connection.socket.sent_bytes.clear();
                }
            }
        }
        return static_cast<double>(spent.count()) / 1000 / rounds;
    }

    std::unique_ptr<Log> log = make_null_log();
    TestLoop at;
    TestLoop other;
    LocalHubManager manager{{&at.scheduler, &other.scheduler}, "", nullptr, *log};
    Clients clients;
};

TEST_CASE("What a send to one user costs", "[.speed]") {
    for (const std::size_t users : {100U, 1000U, 10'000U}) {
        SpeedHub hub;
        hub.connect(users);
        const auto to_user = [](std::size_t i) {
            return Recipients{Kind::users, {"user-" + std::to_string(i)}, {}};
        };
        const auto same = hub.microseconds_of([&](int) { return to_user(7); }, 20'000);
        const auto next = hub.microseconds_of(
            [&](int i) { return to_user(static_cast<std::size_t>(i) * 7919 % users); }, 20'000);
        std::printf("of %zu users: to the same %.2f us, to another each time %.2f us\n", users,
                    same, next);
    }
}

TEST_CASE("What a send to a group costs before its fan-out", "[.speed]") {
    SpeedHub hub;
    hub.connect(10'000);
    for (std::size_t i = 0; i < 10'000; ++i) {
        hub.manager.add_to_group(&hub.at.loop, hub.clients[i]->hub.id(),
                                 "group-" + std::to_string(i / 10), {});
        hub.manager.add_to_group(&hub.at.loop, hub.clients[i]->hub.id(),
                                 i % 10 == 0 ? "tenth" : "rest", {});
    }
    const auto group = [](std::string name) {
        return Recipients{Kind::groups, {std::move(name)}, {}};
    };
    std::printf(
        "to one of 1000 groups of 10: %.2f us\n",
        hub.microseconds_of(
            [&](int i) { return group("group-" + std::to_string(i * 7919 % 1000)); }, 20'000));
    std::printf("to a group of 1000: %.2f us\n",
                hub.microseconds_of([&](int) { return group("tenth"); }, 1000));
    std::printf("to a group of 9000 but one: %.2f us\n",
                hub.microseconds_of(
                    [&](int) {
                        return Recipients{Kind::groups, {"rest"}, {hub.clients[1]->hub.id()}};
                    },
                    200));
    std::printf("to all 10000: %.2f us\n",
                hub.microseconds_of([&](int) { return Recipients{}; }, 200));
}

TEST_CASE("What an idle connection takes in the manager's tables", "[.speed]") {
    constexpr std::size_t kCount = 10'000;
    SpeedHub with;
    SpeedHub groups;
    const auto in_use = [] { return static_cast<double>(::mallinfo2().uordblks); };
    with.connect(kCount);
    const auto full = in_use();
    for (const auto& client : with.clients) {
        with.manager.remove(client->hub);
    }
    std::printf("per connection with a user of its own: %.0f bytes\n", (full - in_use()) / kCount);
    const auto before = [&] {
        groups.connect(kCount);
        return in_use();
    }();
    for (std::size_t i = 0; i < kCount; ++i) {
        groups.manager.add_to_group(&groups.at.loop, groups.clients[i]->hub.id(),
                                    "group-" + std::to_string(i / 10), {});
    }
    std::printf("per membership in a group of 10: %.0f bytes\n", (in_use() - before) / kCount);
}

}  // namespace
}  // namespace hubtrail::hub
