#include "hub/fanout/hub_manager.h"

#include <optional>

#include "hub/fanout/local_hub_manager.h"
#include "tests/support/catch.h"
#include "tests/support/hub_client.h"

namespace hubtrail::hub {
namespace {

using Names = std::vector<std::string>;
using Kind = Recipients::Kind;

/// A hub of one node with some loops. Thread: strand.
struct Hub {
    explicit Hub(std::size_t count = 1) {
        std::vector<transport::OutputScheduler*> schedulers;
        for (std::size_t i = 0; i < count; ++i) {
            loops.push_back(std::make_unique<TestLoop>());
            schedulers.push_back(&loops.back()->scheduler);
        }
        manager.emplace(schedulers, std::string(), nullptr, *log);
    }
    transport::FakeLoop& loop(std::size_t i = 0) { return loops[i]->loop; }
    HubClient& connect(std::string id, std::string user = {}, std::string_view protocol = "json",
                       std::size_t at = 0) {
        clients.push_back(std::make_unique<HubClient>(*manager, *loops[at], std::move(id),
                                                      std::move(user), protocol));
        run();
        return *clients.back();
    }
    void run() {
        bool again = true;
        while (again) {
            again = false;
            for (const auto& at : loops) {
                at->loop.run();
            }
            again = std::any_of(loops.begin(), loops.end(),
                                [](const auto& at) { return at->loop.posted() > 0; });
            for (const auto& client : clients) {
                client->end_if_aborted();
            }
        }
    }
    // From the first loop.
    void send(Recipients to, std::shared_ptr<const EncodedInvocation> message,
              HubManager::Done done = {}) {
        manager->send(&loop(), std::move(to), std::move(message), std::move(done));
    }
    void send(Recipients to, std::string_view target, HubManager::Done done = {}) {
        send(std::move(to), make_invocation(target), std::move(done));
    }
    void join(const std::string& id, const std::string& group) {
        bool done = false;
        manager->add_to_group(&loop(), id, group,
                              [&](std::string_view error) { done = error.empty(); });
        run();
        CHECK(done);
    }

    std::vector<std::unique_ptr<TestLoop>> loops;
    std::unique_ptr<Log> log = make_null_log();
    std::optional<LocalHubManager> manager;
    std::vector<std::unique_ptr<HubClient>> clients;  ///< they leave the manager first
};

std::shared_ptr<const EncodedInvocation> make_big(std::string_view target, std::size_t bytes) {
    return make_invocation(target, std::string(bytes, 'x'));
}

TEST_CASE("A send on the caller's loop ends within the call", "[hub_manager]") {
    Hub hub;
    auto& a = hub.connect("a", "ann");
    hub.join("a", "g");
    int done = 0;
    for (const auto& to :
         {Recipients{Kind::all, {}, {}}, Recipients{Kind::groups, {"g"}, {}},
          Recipients{Kind::users, {"ann"}, {}}, Recipients{Kind::connections, {"a"}, {}},
          Recipients{Kind::groups, {"nobody's"}, {}}}) {
        hub.send(to, "m", [&](std::string_view error) {
            CHECK(error.empty());
            ++done;
        });
    }
    CHECK(done == 5);
    hub.run();
    CHECK(a.targets() == Names{"m", "m", "m", "m"});
}

TEST_CASE("A send wakes only loops that have recipients", "[hub_manager]") {
    Hub hub(4);
    hub.connect("a", "ann", "json", 2);
    hub.connect("b", "bob", "json", 3);
    hub.join("a", "g");
    const auto posted = [&] {
        std::vector<std::size_t> counts;
        for (std::size_t i = 0; i < 4; ++i) {
            counts.push_back(hub.loop(i).posted());
        }
        hub.run();
        return counts;
    };
    using Counts = std::vector<std::size_t>;
    hub.send({Kind::all, {}, {}}, "m");
    CHECK(posted() == Counts{0, 0, 1, 1});
    hub.send({Kind::groups, {"g", "h"}, {}}, "m");
    CHECK(posted() == Counts{0, 0, 1, 0});
    hub.send({Kind::users, {"bob", "ann"}, {}}, "m");
    CHECK(posted() == Counts{0, 0, 1, 1});
    hub.send({Kind::connections, {"b"}, {}}, "m");
    CHECK(posted() == Counts{0, 0, 0, 1});
    hub.send({Kind::users, {"nobody"}, {}}, "m");
    CHECK(posted() == Counts{0, 0, 0, 0});
}

TEST_CASE("Groups, users and connections leave nothing behind", "[hub_manager]") {
    Hub hub(2);
    auto& a = hub.connect("a", "ann", "json", 0);
    auto& b = hub.connect("b", "ann", "messagepack", 1);
    hub.join("a", "g");
    hub.join("b", "g");
    hub.join("b", "h");
    const auto& directory = hub.manager->directory();
    CHECK(directory.size(NameKind::connection) == 2);
    CHECK(directory.size(NameKind::user) == 1);
    CHECK(directory.size(NameKind::group) == 2);
    b.end();
    CHECK(directory.size(NameKind::group) == 1);
    CHECK(directory.size(NameKind::user) == 1);
    hub.manager->remove_from_group(&hub.loop(), "a", "g", {});
    CHECK(directory.size(NameKind::group) == 0);
    a.end();
    CHECK(directory.size(NameKind::connection) == 0);
    CHECK(directory.size(NameKind::user) == 0);
}

TEST_CASE("A user's connections can leave in any order", "[hub_manager]") {
    Names order = {"a", "b", "c"};
    do {
        Hub hub;
        for (const auto* id : {"a", "b", "c"}) {
            hub.connect(id, "u");
        }
        std::size_t left = 3;
        for (const auto& id : order) {
            hub.send({Kind::users, {"u"}, {}}, "to " + std::to_string(left--));
            hub.run();
            for (const auto& client : hub.clients) {
                if (client->hub.id() == id) {
                    client->end();
                }
            }
        }
        std::size_t got = 0;
        for (const auto& client : hub.clients) {
            got += client->targets().size();
        }
        CHECK(got == 6);
        CHECK(hub.manager->directory().size(NameKind::user) == 0);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("Only encodings that somebody speaks are wanted", "[hub_manager]") {
    Hub hub;
    CHECK_FALSE(hub.manager->wants(protocol::Encoding::json));
    auto& a = hub.connect("a");
    CHECK(hub.manager->wants(protocol::Encoding::json));
    CHECK_FALSE(hub.manager->wants(protocol::Encoding::messagepack));
    auto& b = hub.connect("b", {}, "messagepack");
    CHECK(hub.manager->wants(protocol::Encoding::messagepack));
    a.end();
    b.end();
    CHECK_FALSE(hub.manager->wants(protocol::Encoding::json));
    CHECK_FALSE(hub.manager->wants(protocol::Encoding::messagepack));
}

TEST_CASE("Who is spared gets what was sent before and what comes after", "[hub_manager]") {
    Hub hub;
    auto& a = hub.connect("a");
    auto& b = hub.connect("b");
    auto& c = hub.connect("c", {}, "messagepack");
    for (const auto* id : {"a", "b", "c"}) {
        hub.join(id, "g");
    }
    // All within one turn.
    hub.send({Kind::groups, {"g"}, {}}, "1");
    hub.send({Kind::groups, {"g"}, {"a", "c"}}, "2");
    hub.send({Kind::all, {}, {}}, "3");
    hub.send({Kind::groups, {"g"}, {"b"}}, "4");
    hub.send({Kind::all, {}, {"a", "b", "c"}}, "5");
    hub.send({Kind::connections, {"a"}, {}}, "6");
    hub.send({Kind::groups, {"g"}, {}}, "7");
    hub.run();
    CHECK(a.targets() == Names{"1", "3", "4", "6", "7"});
    CHECK(b.targets() == Names{"1", "2", "3", "7"});
    CHECK(c.targets() == Names{"1", "3", "4", "7"});
}

TEST_CASE("A message to users is laid out once for connections that get the same bytes",
          "[hub_manager]") {
    const auto to = GENERATE(Recipients{Kind::users, {"u"}, {}},
                             Recipients{Kind::connections, {"a", "b", "c"}, {}});
    Hub hub;
    auto& a = hub.connect("a", "u");
    auto& b = hub.connect("b", "u");
    auto& c = hub.connect("c", "u", "messagepack");
    for (auto* client : {&a, &b, &c}) {
        client->block();
    }
    // Two of these do not fit in one segment.
    hub.send(to, make_big("big", transport::kSegmentBytes / 2 + 1));
    hub.run();
    CHECK(hub.loops[0]->scheduler.pool().segments_out() == 2);
    for (auto* client : {&a, &b, &c}) {
        client->connection.let_read(transport::FakeSocket::kUnlimited);
    }
    hub.run();
    CHECK(a.targets() == Names{"big"});
    CHECK(b.targets() == Names{"big"});
    CHECK(c.targets() == Names{"big"});
}

TEST_CASE("A send waits for congested recipients until they have drained", "[hub_manager]") {
    const auto to = GENERATE(Recipients{Kind::all, {}, {}}, Recipients{Kind::groups, {"g"}, {}},
                             Recipients{Kind::users, {"u"}, {}},
                             Recipients{Kind::connections, {"far", "near"}, {}});
    const std::size_t at = GENERATE(0U, 1U);
    Hub hub(2);
    auto& far = hub.connect("far", "u", "json", at);
    auto& near = hub.connect("near", "u");
    hub.join("far", "g");
    hub.join("near", "g");
    far.block();
    hub.send(to, make_big("big", transport::kUnsentSoftMax + 1));
    hub.run();
    REQUIRE(far.connection.outbox().congested());

    bool done = false;
    hub.send(to, "next", [&](std::string_view error) { done = error.empty(); });
    hub.run();
    CHECK_FALSE(done);
    CHECK(near.targets() == Names{"big", "next"});
    far.connection.let_read(transport::FakeSocket::kUnlimited);
    hub.run();
    CHECK(done);
    CHECK(far.targets() == Names{"big", "next"});
}

TEST_CASE("A send does not wait for a congested connection that is no recipient", "[hub_manager]") {
    Hub hub;
    auto& slow = hub.connect("slow");
    hub.connect("fast", "u");
    hub.join("fast", "g");
    slow.block();
    hub.send({Kind::connections, {"slow"}, {}}, make_big("big", transport::kUnsentSoftMax + 1));
    hub.run();
    int done = 0;
    const auto count = [&](std::string_view) { ++done; };
    hub.send({Kind::groups, {"g"}, {}}, "m", count);
    hub.send({Kind::users, {"u"}, {}}, "m", count);
    hub.send({Kind::all, {}, {"slow"}}, "m", count);
    hub.run();
    CHECK(done == 3);
    hub.send({Kind::all, {}, {}}, "m", count);
    hub.run();
    CHECK(done == 3);
}

TEST_CASE("The end of a congested connection sets free who waits for it", "[hub_manager]") {
    Hub hub;
    auto& slow = hub.connect("slow");
    slow.block();
    hub.send({Kind::all, {}, {}}, make_big("big", transport::kUnsentSoftMax + 1));
    hub.run();
    bool done = false;
    hub.send({Kind::connections, {"slow"}, {}}, "m", [&](std::string_view) { done = true; });
    hub.run();
    CHECK_FALSE(done);
    slow.end();
    CHECK_FALSE(done);
    hub.run();
    CHECK(done);
}

TEST_CASE("A caller that waits for each send is held up within one turn", "[hub_manager]") {
    const auto to =
        GENERATE(Recipients{Kind::all, {}, {}}, Recipients{Kind::connections, {"slow"}, {}});
    Hub hub;
    auto& slow = hub.connect("slow");
    slow.block();
    const auto message = make_big("m", 16 * 1024);
    int sent = 0;
    bool going = true;
    while (going && sent < 1000) {
        going = false;
        hub.send(to, message, [&](std::string_view) { going = true; });
        ++sent;
    }
    // What a shared stream holds back in a turn, and what may wait then.
    CHECK(sent <= static_cast<int>((transport::kSharedTurnBytesMax + transport::kUnsentSoftMax) /
                                   (16 * 1024)) +
                      2);
    hub.run();
    CHECK_FALSE(slow.connection.aborted);
}

TEST_CASE("A caller that never waits has its slow recipients cut off at kUnsentHardMax",
          "[hub_manager]") {
    const auto to = GENERATE(Recipients{Kind::all, {}, {}}, Recipients{Kind::groups, {"g"}, {}},
                             Recipients{Kind::users, {"u"}, {}});
    Hub hub;
    auto& slow = hub.connect("slow", "u");
    auto& fast = hub.connect("fast", "u");
    hub.join("slow", "g");
    hub.join("fast", "g");
    slow.block();
    const auto message = make_big("m", 64 * 1024);
    std::size_t sent = 0;
    while (!slow.ended() && sent < 100) {
        hub.loop().post([&] { hub.send(to, message); });
        hub.run();
        ++sent;
        CHECK(slow.connection.outbox().unsent() <= transport::kUnsentHardMax + 2 * 65 * 1024);
    }
    CHECK(slow.ended());
    CHECK(sent == 16);  // 15 whole ones fit
    hub.run();
    CHECK(fast.targets().size() == sent);
    CHECK_FALSE(fast.connection.aborted);
}

TEST_CASE("No more than kPostedSendBytesMax waits for a busy loop", "[hub_manager]") {
    Hub hub(2);
    auto& far = hub.connect("far", {}, "json", 1);
    std::string json = make_big("m", 1024 * 1024)->json;
    const auto message = std::make_shared<const EncodedInvocation>(EncodedInvocation{json, {}});
    std::size_t refused = 0;
    std::size_t sent = 0;
    while (refused == 0 && sent < 1000) {
        hub.send({Kind::all, {}, {}}, message,
                 [&](std::string_view error) { refused += error.empty() ? 0 : 1; });
        hub.loop().run();  // the answer; the other loop is busy
        ++sent;
    }
    CHECK(sent == kPostedSendBytesMax / (json.size() + 256) + 1);
    CHECK(refused == 1);
    far.end();
    hub.run();
    auto& again = hub.connect("again", {}, "json", 1);
    hub.send({Kind::all, {}, {}}, "room");
    hub.run();
    CHECK(again.targets() == Names{"room"});
}

TEST_CASE("A hub can have kHubLoopsMax loops", "[hub_manager]") {
    Hub hub(kHubLoopsMax);
    auto& last = hub.connect("last", "u", "json", kHubLoopsMax - 1);
    hub.send({Kind::users, {"u"}, {}}, "m");
    hub.run();
    CHECK(last.targets() == Names{"m"});
}

TEST_CASE("A question that is cancelled before it left is not asked", "[hub_manager]") {
    Hub hub(2);
    auto& far = hub.connect("far", {}, "json", 1);
    const auto ticket = hub.manager->invoke(&hub.loop(), "far", make_question("ask"),
                                            [](const InvokeOutcome&) { FAIL("answered"); });
    CHECK(hub.manager->is_waiting(ticket));
    hub.manager->cancel(ticket);
    CHECK_FALSE(hub.manager->is_waiting(ticket));
    hub.run();
    CHECK(far.targets().empty());
}

}  // namespace
}  // namespace hubtrail::hub
