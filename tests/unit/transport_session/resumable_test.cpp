#include <memory>
#include <string>
#include <vector>

#include "tests/unit/transport_session/negotiated.h"
#include "transport/session/resumable_connection.h"

namespace hubtrail::transport {
namespace {

using List = std::vector<std::string>;
using Frames = std::vector<Frame>;

constexpr std::size_t kHistoryBytes = 100'000;

void resend(Connection& connection) {
    resend_framed(connection.outbox(), connection.framing(),
                  "sequence " + std::to_string(connection.outbox().history_begin()));
}

/// A connection that was negotiated to be resumed, and whose handler keeps a history.
struct ResumeFixture : SessionFixture {
    explicit ResumeFixture(SharedFixture* other = nullptr) : SessionFixture(100, other) {
        hub.hub_options.allow_stateful_reconnects = true;
        record.on_open = [](Connection& connection) {
            connection.outbox().keep_history(kHistoryBytes);
        };
        record.on_resumed = resend;
    }
    void open() {
        target = negotiated_target(page, "&useStatefulReconnect=true");
        client.upgrade(target);
    }
    Client page{*this};
    Client client{*this};
    std::string target;
};

}  // namespace

TEST_CASE("Stateful reconnect is negotiated only if asked for and allowed", "[session][resume]") {
    SessionFixture f;
    Client client(f);
    const auto ask = [&](const std::string& query) {
        return client.ask(200, "POST", "/hub/negotiate" + query)
                   .body.find("useStatefulReconnect") != std::string::npos;
    };
    CHECK_FALSE(ask("?negotiateVersion=1&useStatefulReconnect=true"));
    f.hub.hub_options.allow_stateful_reconnects = true;
    CHECK(ask("?negotiateVersion=1&useStatefulReconnect=true"));
    CHECK(ask("?negotiateVersion=1&UseStatefulReconnect=TRUE"));
    CHECK_FALSE(ask("?negotiateVersion=1"));
    CHECK_FALSE(ask("?negotiateVersion=1&useStatefulReconnect=false"));
    f.hub.hub_options.web_sockets = false;
    CHECK_FALSE(ask("?negotiateVersion=1&useStatefulReconnect=true"));
}

TEST_CASE("A resumable connection is a WebSocket like any other while it lasts",
          "[session][resume]") {
    ResumeFixture f;
    f.open();
    CHECK(f.record.connection->resumable());
    f.client.send(text_frame("hello") + ping_frame("p"));
    f.record.connection->send("one", 1);
    f.client.settle();
    const auto frames = f.client.frames();
    CHECK(frames == Frames{{10, "p"}, {1, "one"}});
    CHECK(f.record.calls == List{"open", "bytes hello"});
    f.record.connection->set_transfer_format(TransferFormat::binary);
    f.record.connection->send("two", 1);
    f.client.settle();
    CHECK(f.client.frames() == Frames{{2, "two"}});
    f.client.wait(5 * kSecondNs);
    CHECK(f.record.ticks >= 4);
    SECTION("the peer closes") {
        f.record.connection->send("last", 0);
        f.client.send(close_frame(1000));
        CHECK(f.client.frames() == Frames{{2, "last"}, {8, close_payload(1000)}});
        f.client.end();
        CHECK(f.record.calls.back() == "close peer_closed");
    }
    SECTION("we close") {
        f.record.connection->close();
        f.client.settle();
        CHECK(f.client.frames() == Frames{{8, close_payload(1000)}});
        f.client.send(close_frame(1000));
        f.client.end();
        CHECK(f.record.calls.back() == "close we_closed");
    }
    SECTION("the peer breaks the protocol") {
        f.client.send(std::string("\x81\x01x", 3));
        CHECK(f.client.frames().size() == 1);
        CHECK(f.record.calls.back() == "close protocol_error");
        f.client.end();
    }
    CHECK(f.client.wire->gone);
    f.page.send(upgrade_request(f.target));
    CHECK(f.page.expect(404).body == "No Connection with that ID");
    const auto& counters = f.server->counters();
    CHECK(counters.active(TransportKind::web_sockets) == 0);
    CHECK(counters.durations(TransportKind::web_sockets, EndStatus::normal_closure).count == 1);
}

TEST_CASE("A lost connection is resumed on a new socket, which gets what is kept first",
          "[session][resume]") {
    ResumeFixture f;
    f.open();
    f.record.connection->send("one", 1);
    f.client.settle();
    f.client.vanish();
    CHECK(f.record.calls == List{"open"});
    CHECK(f.server->connections() == 1);
    f.record.connection->send("ping", 0);
    f.record.connection->send("two", 1);
    f.client.settle();
    Client again(f);
    again.upgrade(f.target);
    CHECK(f.record.calls == List{"open", "resumed"});
    CHECK(again.frames() == Frames{{1, "sequence 1"}, {1, "one"}, {1, "two"}});
    CHECK(f.record.ids.size() == 1);
    again.send(text_frame("back"));
    f.record.connection->send("three", 1);
    again.settle();
    CHECK(again.frames() == Frames{{1, "three"}});
    CHECK(f.record.calls.back() == "bytes back");
    CHECK(f.server->counters().active(TransportKind::web_sockets) == 1);
}

TEST_CASE("A connection is resumed while the old socket still looks alive", "[session][resume]") {
    ResumeFixture f;
    f.open();
    const bool stuck = GENERATE(true, false);
    if (stuck) {
        f.client.let_read(3);
    }
    f.record.connection->send("one and more", 1);
    f.client.settle();
    Client again(f);
    again.upgrade(f.target);
    CHECK(again.frames() == Frames{{1, "sequence 1"}, {1, "one and more"}});
    CHECK(f.client.wire->gone);
    CHECK(f.record.calls == List{"open", "resumed"});
    // And again, and the old ones' ends change nothing.
    Client third(f);
    third.upgrade(f.target);
    CHECK(third.frames() == Frames{{1, "sequence 1"}, {1, "one and more"}});
    CHECK(again.wire->gone);
    third.send(text_frame("still"));
    CHECK(f.record.calls.back() == "bytes still");
}

TEST_CASE("The 101 of a resumed connection may leave in pieces", "[session][resume]") {
    ResumeFixture f;
    f.open();
    f.record.connection->send("one", 1);
    f.client.settle();
    Client again(f);
    again.let_read(10);
    again.send(upgrade_request(f.target));
    again.let_read(50);
    again.let_read(10'000);
    again.expect(101);
    CHECK(again.frames() == Frames{{1, "sequence 1"}, {1, "one"}});
}

TEST_CASE("What a lost socket brought only in part is dropped", "[session][resume]") {
    ResumeFixture f;
    f.open();
    f.client.send(text_frame("half").substr(0, 8));
    f.client.vanish();
    Client again(f);
    // With the first frame in the same segment.
    again.send(upgrade_request(f.target) + text_frame("whole"));
    again.expect(101);
    CHECK(f.record.calls == List{"open", "resumed", "bytes whole"});
}

TEST_CASE("A handler that does not read goes on not reading after a resume", "[session][resume]") {
    ResumeFixture f;
    f.open();
    f.record.connection->pause_reading();
    f.client.send(text_frame("lost with the socket"));
    f.client.vanish();
    Client again(f);
    again.upgrade(f.target);
    again.send(text_frame("a"));
    CHECK(f.record.calls == List{"open", "resumed"});
    f.record.connection->resume_reading();
    again.settle();
    CHECK(f.record.calls == List{"open", "resumed", "bytes a"});
}

TEST_CASE("A lost connection waits for the disconnect timeout", "[session][resume]") {
    ResumeFixture f;
    f.open();
    f.client.vanish();
    f.page.wait(f.hub.hub_options.disconnect_timeout_ns - kSecondNs);
    CHECK(f.record.calls == List{"open"});
    CHECK(f.record.ticks >= 13);
    SECTION("and is resumed in time") {
        Client again(f);
        again.upgrade(f.target);
        again.wait(2 * f.hub.hub_options.disconnect_timeout_ns);
        CHECK(f.record.calls == List{"open", "resumed"});
    }
    SECTION("and is gone after it") {
        f.page.wait(2 * kSecondNs);
        CHECK(f.record.calls == List{"open", "close lost"});
        Client again(f);
        again.send(upgrade_request(f.target));
        CHECK(again.expect(404).body == "No Connection with that ID");
        const auto& counters = f.server->counters();
        CHECK(counters.durations(TransportKind::web_sockets, EndStatus::timeout).count == 1);
        CHECK(counters.active(TransportKind::web_sockets) == 0);
    }
}

TEST_CASE("Who may not come back is gone with the socket", "[session][resume]") {
    ResumeFixture f;
    SECTION("the handler refused it") {
        f.open();
        f.record.connection->refuse_resume();
        CHECK_FALSE(f.record.connection->resumable());
        Client early(f);
        early.send(upgrade_request(f.target));
        early.expect(404);
        f.client.vanish();
        CHECK(f.record.calls == List{"open", "close lost"});
    }
    SECTION("nothing is kept") {
        f.record.on_open = nullptr;
        f.open();
        f.client.vanish();
        CHECK(f.record.calls == List{"open", "close lost"});
    }
    SECTION("it is closing") {
        f.open();
        f.record.connection->close();
        f.client.vanish();
        CHECK(f.record.calls == List{"open", "close we_closed"});
    }
    SECTION("it was aborted") {
        f.open();
        f.record.connection->abort(CloseReason::we_closed);
        f.client.settle();
        CHECK(f.client.wire->gone);
        CHECK(f.record.calls == List{"open", "close we_closed"});
    }
    SECTION("its peer took nothing for the send timeout") {
        f.open();
        f.client.let_read(0);
        f.record.connection->send("x", 1);
        f.client.wait(f.hub.hub_options.send_timeout_ns + 2 * kSecondNs);
        CHECK(f.record.calls == List{"open", "close stalled"});
    }
    SECTION("it was closed while it was lost") {
        f.open();
        f.client.vanish();
        f.record.connection->close();
        CHECK(f.record.calls == List{"open"});
        f.page.settle();
        CHECK(f.record.calls == List{"open", "close we_closed"});
    }
    SECTION("it was aborted while it was lost") {
        f.open();
        f.client.vanish();
        f.record.connection->abort(CloseReason::protocol_error);
        CHECK(f.record.calls == List{"open", "close protocol_error"});
    }
    f.page.settle();
    f.page.send(upgrade_request(f.target));
    f.page.expect(404);
    CHECK(f.server->counters().active(TransportKind::web_sockets) == 0);
}

TEST_CASE("Who comes back is checked again", "[session][resume]") {
    ResumeFixture f;
    f.open();
    f.client.vanish();
    f.page.send(upgrade_request(f.target + "&access_token=bad"));
    f.page.expect(401);
    CHECK(f.record.calls == List{"open"});
    f.page.upgrade(f.target);
    CHECK(f.record.calls == List{"open", "resumed"});
}

TEST_CASE("Connections that were not negotiated so are not resumed", "[session][resume]") {
    ResumeFixture f;
    f.client.upgrade(negotiated_target(f.page));
    CHECK_FALSE(f.record.connection->resumable());
    f.client.vanish();
    CHECK(f.record.calls == List{"open", "close lost"});
}

TEST_CASE("What waits for a lost connection is bounded by its history", "[session][resume]") {
    ResumeFixture f;
    f.open();
    f.client.vanish();
    for (int i = 0; i < 1000; ++i) {
        f.record.connection->send(std::string(1000, 'p'), 0);
    }
    CHECK(f.record.connection->outbox().unsent() == 0);
    f.record.connection->send(std::string(kHistoryBytes, 'x'), 1);
    f.page.settle();
    CHECK(f.record.calls == List{"open", "congested"});
    Client again(f);
    again.upgrade(f.target);
    f.record.connection->outbox().acknowledge(1);
    again.settle();
    CHECK(f.record.calls == List{"open", "congested", "resumed", "drained"});
}

TEST_CASE("A server that ends with resumable connections tells their handlers",
          "[session][resume]") {
    ResumeFixture f;
    f.open();
    if (GENERATE(true, false)) {
        f.client.vanish();
    }
    f.server.reset();
    CHECK(f.record.calls == List{"open", "close we_closed"});
}

TEST_CASE("A lost connection is told of a shutdown and ends", "[session][resume]") {
    ResumeFixture f;
    f.open();
    f.client.vanish();
    f.server->shut_down();
    f.page.settle();
    CHECK(f.record.calls == List{"open", "shutdown", "close we_closed"});
    CHECK(
        f.server->counters().durations(TransportKind::web_sockets, EndStatus::app_shutdown).count ==
        1);
}

}  // namespace hubtrail::transport
