#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport_session/negotiated.h"
#include "transport/session/event_stream_protocol.h"

namespace hubtrail::transport {
namespace {

using List = std::vector<std::string>;

/// A stream that is open. `stream` is the GET's connection, `other` carries the rest.
struct Streaming {
    explicit Streaming(SessionFixture& fixture)
        : stream(fixture), other(fixture), target(negotiated_target(other)) {
        stream.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + kEventStream + "\r\n");
        head = stream.expect(200);
    }
    std::string text() { return unchunked(stream.rest()); }
    Client stream;
    Client other;
    std::string target;
    Answer head;
};

}  // namespace

TEST_CASE("An event stream begins with the reference's headers and a comment",
          "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    for (const auto* line :
         {"Content-Type: text/event-stream", "Cache-Control: no-cache,no-store", "Pragma: no-cache",
          "Content-Encoding: identity", "Transfer-Encoding: chunked", "Connection: close"}) {
        CHECK(c.head.has(line));
    }
    CHECK_FALSE(c.head.has("Content-Length"));
    CHECK(c.text() == ":\r\n");
    CHECK(f.record.calls == List{"open"});
    CHECK(f.record.connection->transport() == TransportKind::server_sent_events);
    CHECK_FALSE(f.record.connection->supports(TransferFormat::binary));
    CHECK_FALSE(f.record.connection->has_inherent_keep_alive());
}

TEST_CASE("Each send is one event in one chunk", "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    struct Row {
        std::string payload;
        std::string event;
    };
    const auto row =
        GENERATE(Row{"{}\x1e", "data: {}\x1e\r\n\r\n"}, Row{"a\nb", "data: a\r\ndata: b\r\n\r\n"},
                 Row{"a\r\nb\r", "data: a\r\ndata: b\r\r\n\r\n"}, Row{"\n", "data: \r\n\r\n"},
                 Row{"", "\r\n"},
                 Row{std::string(300'000, 'x'), "data: " + std::string(300'000, 'x') + "\r\n\r\n"});
    f.record.connection->send(row.payload, 1);
    c.stream.settle();
    CHECK(c.text() == ":\r\n" + row.event);
}

TEST_CASE("A shared stream's frames are events too", "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    SharedStream stream(f.scheduler);
    f.record.connection->outbox().join(stream);
    append_framed(stream, f.record.connection->framing(), "one\x1e");
    append_framed(stream, f.record.connection->framing(), "two\x1e");
    c.stream.settle();
    CHECK(c.text() == ":\r\ndata: one\x1e\r\n\r\ndata: two\x1e\r\n\r\n");
    f.record.connection->outbox().leave(stream);
}

TEST_CASE("POSTs are what the client of an event stream says", "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    const auto answer =
        c.other.ask(200, "POST", c.target, "Content-Type: text/plain;charset=UTF-8\r\n", "hello");
    CHECK(answer.body.empty());
    CHECK(f.record.calls == List{"open", "bytes hello"});
    f.record.connection->pause_reading();
    c.other.ask(200, "POST", c.target, "", "later");
    CHECK(f.record.calls.size() == 2);
    f.record.connection->resume_reading();
    CHECK(f.record.calls.back() == "bytes later");
}

TEST_CASE("An event stream knows its own requests only", "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    CHECK(c.other.ask(409, "GET", c.target, kEventStream).body.empty());
    CHECK(c.other.ask(400, "GET", c.target).body == "Cannot change transports mid-connection");
    CHECK(c.other.ask(400, "DELETE", c.target).body ==
          "Cannot terminate this connection using the DELETE endpoint.");
    c.other.send(upgrade_request(c.target));
    CHECK(c.other.expect(400).body == "Cannot change transports mid-connection");
    CHECK(f.record.calls == List{"open"});
}

TEST_CASE("The end of its TCP connection ends an event stream", "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    const bool gracefully = GENERATE(true, false);
    if (gracefully) {
        c.stream.end();
    } else {
        c.stream.vanish();
    }
    CHECK(f.record.calls.size() == 2);
    CHECK(f.record.calls.back().rfind("close ", 0) == 0);
    CHECK(c.other.ask(404, "POST", c.target, "", "x").body == "No Connection with that ID");
    CHECK(f.server->counters().active(TransportKind::server_sent_events) == 0);
}

TEST_CASE("A close of ours ends the body and then the connection", "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    f.record.connection->send("bye", 0);
    f.record.connection->close();
    f.record.connection->send("never", 0);
    c.stream.settle();
    bool ended = false;
    CHECK(unchunked(c.stream.rest(), &ended) == ":\r\ndata: bye\r\n\r\n");
    CHECK(ended);
    CHECK(c.stream.wire->sending_ended);
    CHECK(c.other.ask(404, "POST", c.target, "", "x").body == "No Connection with that ID");
    c.stream.end();
    CHECK(f.record.calls == List{"open", "close we_closed"});
}

TEST_CASE("A client of an event stream that reads nothing is congested, then cut off",
          "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    c.stream.let_read(0);
    f.record.connection->send(std::string(kUnsentSoftMax + 1, 'x'), 0);
    c.stream.settle();
    CHECK(f.record.calls.back() == "congested");
    c.stream.wait(f.hub.hub_options.send_timeout_ns + 2 * kSecondNs);
    CHECK(f.record.calls.back() == "close stalled");
    CHECK(f.server->counters()
              .durations(TransportKind::server_sent_events, EndStatus::timeout)
              .count == 1);
}

TEST_CASE("An HTTP/1.0 client gets no event stream, and keeps its token", "[session][events]") {
    SessionFixture f;
    Client client(f);
    const auto target = negotiated_target(client);
    Client old(f);
    old.send("GET " + target + " HTTP/1.0\r\nHost: h\r\n" + kEventStream + "\r\n");
    old.expect(505);
    client.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + kEventStream + "\r\n");
    client.expect(200);
}

TEST_CASE("What the client sends behind the GET of an event stream is dropped",
          "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    c.stream.send(get("/later") + std::string(100'000, 'x'));
    CHECK(f.pages.handled == 0);
    CHECK(c.text() == ":\r\n");
}

TEST_CASE("A server that ends with event streams tells their handlers", "[session][events]") {
    SessionFixture f;
    Streaming c(f);
    f.server.reset();
    CHECK(f.record.calls == List{"open", "close we_closed"});
}

}  // namespace hubtrail::transport
