#include <string>
#include <thread>
#include <vector>

#include "hub/code/hub_context.h"
#include "tests/support/catch.h"
#include "tests/unit/hub_code/library_fixture.h"

namespace hubtrail::hub {
namespace {

using Names = std::vector<std::string>;

struct PeerHub : Hub {
    Task<> join(std::string group) { co_await groups().add(context().connection_id(), group); }
    Task<> leave(std::string group) { co_await groups().remove(context().connection_id(), group); }
    Task<> tell(std::string whom, Names names) {
        Names first;
        if (!names.empty()) {
            first.assign(names.begin() + 1, names.end());
        }
        const auto name = names.empty() ? std::string() : names.front();
        const auto send = [](const ClientProxy& to) { return to.send("m", 1, "x"); };
        if (whom == "all") {
            co_await send(clients().all());
        } else if (whom == "all_except") {
            co_await send(clients().all_except(names));
        } else if (whom == "caller") {
            co_await send(clients().caller());
        } else if (whom == "others") {
            co_await send(clients().others());
        } else if (whom == "client") {
            co_await send(clients().client(name));
        } else if (whom == "clients") {
            co_await send(clients().clients(names));
        } else if (whom == "group") {
            co_await send(clients().group(name));
        } else if (whom == "groups") {
            co_await send(clients().groups(names));
        } else if (whom == "group_except") {
            co_await send(clients().group_except(name, first));
        } else if (whom == "others_in_group") {
            co_await send(clients().others_in_group(name));
        } else if (whom == "user") {
            co_await send(clients().user(name));
        } else if (whom == "users") {
            co_await send(clients().users(names));
        }
    }
    Task<> tell_often(int times) {
        for (int i = 0; i < times; ++i) {
            co_await clients().caller().send("m", i);
        }
    }
    void fire() { clients().others().send("fired"); }
    Task<std::string> ask(std::string id) {
        std::string said;
        try {
            said = std::to_string(co_await clients().client(id).invoke<int>("Result", 5));
        } catch (const std::exception& error) {
            said = type_name(typeid(error)) + ": " + error.what();
        }
        co_return said;
    }
    Task<std::string> ask_until_stopped(CancellationToken stop) {
        std::string said;
        try {
            co_await clients().caller().invoke(stop, "Result");
        } catch (const std::exception& error) {
            said = error.what();
        }
        co_return said;
    }
    Task<int> ask_twice() {
        const auto caller = clients().caller();
        co_return co_await caller.invoke<int>("A") + co_await caller.invoke<int>("B");
    }
    int now() { return 1; }

    static void methods(Methods<PeerHub>& hub) {
        hub.add("Join", &PeerHub::join).add("Leave", &PeerHub::leave).add("Tell", &PeerHub::tell);
        hub.add("TellOften", &PeerHub::tell_often);
        hub.add("Fire", &PeerHub::fire)
            .add("Ask", &PeerHub::ask)
            .add("AskTwice", &PeerHub::ask_twice);
        hub.add("AskUntilStopped", &PeerHub::ask_until_stopped).add("Now", &PeerHub::now);
    }
};

using World = HubWorld<PeerHub>;

/// The id of the question that a peer was sent.
std::string question(const std::string& sent) {
    const std::string begin = R"("invocationId":")";
    const auto at = sent.find(begin) + begin.size();
    return sent.substr(at, sent.find('"', at) - at);
}

}  // namespace

TEST_CASE("Every way of saying who gets it", "[hub_library]") {
    World world;
    const auto a = world.connect("a", "anna");
    const auto b = world.connect("b", "ben");
    const auto c = world.connect("c", "anna");
    a->call("Join", "\"g\"");
    b->call("Join", "\"g\"");
    b->call("Join", "\"h\"");
    struct Row {
        std::string whom;
        std::string names;
        std::string got;
    };
    const std::string message = R"({"type":1,"target":"m","arguments":[1,"x"]}|)";
    const std::vector<Row> rows = {
        {"all", "", "abc"},
        {"all_except", "\"b\"", "ac"},
        {"caller", "", "a"},
        {"others", "", "bc"},
        {"client", "\"b\"", "b"},
        {"client", "\"z\"", ""},
        {"clients", "\"b\",\"c\"", "bc"},
        {"group", "\"g\"", "ab"},
        {"group", "\"G\"", ""},
        {"groups", "\"g\",\"h\"", "abb"},
        {"group_except", "\"g\",\"b\"", "a"},
        {"others_in_group", "\"g\"", "b"},
        {"user", "\"anna\"", "ac"},
        {"users", "\"anna\",\"ben\"", "abc"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.whom, row.names);
        const auto answer = a->call("Tell", "\"" + row.whom + "\",[" + row.names + "]");
        std::string got;
        for (auto at = answer.find(message); at != std::string::npos;
             at = answer.find(message, at + 1)) {
            got += 'a';
        }
        for (const auto* peer : {b.get(), c.get()}) {
            for (auto text = const_cast<World::Peer*>(peer)->sent(); !text.empty();
                 text.erase(0, message.size())) {
                REQUIRE(text.rfind(message, 0) == 0);
                got += peer == b.get() ? 'b' : 'c';
            }
        }
        CHECK(got == row.got);
        CHECK(answer.find(result("null")) != std::string::npos);
    }
    // A group without a name is one like others; in a list it is a mistake, and nobody gets
    // anything.
    CHECK(a->call("Tell", R"("group",[""])") == result("null"));
    const bool detailed = GENERATE(false, true);
    world.definition.options.detailed_errors = detailed;
    for (const auto* names : {R"([""])", R"(["g",""])"}) {
        const std::string text = " InvalidOperationException: Cannot send to an empty group name.";
        CHECK(a->call("Tell", R"("groups",)" + std::string(names)) ==
              failed("An unexpected error occurred invoking 'Tell' on the server." +
                     (detailed ? text : "")));
        CHECK(b->sent().empty());
    }
    b->call("Leave", "\"g\"");
    a->call("Tell", R"("others_in_group",["g"])");
    CHECK(b->sent().empty());
}

TEST_CASE("A send waits while its client has too much to acknowledge", "[hub_library]") {
    World world;
    world.definition.options.stateful_buffer_bytes = 100;
    const auto peer = world.connect("a", "", "json", 2);
    const auto messages = [&] {
        const auto text = peer->sent();
        return std::count(text.begin(), text.end(), '|');
    };
    peer->receive(R"({"type":1,"target":"TellOften","arguments":[6]}|)");
    // Within one turn: the third of about 40 bytes is over the limit.
    CHECK(messages() == 3);
    peer->receive(R"({"type":8,"sequenceId":2}|)");
    CHECK(messages() == 2);
    peer->receive(R"({"type":8,"sequenceId":5}|)");
    CHECK(messages() == 1);
}

TEST_CASE("A send that nobody waits for is sent", "[hub_library]") {
    World world;
    const auto a = world.connect("a");
    const auto b = world.connect("b");
    CHECK(a->call("Fire") == result("null"));
    CHECK(b->sent() == R"({"type":1,"target":"fired","arguments":[]}|)");
}

TEST_CASE("A client is asked, and says it in its own way", "[hub_library]") {
    World world;
    const auto a = world.connect("a");
    const auto b = world.connect("b");
    const auto ask = [&](const std::string& answer) {
        CHECK(a->call("Ask", "\"b\"").empty());
        const auto asked = b->sent();
        CHECK(asked.find(R"("target":"Result","arguments":[5]})") != std::string::npos);
        b->receive(R"({"type":3,"invocationId":")" + question(asked) + "\"" + answer + "}|");
        return a->sent();
    };
    CHECK(ask(R"(,"result":10)") == result("\"10\""));
    CHECK(ask(R"(,"error":"Error: from callback")") ==
          result("\"HubException: Error: from callback\""));
    CHECK(ask("") == result("\"HubException: Client didn't provide a result.\""));
    CHECK(ask(R"(,"result":"ten")")
              .find("HubException: Error trying to deserialize result to Int32. ") !=
          std::string::npos);
    CHECK(a->call("Ask", "\"z\"") == result("\"IOException: Connection 'z' does not exist.\""));
    a->call("Ask", "\"b\"");
    b->leave();
    CHECK(a->sent() == result("\"IOException: Connection 'b' disconnected.\""));
}

TEST_CASE("Who asks its caller gives its slot back, once", "[hub_library]") {
    World world;
    const auto a = world.connect("a");
    const auto first = a->call("AskTwice");
    CHECK(a->call("Now", "", "2") == result("1", "2"));
    a->receive(R"({"type":3,"invocationId":")" + question(first) + R"(","result":1}|)");
    const auto second = a->sent();
    a->receive(R"({"type":3,"invocationId":")" + question(second) + R"(","result":2}|)");
    CHECK(a->sent() == result("3"));
    CHECK(a->call("Now") == result("1"));
}

TEST_CASE("A question ends with its token, and a late answer is nobody's", "[hub_library]") {
    World world;
    const auto a = world.connect("a");
    const auto asked = a->call("AskUntilStopped");
    a->receive(R"({"type":5,"invocationId":"1"}|)");
    CHECK(a->sent() == result("\"Invocation canceled by the server.\""));
    a->receive(R"({"type":3,"invocationId":")" + question(asked) + R"(","result":1}|)");
    CHECK(a->sent().empty());
    CHECK_FALSE(a->connection.closed);
}

TEST_CASE("An answer to somebody else's question closes the connection", "[hub_library]") {
    World world;
    const auto a = world.connect("a");
    const auto b = world.connect("b");
    a->call("Ask", "\"b\"");
    const auto asked = question(b->sent());
    a->receive(R"({"type":3,"invocationId":")" + asked + R"(","result":1}|)");
    CHECK(a->connection.closed);
    CHECK_FALSE(b->connection.closed);
}

TEST_CASE("Questions that wait are forgotten with the world", "[hub_library]") {
    World world;
    const auto a = world.connect("a");
    a->call("AskTwice");
    world.hub_loop.tasks().destroy_all();
    CHECK(world.hub_loop.tasks().running() == 0);
}

TEST_CASE("A hub's clients can be reached and asked from any thread", "[hub_library]") {
    World world;
    const auto a = world.connect("a", "anna");
    const HubContext<PeerHub> context(*world.messenger);
    std::atomic<int> answer{0};
    std::atomic<bool> ended{false};
    std::string error;
    std::thread other([&] {
        context.groups().add("a", "g").get();
        context.clients().group("g").send("out", 1).get();
        answer = context.clients().client("a").invoke<int>("Result").get();
        try {
            context.clients().client("z").invoke<int>("Result").get();
        } catch (const IOException& failure) {
            error = failure.what();
        }
        ended = true;
        world.loop.post([] {});
    });
    std::string seen;
    while (!ended) {
        world.loop.wait_until_posted();
        world.loop.run();
        const auto sent = a->sent();
        seen += sent;
        if (sent.find("Result") != std::string::npos) {
            a->receive(R"({"type":3,"invocationId":")" + question(sent) + R"(","result":11}|)");
        }
    }
    other.join();
    CHECK(seen.rfind(R"({"type":1,"target":"out","arguments":[1]}|)", 0) == 0);
    CHECK(answer == 11);
    CHECK(error == "Connection 'z' does not exist.");
}

}  // namespace hubtrail::hub
