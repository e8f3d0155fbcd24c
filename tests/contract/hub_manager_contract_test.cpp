#include "tests/contract/hub_manager_contract.h"

#include <atomic>

// The one suite that every HubManager passes. Place 0 and place 1 are one loop, two loops or two
// nodes.
#define MANAGERS OneLoop, TwoLoops, TwoFakeNodes, TwoRedisNodes
// What is missing fails the test: ./test installs it, and a pass that did not look would be a lie.
#define REQUIRE_USABLE(world) REQUIRE(static_cast<bool>(world))

namespace hubtrail::hub::contract {
namespace {

TEMPLATE_TEST_CASE("A send to all reaches every connection once, in either encoding", "[contract]",
                   MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(0, "b", {}, "messagepack");
    auto& c = world.connect(1, "c");
    auto& d = world.connect(1, "d", {}, "messagepack");
    CHECK(world.to_all(0, "hello").empty());
    for (const auto* peer : {&a, &b, &c, &d}) {
        CHECK(world.got(*peer) == Names{"hello"});
    }
}

TEMPLATE_TEST_CASE("A send to all but some spares those, wherever they are", "[contract]",
                   MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(0, "b");
    auto& c = world.connect(1, "c");
    auto& d = world.connect(1, "d");
    CHECK(world.to_all(0, "others", {"a", "c", "nobody", "a"}).empty());
    CHECK(world.to_all(0, "everybody").empty());
    CHECK(world.got(a) == Names{"everybody"});
    CHECK(world.got(b) == Names{"others", "everybody"});
    CHECK(world.got(c) == Names{"everybody"});
    CHECK(world.got(d) == Names{"others", "everybody"});
}

TEMPLATE_TEST_CASE("A connection that has gone gets nothing and fails nothing", "[contract]",
                   MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a", "ann");
    auto& b = world.connect(1, "b", "ann");
    auto& c = world.connect(1, "c");
    CHECK(world.add_to_group(0, "b", "g").empty());
    b.end();
    CHECK(world.to_all(0, "all").empty());
    CHECK(world.to_groups(0, {"g"}, "group").empty());
    CHECK(world.to_connections(0, {"b"}, "connection").empty());
    CHECK(world.to_users(0, {"ann"}, "user").empty());
    CHECK(world.got(a) == Names{"all", "user"});
    CHECK(world.got(b).empty());
    CHECK(world.got(c) == Names{"all"});
}

TEMPLATE_TEST_CASE("A send to a group reaches its members and nobody else", "[contract]",
                   MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(1, "b", {}, "messagepack");
    auto& c = world.connect(1, "c");
    CHECK(world.add_to_group(0, "a", "g").empty());
    CHECK(world.add_to_group(1, "b", "g").empty());
    CHECK(world.to_groups(0, {"g"}, "from 0").empty());
    CHECK(world.to_groups(1, {"g"}, "from 1").empty());
    CHECK(world.to_groups(0, {"G"}, "another case").empty());
    CHECK(world.to_groups(0, {"nobody's"}, "nobody").empty());
    auto got = world.got(a);
    CHECK(std::is_permutation(got.begin(), got.end(), Names{"from 0", "from 1"}.begin()));
    CHECK(got.size() == 2);
    got = world.got(b);
    CHECK(std::is_permutation(got.begin(), got.end(), Names{"from 0", "from 1"}.begin()));
    CHECK(got.size() == 2);
    CHECK(world.got(c).empty());
}

TEMPLATE_TEST_CASE("A send to a group but some spares those", "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(1, "b");
    auto& c = world.connect(1, "c");
    for (const auto* id : {"a", "b", "c"}) {
        CHECK(world.add_to_group(1, id, "g").empty());
    }
    CHECK(world.to_groups(0, {"g"}, "once", {"a", "c"}).empty());
    CHECK(world.got(a).empty());
    CHECK(world.got(b) == Names{"once"});
    CHECK(world.got(c).empty());
}

TEMPLATE_TEST_CASE("A member of two listed groups gets two copies, a user listed twice one",
                   "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a", "ann");
    auto& b = world.connect(1, "b", "bob");
    for (const auto* id : {"a", "b"}) {
        CHECK(world.add_to_group(0, id, "g").empty());
        CHECK(world.add_to_group(0, id, "h").empty());
    }
    CHECK(world.to_groups(0, {"g", "h"}, "twice").empty());
    CHECK(world.to_users(0, {"ann", "bob", "ann", "bob"}, "user").empty());
    CHECK(world.to_connections(0, {"a", "b", "a", "b"}, "connection").empty());
    CHECK(world.got(a) == Names{"twice", "twice", "user", "connection"});
    CHECK(world.got(b) == Names{"twice", "twice", "user", "connection"});
}

TEMPLATE_TEST_CASE("A send to connections finds them on either side and skips unknown ones",
                   "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(1, "b");
    auto& c = world.connect(1, "c");
    CHECK(world.to_connections(0, {"b", "nobody", "a"}, "some").empty());
    CHECK(world.to_connections(1, {"a"}, "other way").empty());
    CHECK(world.got(a) == Names{"some", "other way"});
    CHECK(world.got(b) == Names{"some"});
    CHECK(world.got(c).empty());
}

TEMPLATE_TEST_CASE("A send to a user reaches all connections of the user, also after one has left",
                   "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a", "ann");
    auto& b = world.connect(1, "b", "ann");
    auto& c = world.connect(1, "c", "ann");
    auto& d = world.connect(1, "d", "Ann");
    CHECK(world.to_users(0, {"ann"}, "first").empty());
    b.end();
    CHECK(world.to_users(0, {"ann"}, "second").empty());
    CHECK(world.got(a) == Names{"first", "second"});
    CHECK(world.got(c) == Names{"first", "second"});
    CHECK(world.got(d).empty());
    c.end();
    CHECK(world.to_users(1, {"ann"}, "third").empty());
    CHECK(world.got(a) == Names{"first", "second", "third"});
}

TEMPLATE_TEST_CASE("The end of a connection takes it out of its groups", "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(1, "b");
    CHECK(world.add_to_group(0, "a", "g").empty());
    CHECK(world.add_to_group(0, "b", "g").empty());
    a.end();
    auto& again = world.connect(0, "a");
    CHECK(world.to_groups(1, {"g"}, "news").empty());
    CHECK(world.got(again).empty());
    CHECK(world.got(b) == Names{"news"});
}

TEMPLATE_TEST_CASE("Groups change from either side, repeats and strangers are harmless",
                   "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(1, "b");
    // Not in the group: here, there, unknown.
    CHECK(world.remove_from_group(0, "a", "g").empty());
    CHECK(world.remove_from_group(0, "b", "g").empty());
    CHECK(world.remove_from_group(0, "nobody", "g").empty());
    CHECK(world.add_to_group(0, "nobody", "g").empty());
    // Twice, from here and from there.
    for (const std::size_t place : {0U, 1U, 0U}) {
        CHECK(world.add_to_group(place, "a", "g").empty());
        CHECK(world.add_to_group(place, "b", "g").empty());
    }
    CHECK(world.to_groups(0, {"g"}, "one").empty());
    CHECK(world.remove_from_group(1, "a", "g").empty());
    CHECK(world.to_groups(0, {"g"}, "two").empty());
    CHECK(world.remove_from_group(0, "b", "g").empty());
    CHECK(world.to_groups(0, {"g"}, "three").empty());
    CHECK(world.got(a) == Names{"one"});
    CHECK(world.got(b) == Names{"one", "two"});
}

TEMPLATE_TEST_CASE("An empty group name is an error and nobody gets anything", "[contract]",
                   MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    CHECK(world.add_to_group(0, "a", "g").empty());
    CHECK(world.to_groups(0, {"g", ""}, "none") == "Cannot send to an empty group name.");
    CHECK(world.got(a).empty());
}

TEMPLATE_TEST_CASE("What one caller sends arrives in order, whatever it was sent to", "[contract]",
                   MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& near = world.connect(0, "near", "u");
    auto& far = world.connect(1, "far", "u");
    CHECK(world.add_to_group(0, "near", "g").empty());
    CHECK(world.add_to_group(0, "far", "g").empty());
    Names expected;
    auto& manager = world.under.manager(0);
    for (int i = 0; i < 200; ++i) {
        Recipients to;
        switch ((i * i + i / 3) % 5) {
            case 0:
                break;
            case 1:
                to = {Recipients::Kind::groups, {"g"}, {}};
                break;
            case 2:
                to = {Recipients::Kind::users, {"u"}, {}};
                break;
            case 3:
                to = {Recipients::Kind::connections, {"near", "far"}, {}};
                break;
            default:
                to = {Recipients::Kind::all, {}, {"nobody"}};
        }
        expected.push_back("m" + std::to_string(i));
        manager.send(&world.under.loop(0).loop, to, make_invocation(expected.back()), {});
    }
    CHECK(world.got(near) == expected);
    CHECK(world.got(far) == expected);
}

TEMPLATE_TEST_CASE("A caller outside of loops reaches everybody", "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(1, "b");
    std::atomic<bool> done = false;  // called on whichever thread
    world.under.manager(0).send(nullptr, {}, make_invocation("hello"),
                                [&](std::string_view) { done = true; });
    world.until([&] { return done.load(); });
    CHECK(world.got(a) == Names{"hello"});
    CHECK(world.got(b) == Names{"hello"});
}

TEMPLATE_TEST_CASE("A member that vanishes does not keep the message from the next one",
                   "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& a = world.connect(0, "a");
    auto& b = world.connect(0, "b");
    auto& c = world.connect(1, "c");
    auto& d = world.connect(1, "d");
    for (const auto* id : {"a", "b", "c", "d"}) {
        CHECK(world.add_to_group(0, id, "g").empty());
    }
    a.connection.socket.vanish();
    c.connection.socket.vanish();
    CHECK(world.to_groups(0, {"g"}, "news").empty());
    world.until([&] { return b.targets() == Names{"news"} && d.targets() == Names{"news"}; });
}

struct Answer {
    std::optional<InvokeOutcome> outcome;
    int calls = 0;
    HubManager::Asked done() {
        return [this](const InvokeOutcome& given) {
            outcome = given;
            ++calls;
        };
    }
};

// The ticket under which the peer was asked last.
std::string asked(const HubClient& peer) {
    std::string ticket;
    for (const auto& message : peer.received()) {
        if (message.type == protocol::MessageType::invocation && !message.id.empty()) {
            ticket = message.id;
        }
    }
    return ticket;
}

TEMPLATE_TEST_CASE("A client's result comes back to its caller", "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    const auto* const protocol = GENERATE("json", "messagepack");
    const std::size_t place = GENERATE(0U, 1U);
    auto& peer = world.connect(place, "a", {}, protocol);
    Answer answer;
    const auto ticket = world.under.manager(0).invoke(&world.under.loop(0).loop, "a",
                                                      make_question("ask"), answer.done());
    CHECK(ticket.starts_with("s"));
    world.until([&] { return asked(peer) == ticket; });
    CHECK(world.under.manager(place).is_waiting(ticket));
    peer.answer(ticket, 42);
    world.until([&] { return answer.outcome.has_value(); });
    CHECK(answer.outcome->kind == InvokeOutcome::Kind::result);
    CHECK(protocol::name_of(answer.outcome->encoding) == protocol);
    CHECK(answer.outcome->value == (std::string_view(protocol) == "json" ? "42" : "\x2a"));
    CHECK(answer.calls == 1);
    CHECK_FALSE(world.under.manager(0).is_waiting(ticket));
    CHECK_FALSE(world.under.manager(place).is_waiting(ticket));
}

TEMPLATE_TEST_CASE("A question to nobody says that there is no such connection", "[contract]",
                   MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    Answer answer;
    world.under.manager(0).invoke(&world.under.loop(0).loop, "nobody", make_question("ask"),
                                  answer.done());
    world.until([&] { return answer.outcome.has_value(); });
    CHECK(answer.outcome->kind == InvokeOutcome::Kind::no_such_connection);
    CHECK(answer.calls == 1);
}

TEMPLATE_TEST_CASE("A question to a connection that ends says that it did", "[contract]",
                   MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    const std::size_t place = GENERATE(0U, 1U);
    auto& peer = world.connect(place, "a");
    Answer answer;
    const auto ticket = world.under.manager(0).invoke(&world.under.loop(0).loop, "a",
                                                      make_question("ask"), answer.done());
    world.until([&] { return asked(peer) == ticket; });
    peer.end();
    world.until([&] { return answer.outcome.has_value(); });
    CHECK(answer.outcome->kind == InvokeOutcome::Kind::disconnected);
    CHECK(answer.calls == 1);
}

TEMPLATE_TEST_CASE("A cancelled question is answered to nobody, and the late answer is ignored",
                   "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    const std::size_t place = GENERATE(0U, 1U);
    auto& peer = world.connect(place, "a");
    Answer answer;
    auto& manager = world.under.manager(0);
    const auto ticket =
        manager.invoke(&world.under.loop(0).loop, "a", make_question("ask"), answer.done());
    world.until([&] { return asked(peer) == ticket; });
    manager.cancel(ticket);
    world.until([&] { return !world.under.manager(place).is_waiting(ticket); });
    CHECK(world.got(peer) == Names{"ask"});
    peer.answer(ticket, 1);
    CHECK(world.to_connections(0, {"a"}, "still here").empty());
    CHECK(world.got(peer) == Names{"ask", "still here"});
    CHECK(answer.calls == 0);
}

TEMPLATE_TEST_CASE(
    "The answer to somebody else's question is not taken and ends the one who gave it",
    "[contract]", MANAGERS) {
    World<TestType> world;
    REQUIRE_USABLE(world);
    auto& peer = world.connect(1, "a");
    auto& other = world.connect(1, "b");
    Answer answer;
    const auto ticket = world.under.manager(0).invoke(&world.under.loop(0).loop, "a",
                                                      make_question("ask"), answer.done());
    world.until([&] { return asked(peer) == ticket; });
    other.answer(ticket, 13);
    world.until([&] { return other.connection.closed; });
    peer.answer(ticket, 42);
    world.until([&] { return answer.outcome.has_value(); });
    CHECK(answer.outcome->value == "42");
}

}  // namespace
}  // namespace hubtrail::hub::contract
