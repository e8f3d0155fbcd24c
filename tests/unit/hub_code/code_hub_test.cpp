#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/hub_code/library_fixture.h"

namespace hubtrail::hub {
namespace {

using namespace std::chrono_literals;
using Notes = std::vector<std::string>;

Notes notes;  // NOLINT: what hub objects did, which are made by the library
int hubs_alive = 0;

struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct TestHub : Hub {
    TestHub() { ++hubs_alive; }
    ~TestHub() override { --hubs_alive; }

    Task<> on_connected() override {
        notes.push_back("connected " + context().connection_id());
        const auto mode = context().connection_id();
        if (mode == "slow") {
            co_await delay(1s);
            notes.emplace_back("ready");
        } else if (mode == "refused") {
            throw Broken("not you");
        } else if (mode == "shown") {
            throw HubException("not you");
        } else if (mode == "asks") {
            co_await clients().caller().invoke<int>("Result");
        }
    }
    Task<> on_disconnected(std::optional<std::string> error) override {
        notes.push_back("disconnected " + error.value_or("well"));
        clients().caller().send("late");
        co_return;
    }

    int add(int a, int b) const { return a + b; }
    void nothing() noexcept {}
    std::string echo(const std::string& text) { return text; }
    int broken() { throw Broken("secret"); }
    int told() { throw HubException("Told."); }
    Task<int> slow(int value) {
        co_await delay(1s);
        co_return value;
    }
    Task<> late_broken() {
        co_await delay(1s);
        throw Broken("secret");
    }
    Task<std::string> patient(CancellationToken stop) {
        bool waiting = true;
        while (waiting) {
            waiting = co_await delay(1s, stop);
        }
        notes.emplace_back("stopped");
        co_return "stopped";
    }
    Task<int> stubborn() {
        co_await delay(1h);
        co_await clients().caller().send("unheard");
        notes.emplace_back("outlived");
        co_return 1;
    }
    Stream<int> count(int n) {
        for (int i = 0; i < n; ++i) {
            co_yield i;
        }
    }
    Stream<int> forever(CancellationToken stop) {
        for (int i = 0; co_await delay(1s, stop); ++i) {
            co_yield i;
        }
        notes.emplace_back("stream stopped");
    }
    Stream<int> deaf() {
        struct Guard {
            ~Guard() { notes.emplace_back("deaf ended"); }
        } guard;
        co_await delay(1h);
        co_yield 1;
    }
    Stream<int> fails() {
        co_yield 1;
        throw Broken("secret");
    }
    Stream<int> never() { throw Broken("secret"); }
    Stream<int> null_stream() { return {}; }
    Task<Stream<int>> prepared(int n) {
        co_await delay(1s);
        co_return count(n);
    }
    Stream<int> endless() {
        for (int i = 0;; ++i) {
            co_yield i;
        }
    }
    Task<std::string> concat(Upload<std::string> parts, std::string end) {
        std::string all;
        try {
            while (auto part = co_await parts.next()) {
                all += *part;
            }
        } catch (...) {
            notes.push_back(describe(std::current_exception()).text);
            throw;
        }
        co_return all + end;
    }
    Stream<int> doubled(Upload<int> numbers) {
        while (auto number = co_await numbers.next()) {
            co_yield *number * 2;
        }
    }
    std::string about() {
        return context().connection_id() + "," + context().user_identifier() + "," +
               std::string(context().request().query("room").value_or("none")) + "," +
               std::string(context().request().header("User-Agent").value_or("none")) + "," +
               std::string(context().request().cookie("b").value_or("none")) + "," +
               std::string(context().transport());
    }
    int count_calls() {
        auto& calls = context().items()["calls"];
        calls = calls.has_value() ? std::any_cast<int>(calls) + 1 : 1;
        return std::any_cast<int>(calls);
    }
    void leave() { context().abort(); }

    static void methods(Methods<TestHub>& hub) {
        hub.add("Add", &TestHub::add).add("Nothing", &TestHub::nothing).add("Echo", &TestHub::echo);
        hub.add("Broken", &TestHub::broken).add("Told", &TestHub::told).add("Slow", &TestHub::slow);
        hub.add("LateBroken", &TestHub::late_broken).add("Patient", &TestHub::patient);
        hub.add("Stubborn", &TestHub::stubborn)
            .add("Count", &TestHub::count)
            .add("Forever", &TestHub::forever);
        hub.add("Deaf", &TestHub::deaf).add("Fails", &TestHub::fails).add("Never", &TestHub::never);
        hub.add("Null", &TestHub::null_stream)
            .add("Prepared", &TestHub::prepared)
            .add("Endless", &TestHub::endless);
        hub.add("Concat", &TestHub::concat)
            .add("Doubled", &TestHub::doubled)
            .add("About", &TestHub::about);
        hub.add("CountCalls", &TestHub::count_calls).add("Leave", &TestHub::leave);
    }
};

struct World : HubWorld<TestHub> {
    World() { notes.clear(); }
    ~World() {
        hub_loop.tasks().destroy_all();
        CHECK(hubs_alive == 0);
    }
};

const std::string kInvoking = "An unexpected error occurred invoking '";
const std::string kOnServer = "' on the server.";

}  // namespace

TEST_CASE("Methods of every kind answer", "[hub_library]") {
    World world;
    const auto peer = world.connect("a");
    CHECK(peer->call("aDD", "1,2") == result("3"));
    CHECK(peer->call("Nothing") == result("null"));
    CHECK(peer->call("Echo", "\"x\"") == result("\"x\""));
    CHECK(peer->call("Slow", "7").empty());
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == result("7"));
    CHECK(peer->call("Add", "1,2", "") == "");
    CHECK(hubs_alive == 0);
}

TEST_CASE("What a method throws is told in the reference's words", "[hub_library]") {
    const bool detailed = GENERATE(false, true);
    World world;
    world.definition.options.detailed_errors = detailed;
    const auto peer = world.connect("a");
    const auto more = [&](const std::string& text) { return detailed ? " " + text : ""; };
    CHECK(peer->call("BROKEN") ==
          failed(kInvoking + "BROKEN" + kOnServer + more("Broken: secret")));
    CHECK(peer->call("Told") == failed(kInvoking + "Told" + kOnServer + " HubException: Told."));
    peer->call("LateBroken");
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == failed(kInvoking + "LateBroken" + kOnServer + more("Broken: secret")));
    CHECK(peer->stream("Fails") ==
          item("1") + failed("An error occurred on the server while streaming results." +
                             more("Broken: secret")));
    CHECK(peer->stream("Never") ==
          failed(kInvoking + "Never" + kOnServer + more("Broken: secret")));
    CHECK(peer->stream("Null") == failed("The value returned by the streaming method 'Null' is not "
                                         "a ChannelReader<> or IAsyncEnumerable<>."));
    REQUIRE(world.log.lines.size() == 6);
    CHECK(world.log.lines[0] ==
          "hub_method_failed hub=TestHub method=Broken connection=a error=Broken: secret");
    CHECK(peer->call("Broken", "", "").empty());
}

TEST_CASE("Arguments that do not bind are told in the reference's words", "[hub_library]") {
    const bool detailed = GENERATE(false, true);
    World world;
    world.definition.options.detailed_errors = detailed;
    const auto peer = world.connect("a");
    const std::string detail = detailed ? " InvalidDataException: Error binding arguments. Make "
                                          "sure that the types of the provided values "
                                          "match the types of the hub method being invoked."
                                        : "";
    const auto cannot = [&](const std::string& target) {
        return failed("Failed to invoke '" + target + "' due to an error on the server." + detail);
    };
    CHECK(peer->call("Add", "1,\"2\"") == cannot("Add"));
    CHECK(peer->call("Slow", "null") == cannot("Slow"));
    CHECK(peer->stream("Count", "1.5") == cannot("Count"));
    // The log has what the reference's words leave out.
    REQUIRE(world.log.lines.size() == 3);
    CHECK(world.log.lines[0] ==
          "hub_method_failed hub=TestHub method=Add connection=a error=argument 2: expected a "
          "number");
    CHECK(world.log.lines[1].find("method=Slow connection=a error=argument 1: ") !=
          std::string::npos);
    // Nothing is left over: neither the slot nor the stream's id.
    CHECK(peer->stream("Count", "1") == item("0") + ended());
    CHECK(peer->call("Add", "1,2") == result("3"));
}

TEST_CASE("Streams end when they end, are stopped, or nobody listens any more", "[hub_library]") {
    World world;
    auto peer = world.connect("a");
    CHECK(peer->stream("Count", "2") == item("0") + item("1") + ended());
    CHECK(peer->stream("Prepared", "1").empty());
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == item("0") + ended());

    peer->stream("Forever");
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == item("0"));
    peer->receive(R"({"type":5,"invocationId":"1"}|)");
    CHECK(peer->sent() == ended());
    CHECK(notes.back() == "stream stopped");

    CHECK(peer->stream("Deaf").empty());
    peer->receive(R"({"type":5,"invocationId":"1"}|)");
    CHECK(peer->sent() == ended());
    CHECK(notes.back() == "deaf ended");
    peer->receive(R"({"type":5,"invocationId":"1"}|)");
    CHECK(peer->sent().empty());

    peer->stream("Deaf");
    peer->stream("Forever", "", "2");
    peer->leave();
    CHECK(world.hub_loop.tasks().running() == 0);
    CHECK(notes == Notes{"connected a", "stream stopped", "deaf ended", "disconnected well",
                         "deaf ended", "stream stopped"});
}

TEST_CASE("A stream without end waits for its reader, and others have their turns",
          "[hub_library]") {
    World world;
    const auto peer = world.connect("a");
    peer->connection.let_read(0);
    peer->handler->on_bytes(
        "{\"type\":4,\"target\":\"Endless\",\"arguments\":[],\"invocationId\":\"1\"}\x1e");
    world.loop.run();  // comes back: the stream waits
    const auto unsent = peer->connection.outbox().unsent();
    CHECK(unsent > transport::kUnsentSoftMax);
    CHECK(unsent < transport::kUnsentSoftMax + 16 * 1024);
    peer->connection.let_read(400 * 1024);
    world.loop.run();
    CHECK(peer->connection.outbox().unsent() > transport::kUnsentSoftMax);
    CHECK(peer->sent().size() > 350 * 1024);
}

TEST_CASE("Uploads are read item by item, whatever comes of them", "[hub_library]") {
    World world;
    const auto peer = world.connect("a");
    const auto begin = [&](const std::string& target, int type, const std::string& arguments) {
        peer->receive(R"({"type":)" + std::to_string(type) + R"(,"target":")" + target +
                      R"(","arguments":[)" + arguments +
                      R"(],"streamIds":["u"],"invocationId":"1"}|)");
    };
    begin("Concat", 1, "\"!\"");
    peer->receive(R"({"type":2,"invocationId":"u","item":"a"}|)");
    peer->receive(R"({"type":2,"invocationId":"u","item":"b"}|{"type":3,"invocationId":"u"}|)");
    CHECK(peer->sent() == result("\"ab!\""));

    begin("Concat", 1, "\"!\"");
    peer->receive(R"({"type":3,"invocationId":"u","error":"Something bad"}|)");
    CHECK(peer->sent() ==
          failed(kInvoking + "Concat" + kOnServer + " HubException: Something bad"));

    begin("Concat", 1, "\"!\"");
    peer->receive(R"({"type":2,"invocationId":"u","item":5}|)");
    CHECK(peer->sent() == failed(kInvoking + "Concat" + kOnServer +
                                 " HubException: Failed to bind Stream message."));

    begin("Doubled", 4, "");
    peer->receive(
        R"({"type":2,"invocationId":"u","item":2}|{"type":2,"invocationId":"u","item":3}|)");
    peer->receive(R"({"type":3,"invocationId":"u"}|)");
    CHECK(peer->sent() == item("4") + item("6") + ended());

    begin("Concat", 1, "\"!\"");
    peer->leave();
    CHECK(world.hub_loop.tasks().running() == 0);
    CHECK(notes.back() == "OperationCanceledException: The underlying connection was closed.");
}

TEST_CASE("With detailed errors an upload's item that is no such thing is told why",
          "[hub_library]") {
    World world;
    world.definition.options.detailed_errors = true;
    const std::string text =
        kInvoking + "Concat" + kOnServer + " HubException: Failed to bind Stream message. ";
    const auto peer = world.connect("a");
    peer->receive(
        R"({"type":1,"target":"Concat","arguments":["!"],"streamIds":["u"],"invocationId":"1"}|)");
    peer->receive(R"({"type":2,"invocationId":"u","item":5}|)");
    const auto json = peer->sent();
    const auto expected =
        failed(text + "JsonException: The JSON value could not be converted to String: ");
    const auto same = expected.size() - std::string("\"}|").size();
    CHECK(json.substr(0, same) == expected.substr(0, same));

    const auto packed = world.connect("b", "", "messagepack");
    packed->receive(
        std::string("\x12\x96\x01\x80\xa1"
                    "1"
                    "\xa6"
                    "Concat"
                    "\x91\xa1"
                    "!"
                    "\x91\xa1"
                    "u",
                    19));
    packed->receive(
        std::string("\x06\x94\x02\x80\xa1"
                    "u"
                    "\x05",
                    7));
    CHECK(packed->sent().find(
              text + "InvalidDataException: Deserializing object of the `String` type for 'item' "
                     "failed.") != std::string::npos);
}

TEST_CASE("A plain invocation that takes a token is cancelled and still answered",
          "[hub_library]") {
    World world;
    const auto peer = world.connect("a");
    CHECK(peer->call("Patient").empty());
    peer->receive(R"({"type":5,"invocationId":"1"}|)");
    CHECK(peer->sent() == result("\"stopped\""));
    peer->call("Patient");
    peer->leave();
    CHECK(notes.back() == "stopped");
}

TEST_CASE("A method may outlive its connection: its answers go nowhere", "[hub_library]") {
    World world;
    auto peer = world.connect("a");
    peer->call("Stubborn");
    peer->leave();
    CHECK(notes.back() == "disconnected well");
    CHECK(hubs_alive == 1);
    world.loop.advance(3'600'000'000'000);
    CHECK(notes.back() == "outlived");
    CHECK(hubs_alive == 0);

    const auto other = world.connect("b");
    other->call("Stubborn");  // and this one ends with the world
}

TEST_CASE("The next invocation waits for the one before, its results and its errors",
          "[hub_library]") {
    World world;
    const auto peer = world.connect("a");
    peer->call("Slow", "1", "1");
    CHECK(peer->call("Add", "1,2", "2").empty());
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == result("1", "1") + result("3", "2"));
}

TEST_CASE("A hub knows its caller", "[hub_library]") {
    World world;
    const auto peer = world.connect("a", "anna");
    CHECK(peer->call("About") == result("\"a,anna,one,test,2,WebSockets\""));
    CHECK(peer->call("CountCalls") == result("1"));
    CHECK(peer->call("CountCalls") == result("2"));
    CHECK(world.connect("b")->call("About") == result("\"b,,one,test,2,WebSockets\""));
    CHECK(peer->call("Leave") == R"({"type":7}|)");
    CHECK(peer->connection.closed);
    CHECK(notes.back() == "disconnected well");
}

TEST_CASE("A request's two ends are known by address and port", "[hub_library]") {
    transport::HttpRequest request;
    const RequestInfo unknown(request);
    CHECK((unknown.remote_address().empty() && unknown.local_address().empty()));
    CHECK((unknown.remote_port() == 0 && unknown.local_port() == 0));

    request.peer_address = "127.0.0.1:50312";
    request.local_address = "[::1]:80";
    const RequestInfo info(request);
    CHECK(info.remote_address() == "127.0.0.1");
    CHECK(info.remote_port() == 50312);
    CHECK(info.local_address() == "::1");
    CHECK(info.local_port() == 80);

    request.peer_address = "unknown";
    CHECK(RequestInfo(request).remote_address().empty());
    CHECK(RequestInfo(request).remote_port() == 0);
}

TEST_CASE("Messages wait until on_connected has ended", "[hub_library]") {
    World world;
    const auto peer = world.connect("slow");
    CHECK(peer->call("Add", "1,2").empty());
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == result("3"));
    CHECK(notes == Notes{"connected slow", "ready"});
}

TEST_CASE("Who leaves during on_connected is still seen off", "[hub_library]") {
    World world;
    const auto peer = world.connect("slow");
    peer->leave();
    CHECK(notes == Notes{"connected slow"});
    world.loop.advance(1'000'000'000);
    CHECK(notes == Notes{"connected slow", "ready", "disconnected well"});
}

TEST_CASE("An exception in on_connected closes, and nobody is seen off", "[hub_library]") {
    const bool detailed = GENERATE(false, true);
    const std::string base = R"({"type":7,"error":"Connection closed with an error.)";
    const auto closed = [&](const std::string& id, const std::string& detail) {
        World world;
        world.definition.options.detailed_errors = detailed;
        const auto peer = world.connect(id);
        CHECK(peer->sent() == base + detail + "\"}|");
        CHECK(peer->connection.closed);
        peer->leave();
        CHECK(notes.size() == 1);
    };
    closed("refused", detailed ? " Broken: not you" : "");
    closed("shown", " HubException: not you");
    closed(
        "asks",
        detailed
            ? " InvalidOperationException: Client results inside OnConnectedAsync Hub methods are "
              "not allowed."
            : "");
}

TEST_CASE("A hub that cannot be made closes the connection, and fails a call", "[hub_library]") {
    World world;
    int made = 0;
    world.definition.create = [&]() -> std::unique_ptr<Hub> {
        if (++made > 1) {
            throw InvalidOperationException("no database");
        }
        return std::make_unique<TestHub>();
    };
    const auto peer = world.connect("a");
    CHECK(peer->call("Add", "1,2") == failed(kInvoking + "Add" + kOnServer));
    CHECK(peer->call("Slow", "1") == failed(kInvoking + "Slow" + kOnServer));
    CHECK(world.connect("b")->sent() ==
          R"({"type":7,"error":"Connection closed with an error."}|)");
}

TEST_CASE("MessagePack clients are served the same", "[hub_library]") {
    World world;
    const auto peer = world.connect("a", "", "messagepack");
    peer->receive(
        "\x0d\x96\x01\x80\xa1"
        "1"
        "\xa3"
        "Add"
        "\x92\x01\x02\x90");
    CHECK(peer->sent() == std::string("\x07\x95\x03\x80\xa1"
                                      "1"
                                      "\x03\x03",
                                      8));
}

TEST_CASE("MessagePack clients are told as others are that an argument does not bind",
          "[hub_library]") {
    World world;
    world.definition.options.detailed_errors = true;
    const auto peer = world.connect("a", "", "messagepack");
    peer->receive(
        "\x0d\x96\x01\x80\xa1"
        "1"
        "\xa3"
        "Add"
        "\x92\x01\xc3\x90");
    CHECK(peer->sent().find(" InvalidDataException: Error binding arguments. Make sure ") !=
          std::string::npos);
}

TEST_CASE("A hub has one method of a name", "[hub_library]") {
    HubDefinition definition;
    Methods<TestHub> methods(definition);
    methods.add("Add", &TestHub::add);
    CHECK_THROWS_AS(methods.add("aDD", &TestHub::add), std::logic_error);
}

}  // namespace hubtrail::hub
