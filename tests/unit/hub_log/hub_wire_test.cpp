#include <string>
#include <vector>

#include "hub/connection/hub_connection.h"
#include "tests/support/catch.h"
#include "tests/unit/hub_connection/hub_fixture.h"
#include "tests/unit/hub_log/log_hub_fixture.h"

namespace hubtrail::hub {
namespace {

using List = std::vector<std::string>;
using transport::TransportKind;

const protocol::HubProtocol& messagepack() {
    return protocol::messagepack_hub_protocol();
}

std::string packed_call(protocol::MessageType type, const std::string& id,
                        const std::string& target, const std::string& raw, std::size_t count) {
    std::string out;
    messagepack().append_invocation(out, type, id, target, raw, count);
    return out;
}
std::string packed_error(const std::string& id, const std::string& text) {
    std::string out;
    messagepack().append_completion_error(out, id, text);
    return out;
}

}  // namespace

TEST_CASE("A binary protocol needs a transport that carries it", "[hub]") {
    HubPeer peer({}, TransportKind::server_sent_events);
    peer.receive(R"({"protocol":"messagepack","version":1}|)");
    CHECK(
        peer.sent() ==
        R"({"error":"Cannot use the 'messagepack' protocol on the current transport. The transport does not )"
        R"(support 'Binary' transfer format."}|)");
    CHECK(peer.connection.closed);
    CHECK(peer.calls.empty());
    HubPeer text({}, TransportKind::server_sent_events);
    text.receive(R"({"protocol":"json","version":1}|)");
    CHECK(text.sent() == "{}|");
}

TEST_CASE("The answer to the handshake goes in the format of the protocol", "[hub]") {
    HubPeer peer;
    peer.receive(R"({"protocol":"messagepack","version":1}|)");
    CHECK(peer.connection.format == transport::TransferFormat::binary);
    CHECK(peer.connection.socket.sent_bytes == "\x82\x03{}\x1e");
    CHECK(&peer.hub.protocol() == &messagepack());
    CHECK(peer.calls == List{"connected"});
}

TEST_CASE("MessagePack may come with the handshake, in one piece or byte by byte", "[hub]") {
    const auto text = "{\"protocol\":\"messagepack\",\"version\":1}\x1e" +
                      packed_call(protocol::MessageType::invocation, "1", "eCho", "\x2a", 1);
    const std::string answer("{}\x1e\x08\x95\x03\x80\xa1\x31\x03\x2a", 11);
    std::string expected = "{}\x1e";
    messagepack().append_completion_result(expected, "1", "\x2a");
    HubPeer whole;
    whole.receive_raw(text);
    CHECK(whole.sent_raw() == expected);
    HubPeer dripped;
    for (const auto c : text) {
        dripped.receive_raw({&c, 1});
    }
    CHECK(dripped.sent_raw() == expected);
    CHECK(expected == std::string("{}\x1e\x07\x95\x03\x80\xa1\x31\x03\x2a", 11));
}

TEST_CASE("The rules of dispatch are the same in MessagePack", "[hub]") {
    using Type = protocol::MessageType;
    const auto kind = GENERATE(TransportKind::web_sockets, TransportKind::long_polling);
    HubPeer peer(with_detailed_errors(), kind);
    peer.shake_hands("messagepack");
    peer.receive_raw(packed_call(Type::invocation, "1", "Nope", "", 0));
    CHECK(peer.sent_raw() == packed_error("1",
                                          "Failed to invoke 'Nope' due to an error on the server. "
                                          "HubException: Method does not exist."));
    peer.receive_raw(packed_call(Type::invocation, "1", "Echo", "", 0));
    CHECK(peer.sent_raw() ==
          packed_error("1",
                       "Failed to invoke 'Echo' due to an error on the server. "
                       "InvalidDataException: Invocation provides 0 argument(s) but target "
                       "expects 2."));
    peer.receive_raw(packed_call(Type::invocation, "1", "Count", "", 0));
    CHECK(peer.sent_raw() ==
          packed_error("1",
                       "The client attempted to invoke the streaming 'Count' method with a "
                       "non-streaming invocation."));
    peer.receive_raw(packed_call(Type::stream_invocation, "2", "Count", "", 0));
    peer.hub.send_item("2", "\x07");
    peer.hub.end_stream("2");
    std::string expected;
    messagepack().append_stream_item(expected, "2", "\x07");
    messagepack().append_completion(expected, "2");
    CHECK(peer.sent_raw() == expected);
    peer.receive_raw(packed_call(Type::invocation, "", "Nope", "", 0) +
                     std::string(messagepack().ping()));
    CHECK(peer.sent_raw().empty());
    peer.receive_raw("\x02\x93\x01");
    expected.clear();
    messagepack().append_close(
        expected,
        peer.hub.error_text("Connection closed with an error.", peer.calls.back().substr(14)),
        true);
    CHECK(peer.sent_raw() == expected);
    CHECK(peer.calls.back().rfind("disconnected: InvalidDataException: ", 0) == 0);
}

TEST_CASE("Pings of MessagePack", "[hub]") {
    HubPeer peer;
    peer.shake_hands("messagepack");
    peer.wait(15);
    CHECK(peer.sent_raw() == "\x02\x91\x06");
}

// The log hubs on every transport and in every protocol.

namespace {

std::vector<std::int64_t> positions_of(const std::vector<protocol::JsonValue>& messages,
                                       const std::string& id) {
    std::vector<std::int64_t> list;
    std::int64_t last = 0;
    for (const auto& message : messages) {
        REQUIRE(message.find("type")->integer() == 2);
        CHECK(message.find("invocationId")->string() == id);
        const auto item = *message.find("item");
        if (item.find("k")->string() != "batch") {
            continue;
        }
        CHECK(item.find("epoch")->integer() == 1);
        CHECK((last == 0 || item.find("from")->integer() == last + 1));
        CHECK(item.find("cursor")->string().rfind("c1.", 0) == 0);
        last = item.find("to")->integer();
        for (std::size_t i = 0; i < item.find("items")->size(); ++i) {
            const auto event = item.find("items")->at(i);
            CHECK(event.find("tenant_id")->string() == "t");
            list.push_back(event.find("pos")->integer());
        }
    }
    return list;
}

}  // namespace

TEST_CASE("Pushed events: the past, then what comes, on every wire", "[hub]") {
    LogHubFixture f;
    f.append({f.event("a", "me"), f.event("a", "me")});
    std::vector<std::unique_ptr<HubClient>> clients;
    for (const auto& wire : all_wires()) {
        clients.push_back(std::make_unique<HubClient>(
            f, "entries", "admin", Query{{"site_id", "a"}, {"since", "earliest"}}, wire));
    }
    f.append({f.event("a", "me")});
    f.settle();
    f.append({f.event("a", "me"), f.event("b", "me")});
    f.settle();
    for (auto& client : clients) {
        CAPTURE(client->protocol.name(), static_cast<int>(client->connection.kind));
        CHECK(client->pushed() == std::vector<std::int64_t>{1, 2, 3, 4});
        CHECK(client->connection.counted_total ==
              2);  // the two of the past: frames of a stream count there
    }
}

TEST_CASE("Subscribe: the same items on every wire", "[hub]") {
    LogHubFixture f;
    f.append({f.event("a", "me"), f.event("b", "me")});
    std::vector<std::unique_ptr<HubClient>> clients;
    for (const auto& wire : all_wires()) {
        clients.push_back(std::make_unique<HubClient>(f, "changes", "reader", Query{}, wire));
        clients.back()->subscribe("7", R"({"since":"earliest","site_id":["a"]})");
    }
    f.append({f.event("a", "me"), f.event("a", "me"), f.event("b", "me")});
    f.settle();
    f.append({f.event("a", "me")});
    f.settle();
    f.loop.advance(follow::kBeatNs);
    f.tails.tick(f.loop.now_ns());
    f.loop.run_turn();
    for (auto& client : clients) {
        CAPTURE(client->protocol.name(), static_cast<int>(client->connection.kind));
        const auto messages = client->messages();
        CHECK(positions_of(messages, "7") == std::vector<std::int64_t>{1, 3, 4, 6});
        CHECK(messages.back().find("item")->find("k")->string() == "hb");
    }
}

TEST_CASE("Reset, refusals and GetCursor on every wire", "[hub]") {
    for (const auto& wire : all_wires()) {
        CAPTURE(wire.protocol->name(), static_cast<int>(wire.kind));
        LogHubFixture f;
        f.append({f.event("a", "me"), f.event("a", "me"), f.event("a", "me")});
        HubClient client(f, "changes", "reader", {}, wire);
        client.subscribe("1", "[]");
        CHECK(client.messages().at(0).find("error")->string() ==
              "Subscribe: the argument must be an object.");
        client.call(protocol::MessageType::invocation, "2", "GetCursor", "");
        auto messages = client.messages();
        REQUIRE(messages.size() == 1);
        const auto cursor = messages[0].find("result")->find("latest_cursor")->string();
        CHECK(cursor.rfind("c1.", 0) == 0);
        f.append({f.event("a", "me")});
        f.settle();
        client.subscribe("3", R"({"cursor":")" + cursor + "\"}");
        CHECK(positions_of(client.messages(), "3") == std::vector<std::int64_t>{4});
        // A method in a slot has given it back.
        client.call(protocol::MessageType::invocation, "4", "GetCursor", "");
        CHECK(client.messages().size() == 1);
        REQUIRE(f.service.set_floor_now("t", 5));
        client.subscribe("5", R"({"cursor":")" + cursor + "\"}");
        messages = client.messages();
        REQUIRE(messages.size() == 2);
        CHECK(messages[0].find("item")->find("k")->string() == "reset");
        CHECK(messages[0].find("item")->find("reason")->string() == "expired");
        CHECK(messages[1].find("type")->integer() == 3);
    }
}

TEST_CASE("A log hub's frames are counted, and sent again to a client that comes back", "[hub]") {
    const auto* protocol =
        GENERATE(&protocol::json_hub_protocol(), &protocol::messagepack_hub_protocol());
    LogHubFixture f;
    f.append({f.event("a", "me"), f.event("a", "me")});
    HubClient client(f, "entries", "admin", {{"site_id", "a"}, {"since", "earliest"}},
                     {TransportKind::web_sockets, protocol, true});
    f.append({f.event("a", "me")});
    f.settle();
    auto& outbox = client.connection.outbox();
    CHECK(outbox.history_begin() == 1);
    // Two of the past in one frame are acknowledged one by one or together; then the live one.
    std::string ack;
    protocol->append_ack(ack, 2);
    client.handler->on_bytes(ack);
    CHECK(outbox.history_begin() == 3);
    CHECK(client.pushed() == std::vector<std::int64_t>{1, 2, 3});
    client.connection.begin_anew();
    client.taken = 0;
    client.handler->on_resumed();
    f.append({f.event("a", "me")});
    f.settle();
    std::string expected;
    protocol->append_sequence(expected, 3);
    REQUIRE(client.connection.payload().rfind(expected, 0) == 0);
    client.taken = expected.size();
    CHECK(client.pushed() == std::vector<std::int64_t>{3, 4});
}

}  // namespace hubtrail::hub
