#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

#include "hub/fanout/local_hub_manager.h"
#include "tests/support/catch.h"
#include "tests/support/hub_client.h"

namespace hubtrail::hub::contract {
namespace {

using Kind = Recipients::Kind;

/// A loop that turns in a thread of its own. Thread: main.
class ThreadedLoop {
public:
    ~ThreadedLoop() { stop(); }
    void start() {
        thread_ = std::thread([this] {
            while (!stopping_) {
                at.loop.wait_until_posted();
                at.loop.run();
            }
        });
    }
    void stop() {
        if (thread_.joinable()) {
            at.loop.post([this] { stopping_ = true; });
            thread_.join();
        }
    }

    TestLoop at;

private:
    std::thread thread_;
    bool stopping_ = false;  // the thread's
};

void wait_until(const std::function<bool()>& condition) {
    const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
        REQUIRE(std::chrono::steady_clock::now() < last);
        ::poll(nullptr, 0, 1);
    }
}

std::vector<std::string> from(const HubClient& client, const std::string& sender) {
    auto names = client.targets();
    std::erase_if(names, [&](const std::string& name) { return !name.starts_with(sender); });
    return names;
}

// Goal: nothing is lost, repeated or reordered, and nothing races, when loops send to each other
// while connections, groups and users come and go. Method: two loops and a thread without one send;
// clients that stay compare.
TEST_CASE("Loops that send to each other while members come and go lose nothing", "[contract]") {
    constexpr int kMessages = 300;
    std::array<ThreadedLoop, 2> loops;
    const auto log = make_null_log();
    LocalHubManager manager({&loops[0].at.scheduler, &loops[1].at.scheduler}, "", nullptr, *log);
    std::vector<std::unique_ptr<HubClient>> staying;
    for (std::size_t i = 0; i < 8; ++i) {
        auto& at = loops[i % 2].at;
        const auto id = "stays" + std::to_string(i);
        staying.push_back(
            std::make_unique<HubClient>(manager, at, id, "user", i < 4 ? "json" : "messagepack"));
        manager.add_to_group(&at.loop, id, "group", {});
    }
    std::atomic<int> done = 0;
    const auto send = [&](transport::Loop* loop, const std::string& sender, int i) {
        static constexpr std::array kKinds = {Kind::all, Kind::groups, Kind::users};
        Recipients to{kKinds[static_cast<std::size_t>(i) % 3], {}, {}};
        if (to.kind != Kind::all) {
            to.names = {to.kind == Kind::groups ? "group" : "user"};
        }
        manager.send(loop, std::move(to), make_invocation(sender + std::to_string(i)),
                     [&](std::string_view error) { done += error.empty() ? 1 : 1000000; });
    };
    for (auto& loop : loops) {
        loop.start();
    }
    for (int i = 0; i < kMessages; ++i) {
        for (std::size_t n = 0; n < loops.size(); ++n) {
            auto& at = loops[n].at;
            at.loop.post([&manager, &at, &send, n, i] {
                const auto id = "comes" + std::to_string(n) + "." + std::to_string(i);
                HubClient comes(manager, at, id, "user");
                manager.add_to_group(&at.loop, id, "group", {});
                manager.add_to_group(&at.loop, "stays" + std::to_string(1 - n),
                                     "own" + std::to_string(i), {});
                send(&at.loop, n == 0 ? "a" : "b", i);
            });
        }
        send(nullptr, "c", i);
    }
    wait_until([&] { return done >= 3 * kMessages; });
    for (auto& loop : loops) {
        loop.stop();
        loop.at.loop.run();
    }
    CHECK(done == 3 * kMessages);
    for (const std::string sender : {"a", "b", "c"}) {
        std::vector<std::string> expected;
        for (int i = 0; i < kMessages; ++i) {
            expected.push_back(sender + std::to_string(i));
        }
        for (const auto& client : staying) {
            CHECK(from(*client, sender) == expected);
        }
    }
    staying.clear();
    CHECK(manager.directory().size(NameKind::group) == 0);
    CHECK(manager.directory().size(NameKind::user) == 0);
}

}  // namespace
}  // namespace hubtrail::hub::contract
