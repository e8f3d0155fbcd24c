#include "server/bench_hub.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "protocol/json.h"
#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_connection.h"
#include "tests/support/fake_loop.h"
#include "tests/support/simulated_network.h"

namespace hubtrail::server {
namespace {

struct BenchFixture {
    BenchFixture() {
        map_bench_hub(hubs);
        hubs.seal();
        part = hubs.on_loop({0, loops->loop(0), scheduler, nullptr, loops});
        part->add_routes(routes);
        endpoint = routes.find_hub("/bench").endpoint;
    }

    host::SimulatedNetwork network;
    std::shared_ptr<host::LoopGroup> loops = std::make_shared<host::LoopGroup>(network, 1);
    transport::FakeLoop& loop = network.loops[0]->fake;
    transport::OutputScheduler& scheduler = loops->scheduler(0);
    FakeClock clock;
    SeededRandom random{3};
    std::unique_ptr<Log> log = make_stderr_log(LogLevel::error, LogFormat::text);
    hub::CodeHubs hubs{*loops, clock, random, *log, {}};
    std::unique_ptr<host::LoopFeature> part;
    transport::RouteTable routes;
    transport::HubEndpoint* endpoint = nullptr;
    int clients = 0;
};

/// A client of the bench hub, its handshake done. Thread: strand.
struct BenchClient {
    using Query = std::vector<std::pair<std::string, std::string>>;

    BenchClient(BenchFixture& fixture, Query query)
        : f(fixture), connection(fixture.scheduler, fixture.loops->loop(0)) {
        transport::HttpRequest request;
        request.path = "/bench";
        request.query = std::move(query);
        f.endpoint->open(std::move(request), "c" + std::to_string(++f.clients),
                         [this](transport::OpenResult result) {
                             handler = std::move(
                                 std::get<std::unique_ptr<transport::ConnectionHandler>>(result));
                         });
        connection.handler = handler.get();
        handler->on_open(connection);
        handler->on_bytes("{\"protocol\":\"json\",\"version\":1}\x1e");
        f.loop.run();
    }
    ~BenchClient() {
        handler->on_close(transport::CloseReason::peer_closed);
        connection.handler = nullptr;
        f.loop.run();
    }

    void call(const std::string& target, const std::string& arguments, int type = 1) {
        handler->on_bytes("{\"type\":" + std::to_string(type) +
                          R"(,"invocationId":"1","target":")" + target + R"(","arguments":[)" +
                          arguments + "]}\x1e");
        f.loop.run();
    }
    bool refused(const std::string& target, const std::string& arguments, int type = 1) {
        call(target, arguments, type);
        return connection.records().back().find("\"error\"") != std::string::npos;
    }
    /// First arguments of the invocations, in order.
    std::vector<std::string> messages() const {
        std::vector<std::string> got;
        for (const auto& record : connection.records()) {
            const auto message = protocol::JsonValue::parse(record, {});
            if (message->find("target")) {
                got.push_back(message->find("arguments")->at(0).string());
            }
        }
        return got;
    }

    BenchFixture& f;
    transport::FakeConnection connection;
    std::unique_ptr<transport::ConnectionHandler> handler;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("Echo answers with its argument", "[server]") {
    BenchFixture f;
    BenchClient client(f, {});
    client.call("Echo", R"("a\"b")");
    CHECK(client.connection.records().back() == R"({"type":3,"invocationId":"1","result":"a\"b"})");
}

TEST_CASE("Round sends numbered messages to all, from the one asked for", "[server]") {
    BenchFixture f;
    BenchClient one(f, {});
    BenchClient two(f, {});
    one.call("Round", "0,3,4");
    f.loop.run();
    one.call("Round", "3,3,4");
    f.loop.run();
    const Texts expected = {"0:xx", "1:xx", "2:xx", "3:xx", "4:xx", "5:xx"};
    CHECK(one.messages() == expected);
    CHECK(two.messages() == expected);
    CHECK(one.connection.records().back().find("\"type\":3") != std::string::npos);
}

TEST_CASE("A message goes to the user or the group, and to nobody else", "[server]") {
    BenchFixture f;
    BenchClient sender(f, {{"user", "u1"}, {"group", "g1,target"}});
    BenchClient receiver(f, {{"user", "u2"}, {"group", "g2"}});
    BenchClient other(f, {{"user", "u3"}});
    sender.call("ToUser", R"("u2",3)");
    sender.call("ToGroup", R"("target",2)");
    f.loop.advance(1'000'000'000);
    CHECK(sender.messages() == Texts{"0:", "1:"});
    CHECK(receiver.messages() == Texts{"0:", "1:", "2:"});
    CHECK(other.messages().empty());
}

TEST_CASE("Count streams the numbers", "[server]") {
    BenchFixture f;
    BenchClient client(f, {});
    client.call("Count", "3", 4);
    const auto records = client.connection.records();
    REQUIRE(records.size() >= 4);
    CHECK(records[records.size() - 2] == R"({"type":2,"invocationId":"1","item":2})");
    CHECK(records.back() == R"({"type":3,"invocationId":"1"})");
}

TEST_CASE("The bench hub takes arguments up to their limits and no further", "[server]") {
    BenchFixture f;
    BenchClient client(f, {});
    const auto round = [&](std::int64_t count, std::int64_t bytes) {
        return client.refused("Round", "0," + std::to_string(count) + "," + std::to_string(bytes));
    };
    CHECK_FALSE(round(kBenchPerTurnMax, 1));
    CHECK(round(kBenchPerTurnMax + 1, 1));
    CHECK_FALSE(round(1, kBenchBytesMax));
    CHECK(round(1, kBenchBytesMax + 1));
    CHECK(round(-1, 1));
    CHECK(client.refused("Count", std::to_string(kBenchItemsMax + 1), 4));
    CHECK(client.refused("ToUser", "\"u\"," + std::to_string(kBenchRoundsMax + 1)));
    CHECK(client.refused("ToGroup", "\"g\"," + std::to_string(kBenchRoundsMax + 1)));
    CHECK_FALSE(client.refused("ToGroup", "\"g\",0"));
}

}  // namespace hubtrail::server
