#include <string>
#include <vector>

#include "hub/connection/hub_connection.h"
#include "tests/support/catch.h"
#include "tests/unit/hub_connection/hub_fixture.h"

namespace hubtrail::hub {
namespace {

using List = std::vector<std::string>;

/// A peer that negotiated stateful reconnect and has shaken hands with version 2.
struct StatefulPeer : HubPeer {
    explicit StatefulPeer(HubOptions options_of = {}, const std::string& protocol = "json")
        : HubPeer(std::move(options_of)) {
        connection.can_resume = true;
        shake_hands(protocol, 2);
    }
};

std::string echo(int id) {
    return R"({"type":1,"invocationId":")" + std::to_string(id) +
           R"(","target":"Echo","arguments":[)" + std::to_string(id) + "]}|";
}
std::string echoed(int id) {
    return R"({"type":3,"invocationId":")" + std::to_string(id) + R"(","result":)" +
           std::to_string(id) + "}|";
}
std::string ack(int id) {
    return R"({"type":8,"sequenceId":)" + std::to_string(id) + "}|";
}
std::string sequence(int id) {
    return R"({"type":9,"sequenceId":)" + std::to_string(id) + "}|";
}
std::string later(int id) {
    return R"({"type":1,"invocationId":")" + std::to_string(id) +
           R"(","target":"Later","arguments":[]}|)";
}

}  // namespace

TEST_CASE("Stateful reconnect needs version 2 and what was negotiated", "[hub]") {
    const int version = GENERATE(0, 1, 2);
    const bool negotiated = GENERATE(false, true);
    HubPeer peer;
    peer.connection.can_resume = negotiated;
    peer.shake_hands("json", version);
    const bool on = version == 2 && negotiated;
    CHECK(peer.connection.can_resume == on);
    CHECK(peer.connection.outbox().has_history() == on);
    peer.receive(echo(1));
    peer.wait(2);
    CHECK(peer.sent() == echoed(1) + (on ? ack(1) : ""));
    // Without it the client's messages of this kind are skipped.
    peer.receive(ack(1) + sequence(7));
    CHECK(peer.connection.closed == on);
}

TEST_CASE("What was processed is acknowledged once a second", "[hub]") {
    StatefulPeer peer;
    peer.receive(echo(1) + echo(2) + R"({"type":6}|)");
    CHECK(peer.sent() == echoed(1) + echoed(2));
    peer.wait(1);
    CHECK(peer.sent() == ack(2));
    peer.wait(3);
    CHECK(peer.sent().empty());
    peer.receive(
        R"({"type":5,"invocationId":"x"}|{"type":2,"invocationId":"x","item":1}|)"
        R"({"type":3,"invocationId":"x"}|{"type":4,"invocationId":"y","target":"Count","arguments":[]}|)");
    peer.wait(1);
    CHECK(peer.sent() == ack(6));
}

TEST_CASE("A message that waits for a slot is not acknowledged", "[hub]") {
    StatefulPeer peer;
    peer.receive(later(1) + echo(2));
    peer.wait(1);
    CHECK(peer.sent() == ack(1));
    peer.finish("1", "1");
    peer.wait(1);
    CHECK(peer.sent() == R"({"type":3,"invocationId":"1","result":1}|)" + echoed(2) + ack(2));
}

TEST_CASE("A peer that comes back gets Sequence, then what it has not acknowledged", "[hub]") {
    StatefulPeer peer;
    peer.receive(echo(1) + echo(2) + echo(3));
    peer.wait(1);
    peer.receive(ack(1));
    peer.come_back();
    CHECK(peer.sent() == sequence(2) + echoed(2) + echoed(3));
    peer.receive(sequence(4) + ack(3) + echo(4));
    CHECK(peer.sent() == echoed(4));
    // Our last ack may have been lost with the old socket.
    peer.wait(1);
    CHECK(peer.sent() == ack(4));
    peer.receive(ack(4));
    peer.come_back();
    CHECK(peer.sent() == sequence(5));
}

TEST_CASE("Messages that were processed before are dropped and counted", "[hub]") {
    StatefulPeer peer;
    peer.receive(echo(1) + echo(2));
    peer.wait(1);
    peer.sent();
    peer.come_back();
    peer.sent();
    peer.calls.clear();
    // Pings do not count.
    peer.receive(sequence(1) + echo(1) + R"({"type":6}|)" + echo(2) + echo(3));
    CHECK(peer.calls == List{"echo 3"});
    CHECK(peer.sent() == echoed(3));
    peer.wait(1);
    CHECK(peer.sent() == ack(3));
}

TEST_CASE("A Sequence beyond what was received closes the connection", "[hub]") {
    const auto options = GENERATE(HubOptions(), with_detailed_errors());
    StatefulPeer peer(options);
    peer.receive(echo(1) + echo(2));
    peer.sent();
    peer.come_back();
    peer.sent();
    SECTION("the next id is not beyond") {
        peer.receive(sequence(3) + echo(3));
        CHECK(peer.sent() == echoed(3));
    }
    SECTION("the one after is") {
        peer.receive(sequence(4));
        const std::string detail =
            " InvalidOperationException: Sequence ID greater than amount of messages we've "
            "received.";
        CHECK(peer.sent() == closing("Connection closed with an error." +
                                     (options.detailed_errors ? detail : "")));
        CHECK_FALSE(peer.connection.can_resume);
    }
}

TEST_CASE("The network may fail again amid the repeats of the client", "[hub]") {
    StatefulPeer peer;
    peer.receive(echo(1) + echo(2) + echo(3));
    peer.come_back();
    peer.receive(sequence(1) + echo(1));
    peer.wait(1);
    peer.come_back();
    peer.sent();
    peer.calls.clear();
    // Our ack of all three has told it not to repeat them.
    peer.receive(sequence(4) + echo(4));
    CHECK(peer.sent() == echoed(4));
    CHECK(peer.calls == List{"echo 4"});
    CHECK_FALSE(peer.connection.closed);
}

TEST_CASE("What was cut off or waiting is sent again by the client", "[hub]") {
    StatefulPeer peer;
    peer.receive(later(1) + echo(2) + R"({"type":1,"inv)");
    CHECK(peer.calls == List{"later 1"});
    peer.come_back();
    CHECK(peer.sent() == sequence(1));
    peer.finish("1", "1");
    CHECK(peer.calls == List{"later 1"});
    peer.receive(sequence(1) + later(1) + echo(2) + echo(3));
    CHECK(peer.calls == List{"later 1", "echo 2", "echo 3"});
}

TEST_CASE("Whoever does not acknowledge is not answered on and on", "[hub]") {
    HubOptions options;
    options.stateful_buffer_bytes = 100;
    StatefulPeer peer(options);
    peer.receive(echo(1) + echo(2));
    CHECK_FALSE(peer.connection.outbox().congested());
    peer.receive(echo(3) + echo(4));
    CHECK(peer.connection.outbox().congested());
    CHECK(peer.calls.back() == "congested");
    peer.sent();
    // Reading goes on, for the ack that ends it.
    CHECK_FALSE(peer.connection.paused);
    peer.receive(echo(5) + R"({"type":6}|)" + echo(6));
    CHECK(peer.sent().empty());
    CHECK_FALSE(peer.connection.paused);
    peer.receive(ack(4));
    CHECK(peer.sent() == echoed(5) + echoed(6));
}

TEST_CASE("An ack is found behind a message that waits for a method", "[hub]") {
    HubOptions options;
    options.stateful_buffer_bytes = 100;
    StatefulPeer peer(options);
    peer.receive(later(1));
    // The method sends and has to wait for acks.
    for (int i = 0; i < 4; ++i) {
        peer.hub.send(R"({"type":1,"target":"m","arguments":[]})"
                      "\x1e",
                      1);
    }
    peer.loop.run();
    CHECK(peer.connection.outbox().congested());
    peer.receive(echo(2) + ack(2) + echo(3));
    CHECK_FALSE(peer.connection.paused);
    peer.receive(ack(4));
    CHECK_FALSE(peer.connection.outbox().congested());
    CHECK(peer.calls.back() == "drained");
    peer.finish("1", "1");
    CHECK(peer.calls == List{"later 1", "congested", "drained", "echo 2", "echo 3", "congested"});
}

TEST_CASE("So much is read behind a message that waits, and no more", "[hub]") {
    StatefulPeer peer;
    peer.receive(later(1) + echo(2));
    const auto ping = [](std::size_t cost) {
        const std::string head = R"({"type":6,"pad":")";
        return head + std::string(cost - sizeof(std::string) - head.size() - 2, 'x') + "\"}|";
    };
    auto left = kHeldBytesMax - (echo(2).size() - 1 + sizeof(std::string));
    for (; left > 20'000; left -= 10'000) {
        peer.receive(ping(10'000));
    }
    peer.receive(ping(left));
    CHECK_FALSE(peer.connection.paused);
    peer.receive(R"({"type":6}|)");
    CHECK(peer.connection.paused);
    peer.finish("1", "1");
    CHECK_FALSE(peer.connection.paused);
    CHECK(peer.calls == List{"later 1", "echo 2"});
}

TEST_CASE("A Close of either side ends stateful reconnect", "[hub]") {
    StatefulPeer peer;
    if (GENERATE(true, false)) {
        peer.receive(R"({"type":7}|)");
    } else {
        peer.hub.on_shutdown();
    }
    CHECK_FALSE(peer.connection.can_resume);
    peer.come_back();
    CHECK(peer.sent().empty());
}

TEST_CASE("Pings are not sent again", "[hub]") {
    StatefulPeer peer;
    peer.receive(echo(1));
    peer.wait(15);
    CHECK(peer.sent() == echoed(1) + ack(1) + R"({"type":6}|)");
    peer.come_back();
    CHECK(peer.sent() == sequence(1) + echoed(1));
}

TEST_CASE("Stateful reconnect in MessagePack: binary frames, the same rules", "[hub]") {
    StatefulPeer peer({}, "messagepack");
    const auto& protocol = protocol::messagepack_hub_protocol();
    std::string call;
    protocol.append_invocation(call, protocol::MessageType::invocation, "1", "Echo", "\x2a", 1);
    peer.receive_raw(call);
    std::string answer;
    protocol.append_completion_result(answer, "1", "\x2a");
    CHECK(peer.sent_raw() == answer);
    peer.come_back();
    std::string first;
    protocol.append_sequence(first, 1);
    CHECK(peer.sent_raw() == first + answer);
    CHECK(peer.connection.socket.sent_bytes.front() == '\x82');
}

}  // namespace hubtrail::hub
