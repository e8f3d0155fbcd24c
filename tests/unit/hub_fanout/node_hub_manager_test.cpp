#include "hub/fanout/node_hub_manager.h"

#include <optional>

#include "tests/support/catch.h"
#include "tests/support/fake_backplane.h"
#include "tests/support/hub_client.h"

namespace hubtrail::hub {
namespace {

using Names = std::vector<std::string>;
using Kind = Recipients::Kind;

/// Two nodes over a fake backplane. Thread: strand.
struct Nodes {
    struct Node {
        Node(FakeBackplaneHub& hub, Random& random, Log& log)
            : backplane(hub), manager("Chat", {&at.scheduler}, backplane, random, log) {}
        TestLoop at;
        FakeBackplane backplane;
        NodeHubManager manager;
    };
    HubClient& connect(Node& node, std::string id, std::string user = {}) {
        clients.push_back(
            std::make_unique<HubClient>(node.manager, node.at, std::move(id), std::move(user)));
        run();
        return *clients.back();
    }
    void run() {
        while (hub.run() + here.at.loop.run() + there.at.loop.run() > 0) {
        }
    }
    void wait_seconds(int seconds) {
        for (int i = 0; i < seconds; ++i) {
            here.at.loop.advance(1'000'000'000);
            there.at.loop.advance(1'000'000'000);
            run();
        }
    }
    std::optional<std::string> add_to_group(const std::string& id, const std::string& group) {
        error.reset();
        here.manager.add_to_group(&here.at.loop, id, group,
                                  [this](std::string_view text) { error.emplace(text); });
        run();
        return error;
    }
    void ask(const std::string& id) {
        outcome.reset();
        ticket = here.manager.invoke(&here.at.loop, id, make_question("ask"),
                                     [this](const InvokeOutcome& given) { outcome = given; });
        run();
    }
    Names channels_published() {
        Names channels;
        for (const auto& [channel, payload] : here.backplane.published) {
            channels.push_back(channel);
        }
        return channels;
    }

    SeededRandom random{1};
    std::unique_ptr<Log> log = make_null_log();
    FakeBackplaneHub hub;
    Node here{hub, random, *log};
    Node there{hub, random, *log};
    std::optional<std::string> error;
    std::optional<InvokeOutcome> outcome;
    std::string ticket;
    std::vector<std::unique_ptr<HubClient>> clients;  ///< they leave their managers first
};

TEST_CASE("A node subscribes to its own channels and to those of its connections",
          "[hub_manager]") {
    Nodes nodes;
    const auto own = nodes.here.backplane.wishes.size();
    CHECK(own == 4);
    CHECK(nodes.here.backplane.wishes.contains("Chat:all"));
    CHECK(nodes.here.backplane.wishes.contains("Chat:internal:groups"));
    auto& a = nodes.connect(nodes.here, "a", "ann");
    auto& b = nodes.connect(nodes.here, "b", "ann");
    CHECK(nodes.add_to_group("a", "g") == "");
    CHECK(nodes.add_to_group("a", "g") == "");
    CHECK(nodes.add_to_group("b", "g") == "");
    for (const auto* channel :
         {"Chat:connection:a", "Chat:connection:b", "Chat:user:ann", "Chat:group:g"}) {
        CHECK(nodes.here.backplane.wishes.contains(channel));
    }
    a.end();
    CHECK(nodes.here.backplane.wishes.contains("Chat:user:ann"));
    CHECK(nodes.here.backplane.wishes.contains("Chat:group:g"));
    b.end();
    CHECK(nodes.here.backplane.wishes.size() == own);
}

TEST_CASE("What concerns local connections is not published", "[hub_manager]") {
    Nodes nodes;
    auto& a = nodes.connect(nodes.here, "a");
    nodes.here.manager.send(&nodes.here.at.loop, {Kind::connections, {"a"}, {}},
                            make_invocation("m"), {});
    CHECK(nodes.add_to_group("a", "g") == "");
    nodes.ask("a");
    a.answer(nodes.ticket, 1);
    nodes.run();
    CHECK(nodes.outcome->value == "1");
    CHECK(nodes.channels_published().empty());
    CHECK(a.targets() == Names{"m", "ask"});
}

TEST_CASE("A send is encoded once and published once per name", "[hub_manager]") {
    Nodes nodes;
    nodes.connect(nodes.here, "a");
    auto& manager = nodes.here.manager;
    auto* loop = &nodes.here.at.loop;
    manager.send(loop, {Kind::all, {}, {"x"}}, make_invocation("m"), {});
    manager.send(loop, {Kind::groups, {"g", "h"}, {"x"}}, make_invocation("m"), {});
    manager.send(loop, {Kind::users, {"u"}, {}}, make_invocation("m"), {});
    manager.send(loop, {Kind::connections, {"a", "b"}, {}}, make_invocation("m"), {});
    CHECK(nodes.channels_published() ==
          Names{"Chat:all", "Chat:group:g", "Chat:group:h", "Chat:user:u", "Chat:connection:b"});
    CHECK(nodes.here.backplane.published[0].second == nodes.here.backplane.published[1].second);
}

TEST_CASE("While the backplane is down local recipients are served and the caller is told",
          "[hub_manager]") {
    Nodes nodes;
    auto& a = nodes.connect(nodes.here, "a");
    nodes.here.backplane.go_down();
    std::optional<std::string> error;
    nodes.here.manager.send(&nodes.here.at.loop, {}, make_invocation("m"),
                            [&](std::string_view text) { error.emplace(text); });
    nodes.run();
    CHECK(error == "Only this node's connections were reached: the fake is down");
    CHECK(a.targets() == Names{"m"});
    CHECK(nodes.add_to_group("a", "g") == "");
    CHECK(nodes.add_to_group("b", "g") ==
          "The node of the connection was not reached: the fake is down");
    nodes.ask("b");
    CHECK(nodes.outcome->kind == InvokeOutcome::Kind::unreachable);
    CHECK(nodes.outcome->value == "the fake is down");
}

TEST_CASE("A group change is given up after kGroupAckSeconds without an answer", "[hub_manager]") {
    Nodes nodes;
    nodes.there.backplane.deaf = true;
    CHECK_FALSE(nodes.add_to_group("nobody", "g").has_value());
    nodes.wait_seconds(kGroupAckSeconds);
    CHECK_FALSE(nodes.error.has_value());
    nodes.wait_seconds(1);
    CHECK(nodes.error == "No node has answered within 30 seconds.");
    // Nothing ticks on when nothing waits.
    nodes.wait_seconds(1);
    CHECK(nodes.here.at.loop.timers() == 0);
}

TEST_CASE("No more than kGroupCommandsMax group changes wait for other nodes", "[hub_manager]") {
    Nodes nodes;
    auto& manager = nodes.here.manager;
    std::size_t refused = 0;
    for (std::size_t i = 0; i <= kGroupCommandsMax; ++i) {
        manager.add_to_group(nullptr, "b", "g",
                             [&](std::string_view error) { refused += error.empty() ? 0 : 1; });
        CHECK(refused == (i < kGroupCommandsMax ? 0 : 1));
    }
    nodes.run();
    CHECK(refused == 1);
    CHECK(nodes.add_to_group("b", "g") == "");
}

TEST_CASE("A question ends when its node has died", "[hub_manager]") {
    Nodes nodes;
    nodes.connect(nodes.there, "b");
    nodes.ask("b");
    nodes.wait_seconds(kQuestionProbeSeconds);
    CHECK_FALSE(nodes.outcome.has_value());
    // Without a word, as by kill -9.
    nodes.there.backplane.wishes.clear();
    nodes.wait_seconds(kQuestionProbeSeconds);
    REQUIRE(nodes.outcome.has_value());
    CHECK(nodes.outcome->kind == InvokeOutcome::Kind::disconnected);
    nodes.there.backplane.wishes = {{"Chat:connection:b", 1}};
}

TEST_CASE("A question whose answer was lost ends", "[hub_manager]") {
    Nodes nodes;
    auto& b = nodes.connect(nodes.there, "b");
    nodes.ask("b");
    nodes.there.backplane.go_down();
    b.answer(nodes.ticket, 1);
    nodes.there.backplane.come_back();
    nodes.run();
    CHECK_FALSE(nodes.outcome.has_value());
    nodes.wait_seconds(kQuestionProbeSeconds);
    REQUIRE(nodes.outcome.has_value());
    CHECK(nodes.outcome->kind == InvokeOutcome::Kind::unreachable);
}

TEST_CASE("A loss of the backplane ends questions and group changes under way", "[hub_manager]") {
    Nodes nodes;
    nodes.connect(nodes.there, "b");
    nodes.ask("b");
    nodes.there.backplane.deaf = true;
    nodes.add_to_group("c", "g");
    CHECK_FALSE(nodes.outcome.has_value());
    CHECK_FALSE(nodes.error.has_value());
    nodes.here.backplane.go_down();
    nodes.run();
    CHECK(nodes.outcome->kind == InvokeOutcome::Kind::unreachable);
    CHECK(nodes.error == "The connection to the other nodes was lost.");
}

TEST_CASE("Tickets of two nodes differ", "[hub_manager]") {
    Nodes nodes;
    nodes.ask("nobody");
    const auto here = nodes.ticket;
    const auto there = nodes.there.manager.invoke(nullptr, "nobody", make_question("ask"),
                                                  [](const InvokeOutcome&) {});
    CHECK(here != there);
    CHECK(here.starts_with("s"));
    nodes.run();
}

}  // namespace
}  // namespace hubtrail::hub
