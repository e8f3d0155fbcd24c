#include "transport/session/websocket_protocol.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport_session/session_fixture.h"

namespace hubtrail::transport {
namespace {

using List = std::vector<std::string>;
using Frames = std::vector<Frame>;

constexpr unsigned kText = 0x1;
constexpr unsigned kClose = 0x8;
constexpr unsigned kPong = 0xA;

Frames close_with(unsigned code, std::string_view reason = {}) {
    return {{kClose, close_payload(code, reason)}};
}

}  // namespace

TEST_CASE("An upgrade is answered as RFC 6455 says", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(upgrade_request("/hub?a=b&access_token=secret"));
    CHECK(client.wire->sent ==
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    CHECK(f.record.calls == List{"open"});
    REQUIRE(f.record.requests.size() == 1);
    CHECK(f.record.requests[0].token == "secret");
    CHECK(f.record.requests[0].query ==
          std::vector<std::pair<std::string, std::string>>{{"a", "b"}});
    CHECK(f.record.requests[0].peer_address == "127.0.0.1:1");
    CHECK(f.record.requests[0].local_address == "127.0.0.1:2");
    CHECK(f.record.ids[0].size() == 22);
}

TEST_CASE("A refused upgrade leaves the connection to HTTP", "[session]") {
    SessionFixture f;
    Client client(f);
    client.send(upgrade_request("/hub?access_token=bad"));
    client.expect(401);
    client.send(
        "GET /hub HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    CHECK(client.expect(426).has("Sec-WebSocket-Version: 13"));
    client.send(get("/a"));
    client.expect(200);
    CHECK(f.record.calls.empty());
}

TEST_CASE("Frames may come with the request, before the answer, and a request before both",
          "[session]") {
    SessionFixture f;
    f.record.late = GENERATE(false, true);
    Client client(f);
    client.send(get("/a") + upgrade_request() + text_frame("one") + text_frame("two"));
    CHECK(client.expect(200).body == "GET /a ");
    if (f.record.late) {
        CHECK(client.rest().empty());
        f.record.waiting.front()(std::make_unique<TestHandler>(f.record));
        client.settle();
    }
    client.expect(101);
    CHECK(f.record.calls == List{"open", "bytes one", "bytes two"});
    client.send(text_frame("three"));
    CHECK(f.record.calls.back() == "bytes three");
}

TEST_CASE("What is sent goes out as one text frame", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    f.record.connection->send("a", 0);
    f.record.connection->send(std::string(70'000, 'b'), 0);
    client.settle();
    CHECK(client.frames() == Frames{{kText, "a"}, {kText, std::string(70'000, 'b')}});
}

TEST_CASE("A ping is answered by its payload, a pong by nothing", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    client.send(ping_frame("hello"));
    client.send(client_frame(0x8A, "unasked"));
    CHECK(client.frames() == Frames{{kPong, "hello"}});
    client.send(client_frame(0x01, "a") + ping_frame("inside") + client_frame(0x80, "b"));
    CHECK(client.frames() == Frames{{kPong, "inside"}});
    CHECK(f.record.calls == List{"open", "bytes ab"});
}

TEST_CASE("Pongs leave in the order of what they answer", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    f.record.on_bytes = [](Connection& connection, std::string_view bytes) {
        connection.send(bytes, 0);
    };
    SECTION("every ping of one read") {
        client.send(ping_frame("1") + ping_frame(std::string(125, '2')) + ping_frame("3"));
        CHECK(client.frames() ==
              Frames{{kPong, "1"}, {kPong, std::string(125, '2')}, {kPong, "3"}});
    }
    SECTION("before and behind a message") {
        client.send(ping_frame("1") + text_frame("message") + ping_frame("2"));
        CHECK(client.frames() == Frames{{kPong, "1"}, {kText, "message"}, {kPong, "2"}});
    }
    SECTION("between two fragments") {
        client.send(client_frame(0x01, "mes") + ping_frame("1") + client_frame(0x80, "sage"));
        CHECK(client.frames() == Frames{{kPong, "1"}, {kText, "message"}});
    }
    SECTION("before a close, and none behind it") {
        client.send(ping_frame("1") + close_frame(1000) + ping_frame("2"));
        CHECK(client.frames() == Frames{{kPong, "1"}, {kClose, close_payload(1000)}});
    }
    SECTION("before the answer to a broken frame") {
        client.send(ping_frame("1") + client_frame(0x83, "x"));
        const auto frames = client.frames();
        REQUIRE(frames.size() == 2);
        CHECK(frames[0] == Frame{kPong, "1"});
        CHECK(frames[1].opcode == kClose);
    }
}

TEST_CASE("A peer that pings and does not read gets the newest pong only", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    std::string flood;
    for (int i = 1; i <= 1000; ++i) {
        flood += ping_frame(std::to_string(i));
    }
    client.let_read(0);
    f.record.connection->send(std::string(kUnsentLowWater + 1, 'x'), 0);
    client.settle();
    for (int i = 0; i < 50; ++i) {
        client.send(flood);
    }
    client.wait(5 * kSecondNs);
    client.let_read(1'000'000);
    client.wait(2 * kSecondNs);
    CHECK(client.frames() ==
          Frames{{kText, std::string(kUnsentLowWater + 1, 'x')}, {kPong, "1000"}});
}

TEST_CASE("A client's close is echoed and ends the handler at once", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    struct Row {
        std::string frame;
        unsigned code;
    };
    const auto row = GENERATE(Row{close_frame(1000), 1000}, Row{close_frame(1001), 1001},
                              Row{close_frame(4321), 4321}, Row{client_frame(0x88, ""), 1000});
    client.send(row.frame + text_frame("after"));
    CHECK(client.frames() == close_with(row.code));
    CHECK(f.record.calls == List{"open", "close peer_closed"});
    CHECK(client.wire->sending_ended);
    client.end();
    CHECK(client.wire->gone);
    CHECK(f.record.calls.size() == 2);
}

TEST_CASE("Nothing follows our close frame, shared streams included", "[session]") {
    SessionFixture f;
    SharedStream shared(f.scheduler);
    Client client(f);
    client.upgrade();
    // What the handler of a hub does at its end.
    struct Leaver final : ConnectionHandler {
        explicit Leaver(SharedStream& stream_of) : stream(stream_of) {}
        void on_open(Connection& connection) override {
            outbox = &connection.outbox();
            outbox->join(stream);
        }
        void on_bytes(std::string_view) override {}
        void on_tick(std::int64_t) override {}
        void on_congested() override {}
        void on_drained() override {}
        void on_shutdown() override {}
        void on_close(CloseReason) override { outbox->leave(stream); }
        SharedStream& stream;
        Outbox* outbox = nullptr;
    };
    f.record.late = true;
    Client member(f);
    member.send(upgrade_request());
    f.record.waiting.front()(std::make_unique<Leaver>(shared));
    member.settle();
    member.expect(101);
    append_framed(shared, Framing::websocket_text, "before");
    const std::string end = GENERATE(close_frame(1000), std::string("\xFF\xFF"));
    member.wire->incoming = end;
    member.wire->events->on_readable();
    append_framed(shared, Framing::websocket_text, "after");
    member.settle();
    const auto frames = member.frames();
    REQUIRE(frames.size() == 2);
    CHECK(frames[0] == Frame{kText, "before"});
    CHECK(frames[1].opcode == kClose);
    CHECK(shared.empty());
}

TEST_CASE("Our close waits five seconds for the client's", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    f.record.connection->send("last", 0);
    f.record.connection->close();
    f.record.connection->close();
    f.record.connection->send("too late", 0);
    client.settle();
    const auto frames = client.frames();
    REQUIRE(frames.size() == 2);
    CHECK(frames[0] == Frame{kText, "last"});
    CHECK(frames[1] == Frame{kClose, close_payload(1000)});
    CHECK_FALSE(client.wire->sending_ended);
    SECTION("which comes") {
        client.send(text_frame("ignored") + close_frame(1000));
        CHECK(client.frames().empty());
        CHECK(f.record.calls == List{"open", "close we_closed"});
        CHECK(client.wire->sending_ended);
    }
    SECTION("which does not come") {
        client.wait(EndpointOptions().close_timeout_ns - kSecondNs);
        CHECK_FALSE(client.wire->gone);
        client.wait(2 * kSecondNs);
        CHECK(client.wire->gone);
        CHECK(f.record.calls == List{"open", "close we_closed"});
    }
    SECTION("or the end of the connection") {
        client.end();
        CHECK(client.wire->gone);
        CHECK(f.record.calls == List{"open", "close we_closed"});
    }
}

TEST_CASE("A client that ends without goodbye is lost", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    client.end();
    CHECK(f.record.calls == List{"open", "close lost"});
    CHECK(client.wire->gone);
}

TEST_CASE("A broken frame is answered by the code that fits", "[session]") {
    SessionFixture f;
    f.hub.hub_options.message_bytes_max = kMessageBytesMax;
    Client client(f);
    client.upgrade();
    struct Row {
        std::string bytes;
        unsigned code;
    };
    const auto row =
        GENERATE(Row{std::string("\x81\x03") + "abc", 1002}, Row{client_frame(0x83, "x"), 1002},
                 Row{client_frame(0x81, "\xFF"), 1007},
                 Row{client_frame(0x82, std::string(kMessageBytesMax + 1, 'x')), 1009});
    client.send(row.bytes + text_frame("after"));
    const auto frames = client.frames();
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].opcode == kClose);
    CHECK(frames[0].payload.substr(0, 2) == close_payload(row.code));
    CHECK(f.record.calls == List{"open", "close protocol_error"});
    CHECK(client.wire->sending_ended);
}

TEST_CASE("A message that has begun must be complete after ten seconds", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    client.send(text_frame("abc").substr(0, 4));
    client.wait(kMessageDeadlineNs - kSecondNs);
    CHECK(client.frames().empty());
    client.wait(2 * kSecondNs);
    CHECK(client.frames() == close_with(1008, "the message was not completed in time"));
    CHECK(f.record.calls == List{"open", "close protocol_error"});
}

TEST_CASE("The message deadline ends with the frame, whatever frame it was", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    const auto bytes = GENERATE(ping_frame("abc"), client_frame(0x8A, "abc"), text_frame("abc"));
    client.send(bytes.substr(0, 4));
    client.wait(5 * kSecondNs);
    client.send(bytes.substr(4));
    client.frames();
    client.wait(20 * kSecondNs);
    CHECK(client.frames().empty());
    CHECK_FALSE(client.wire->sending_ended);
}

TEST_CASE("The message deadline stands still while we do not read", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    client.send(text_frame("abc").substr(0, 4));
    f.record.connection->pause_reading();
    client.wait(60 * kSecondNs);
    CHECK(client.frames().empty());
    f.record.connection->resume_reading();
    client.wait(kMessageDeadlineNs - 2 * kSecondNs);
    CHECK(client.frames().empty());
    client.wait(3 * kSecondNs);
    CHECK(client.frames().size() == 1);
}

TEST_CASE("A handler that pauses is handed nothing until it resumes, then all of it in order",
          "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    f.record.on_bytes = [](Connection& connection, std::string_view) {
        connection.pause_reading();
    };
    client.send(text_frame("1") + text_frame("2") + text_frame("3").substr(0, 3));
    CHECK(f.record.calls == List{"open", "bytes 1"});
    CHECK_FALSE(client.wire->wants_read);
    client.send(text_frame("3").substr(3) + text_frame("4"));
    CHECK(f.record.calls == List{"open", "bytes 1"});
    for (int i = 2; i <= 4; ++i) {
        f.record.connection->resume_reading();
        client.settle();
        CHECK(f.record.calls.back() == "bytes " + std::to_string(i));
    }
}

TEST_CASE("Congestion and relief are told to the handler", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    client.let_read(0);
    f.record.connection->send(std::string(kUnsentSoftMax + 1, 'x'), 0);
    client.settle();
    CHECK(f.record.calls == List{"open", "congested"});
    client.let_read(1'000'000);
    CHECK(f.record.calls == List{"open", "congested", "drained"});
}

TEST_CASE("A peer that takes nothing for the send timeout is cut off as stalled", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    client.let_read(0);
    f.record.connection->send("x", 0);
    client.settle();
    client.wait(EndpointOptions().send_timeout_ns - kSecondNs);
    CHECK_FALSE(client.wire->gone);
    client.wait(3 * kSecondNs);
    CHECK(client.wire->gone);
    CHECK(f.record.calls == List{"open", "close stalled"});
}

TEST_CASE("Peers between messages share one decoder", "[session]") {
    SessionFixture f;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 10; ++i) {
        clients.push_back(std::make_unique<Client>(f));
        clients.back()->upgrade();
        clients.back()->send(text_frame("whole") + client_frame(0x81, std::string(30'000, 'x')));
    }
    CHECK(f.decoders_made == 1);
    SECTION("and get their own only in the middle of one") {
        for (auto& client : clients) {
            client->send(text_frame("half").substr(0, 3));
        }
        CHECK(f.decoders_made == 10);
        for (auto& client : clients) {
            client->send(text_frame("half").substr(3));
            CHECK(f.record.calls.back() == "bytes half");
        }
        for (auto& client : clients) {
            client->send(client_frame(0x01, "frag"));
        }
        CHECK(f.decoders_made == 10);
        for (auto& client : clients) {
            client->send(client_frame(0x80, "ment"));
            CHECK(f.record.calls.back() == "bytes fragment");
        }
    }
    SECTION("that of a peer who leaves in the middle is clean again") {
        clients[0]->send(text_frame("half").substr(0, 3));
        clients[0]->vanish();
        clients[1]->send(text_frame("whole again"));
        clients[2]->send(text_frame("another").substr(0, 3));
        clients[1]->send(text_frame("and again"));
        clients[2]->send(text_frame("another").substr(3));
        CHECK(f.record.calls.back() == "bytes another");
        CHECK(f.decoders_made == 2);
    }
}

TEST_CASE("Each hub has its own limit of a message", "[session]") {
    SessionFixture f;
    f.hub.hub_options.message_bytes_max = 100;
    f.other_hub.hub_options.message_bytes_max = 200;
    Client small(f);
    small.upgrade("/hub");
    small.send(text_frame(std::string(100, 'x')));
    Client large(f);
    large.upgrade("/other-hub");
    large.send(text_frame(std::string(200, 'x')));
    CHECK(f.record.calls.size() == 4);
    CHECK(f.decoders_made == 2);
    small.send(text_frame(std::string(101, 'x')));
    CHECK(small.frames().at(0).payload.substr(0, 2) == close_payload(1009));
    large.send(text_frame(std::string(201, 'x')));
    CHECK(large.frames().at(0).payload.substr(0, 2) == close_payload(1009));
}

TEST_CASE("Each hub has its own limit of fragments", "[session]") {
    SessionFixture f;
    f.hub.hub_options.fragments_max = 3;
    const auto fragments = [](int count) {
        std::string bytes = client_frame(0x01, "a");
        for (int i = 2; i < count; ++i) {
            bytes += client_frame(0x00, "b");
        }
        return bytes + client_frame(0x80, "c");
    };
    Client few(f);
    few.upgrade("/hub");
    few.send(fragments(3));
    CHECK(f.record.calls.back() == "bytes abc");
    Client many(f);
    many.upgrade("/other-hub");
    many.send(fragments(5));
    CHECK(f.record.calls.back() == "bytes abbbc");
    CHECK(f.decoders_made == 2);
    few.send(fragments(4));
    CHECK(few.frames() == close_with(1008, "too many fragments"));
}

TEST_CASE("Frames of both kinds come and go", "[session]") {
    SessionFixture f;
    Client client(f);
    client.upgrade();
    client.send(text_frame("a") + client_frame(0x82, "b"));
    CHECK(f.record.formats ==
          std::vector<TransferFormat>{TransferFormat::text, TransferFormat::binary});
    auto& connection = *f.record.connection;
    CHECK(connection.framing() == Framing::websocket_text);
    CHECK(connection.supports(TransferFormat::binary));
    connection.send("x", 0);
    connection.set_transfer_format(TransferFormat::binary);
    CHECK(connection.framing() == Framing::websocket_binary);
    connection.send("y", 0);
    client.settle();
    CHECK(client.frames() == std::vector<Frame>{{1, "x"}, {2, "y"}});
}

}  // namespace hubtrail::transport
