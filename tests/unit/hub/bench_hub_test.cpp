#include "hub/bench_hub.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/hub/log_hub_fixture.h"

namespace hubtrail::hub {
namespace {

/// A client of the bench hub, its handshake done.
struct BenchClient {
    BenchClient(LogHubFixture& fixture, transport::HubEndpoint& endpoint, Query query)
        : f(fixture), connection(fixture.scheduler, fixture.loop) {
        endpoint.open(LogHubFixture::request("", std::move(query)), "id", [this](transport::OpenResult result) {
            handler = std::move(std::get<std::unique_ptr<transport::ConnectionHandler>>(result));
        });
        connection.handler = handler.get();
        handler->on_open(connection);
        handler->on_bytes("{\"protocol\":\"json\",\"version\":1}\x1e");
        f.loop.run_turn();
    }
    ~BenchClient() { handler->on_close(transport::CloseReason::peer_closed); }

    void call(const std::string& target, const std::string& arguments) {
        handler->on_bytes(R"({"type":1,"invocationId":"1","target":")" + target +
                          R"(","arguments":[)" + arguments + "]}\x1e");
    }

    bool answered_error() const {
        return connection.records().back().find("\"error\"") != std::string::npos;
    }

    LogHubFixture& f;
    transport::FakeConnection connection;
    std::unique_ptr<transport::ConnectionHandler> handler;
};

struct BenchFixture : LogHubFixture {
    std::unique_ptr<transport::HubEndpoint> endpoint =
        make_bench_hub(scheduler, verifier, *log, options, scratch);
};

}  // namespace

TEST_CASE("Echo answers with its argument, byte for byte", "[hub]") {
    BenchFixture f;
    BenchClient client(f, *f.endpoint, {});
    client.call("Echo", R"("a\u00e9\n\"")");
    f.loop.run_turn();
    CHECK(client.connection.records().back() == R"({"type":3,"invocationId":"1","result":"a\u00e9\n\""})");
}

TEST_CASE("Burst sends numbered messages to all, so many a turn", "[hub]") {
    BenchFixture f;
    BenchClient one(f, *f.endpoint, {});
    BenchClient two(f, *f.endpoint, {});
    one.call("Burst", "2,3,4");
    f.loop.run();
    const std::vector<std::string> expected = {"0:xx", "1:xx", "2:xx", "3:xx", "4:xx", "5:xx"};
    for (auto* client : {&one, &two}) {
        std::vector<std::string> got;
        for (const auto& record : client->connection.records()) {
            const auto message = protocol::JsonValue::parse(record, {});
            if (message->find("target")) {
                got.push_back(message->find("arguments")->at(0).string());
            }
        }
        CHECK(got == expected);
    }
    CHECK(one.connection.records().back().find("\"type\":3") != std::string::npos);
}

TEST_CASE("Burst takes arguments up to their limits and no further", "[hub]") {
    BenchFixture f;
    BenchClient client(f, *f.endpoint, {});
    const auto refused = [&](std::int64_t rounds, std::int64_t per_turn, std::int64_t bytes) {
        client.call("Burst", std::to_string(rounds) + "," + std::to_string(per_turn) + "," + std::to_string(bytes));
        f.loop.run_turn();
        return client.answered_error();
    };
    CHECK_FALSE(refused(0, kBurstPerTurnMax, kBurstBytesMax));
    CHECK(refused(0, kBurstPerTurnMax + 1, kBurstBytesMax));
    CHECK(refused(0, kBurstPerTurnMax, kBurstBytesMax + 1));
    CHECK(refused(kBurstRoundsMax + 1, 1, 1));
    CHECK(refused(-1, 1, 1));
    CHECK_FALSE(refused(kBurstRoundsMax, 1, 1));
}

TEST_CASE("ToUser reaches the one user and nobody else", "[hub]") {
    BenchFixture f;
    BenchClient sender(f, *f.endpoint, {{"user", "u1"}});
    BenchClient receiver(f, *f.endpoint, {{"user", "u2"}});
    BenchClient other(f, *f.endpoint, {{"user", "u3"}});
    sender.call("ToUser", R"("u2",3)");
    f.loop.run();
    CHECK(receiver.connection.records().size() == 1 + 3);
    CHECK(other.connection.records().size() == 1);
}

TEST_CASE("Who lets more pile up than can be replayed is cut off", "[hub]") {
    const bool over = GENERATE(false, true);
    BenchFixture f;
    BenchClient client(f, *f.endpoint, {});
    client.connection.let_read(0);
    // One frame of Echo answers more than the soft limit; what counts is the total when the turn ends.
    const std::size_t most = transport::kUnsentHardMax;
    const std::string filler(over ? most + 1 : most, 'x');
    client.connection.outbox().send(filler);
    f.loop.run_turn();
    CHECK(client.connection.aborted == over);
}

}  // namespace hubtrail::hub
