#include "hub/connection/hub_connection.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/hub_connection/hub_fixture.h"

namespace hubtrail::hub {
namespace {

using transport::CloseReason;
using transport::FakeSocket;
using List = std::vector<std::string>;

constexpr const char* kHandshakeBytes = R"({"protocol":"json","version":1})"
                                        "\x1e";

struct Row {
    std::string in;
    std::string plain;     ///< answer without detailed errors
    std::string detailed;  ///< with them; empty: the same
};

std::string error_answer(const std::string& text) {
    return R"({"error":")" + text + "\"}|";
}
void check_rows(const std::vector<Row>& rows, bool after_handshake) {
    for (const auto& row : rows) {
        CAPTURE(row.in);
        HubPeer plain;
        HubPeer detailed(with_detailed_errors());
        if (after_handshake) {
            plain.shake_hands();
            detailed.shake_hands();
        }
        plain.receive(row.in);
        CHECK(plain.sent() == row.plain);
        detailed.receive(row.in);
        CHECK(detailed.sent() == (row.detailed.empty() ? row.plain : row.detailed));
        // Completions leave the connection open, everything else here ends it.
        const bool ends = row.plain.find("\"type\":3") == std::string::npos;
        CHECK(plain.connection.closed == ends);
        CHECK(detailed.connection.closed == ends);
    }
}

}  // namespace

TEST_CASE("A good handshake is answered by exactly three bytes", "[hub]") {
    HubPeer peer;
    peer.hub.on_bytes(kHandshakeBytes);
    peer.loop.run();
    CHECK(peer.connection.socket.sent_bytes == "\x81\x03{}\x1e");
    CHECK(peer.calls == List{"connected"});
    CHECK_FALSE(peer.connection.closed);
}

TEST_CASE("Handshakes that pass", "[hub]") {
    const std::string text =
        GENERATE(R"({"version":1,"protocol":"json"}|)", R"({"protocol":"json","version":2}|)",
                 R"({"protocol":"json","version":0}|)", R"({"protocol":"json","version":-7}|)",
                 R"( { "more" : {"a":[1]}, "protocol" : "json" , "version" : 1 } |)");
    HubPeer peer;
    peer.receive(text);
    CHECK(peer.sent() == "{}|");
}

TEST_CASE("Handshakes that are refused end the connection with the reference's text", "[hub]") {
    const std::string unexpected = "An unexpected error occurred during connection handshake.";
    check_rows(
        {
            {R"({"protocol":"dummy","version":1}|)",
             error_answer("The protocol 'dummy' is not supported."), ""},
            {R"({"protocol":"json","version":3}|)",
             error_answer("The server does not support version 3 of the 'json' protocol."), ""},
            {R"({"protocol":"messagepack","version":3}|)",
             error_answer("The server does not support version 3 of the 'messagepack' protocol."),
             ""},
            {R"({"protocol":"json"}|)", error_answer(unexpected),
             error_answer(unexpected +
                          R"( InvalidDataException: Missing required property 'version'. )"
                          R"(Message content: {\"protocol\":\"json\"})")},
            {R"({"version":1}|)", error_answer(unexpected),
             error_answer(unexpected +
                          R"( InvalidDataException: Missing required property 'protocol'. )"
                          R"(Message content: {\"version\":1})")},
            {R"({"protocol":"json","version":"1"}|)", error_answer(unexpected),
             error_answer(unexpected +
                          " InvalidDataException: Expected 'version' to be of type Number.")},
            {R"({"protocol":"json","version":1.5}|)", error_answer(unexpected),
             error_answer(unexpected +
                          " FormatException: Either the JSON value is not in a supported "
                          "format, or is out of bounds for an Int32.")},
            {"nothing|", error_answer(unexpected),
             error_answer(unexpected +
                          " JsonReaderException: The handshake is not valid JSON, see byte 0.")},
            {"|", error_answer(unexpected),
             error_answer(unexpected +
                          " JsonReaderException: The handshake is not valid JSON, see byte 0.")},
        },
        false);
}

TEST_CASE("A refused handshake never reaches the hub", "[hub]") {
    HubPeer peer;
    peer.receive(R"({"protocol":"x","version":1}|{"type":6}|)");
    peer.receive("more");
    peer.hub.on_shutdown();
    peer.hub.on_close(CloseReason::peer_closed);
    CHECK(peer.calls.empty());
    CHECK(peer.sent() == error_answer("The protocol 'x' is not supported."));
}

TEST_CASE("A handshake may have 32768 bytes with its separator", "[hub]") {
    const std::string head = R"({"protocol":"json","version":1,"pad":")";
    const auto padded = [&](std::size_t bytes) {
        return head + std::string(bytes - head.size() - 3, 'x') + "\"}|";
    };
    HubPeer good;
    good.receive(padded(32768));
    CHECK(good.sent() == "{}|");
    HubPeer bad;
    bad.receive(padded(32769));
    CHECK(bad.sent() == error_answer("Handshake was canceled."));
    CHECK(bad.connection.closed);
    HubPeer endless;
    endless.receive(std::string(32768, 'x'));
    CHECK(endless.sent() == error_answer("Handshake was canceled."));
}

TEST_CASE("A handshake that does not come in 15 seconds is canceled", "[hub]") {
    HubPeer peer;
    peer.receive(R"({"protocol")");
    peer.wait(14);
    CHECK(peer.sent().empty());
    peer.wait(1);
    CHECK(peer.sent() == error_answer("Handshake was canceled."));
    CHECK(peer.connection.closed);
    peer.wait(100);
    CHECK(peer.sent().empty());
}

TEST_CASE("Handshake and message may come byte by byte or in one piece", "[hub]") {
    const std::string text = std::string(kHandshakeBytes) +
                             R"({"arguments":["a"],"target":"Echo","invocationId":"0","type":1})"
                             "\x1e";
    const std::string expected = R"({}|{"type":3,"invocationId":"0","result":"a"}|)";
    HubPeer whole;
    whole.hub.on_bytes(text);
    CHECK(whole.sent() == expected);
    HubPeer dripped;
    for (const auto c : text) {
        dripped.hub.on_bytes({&c, 1});
    }
    CHECK(dripped.sent() == expected);
}

TEST_CASE("Invocations that fail are answered with the reference's text", "[hub]") {
    const std::string failed = "Failed to invoke '";
    const std::string server = "' due to an error on the server.";
    const std::string missing = " HubException: Method does not exist.";
    check_rows(
        {
            {R"({"type":1,"invocationId":"1","target":"Nope","arguments":[]}|)",
             completion("1", failed + "Nope" + server + missing), ""},
            {R"({"type":4,"invocationId":"1","target":"Nope","arguments":[]}|)",
             completion("1", failed + "Nope" + server + missing), ""},
            {R"({"type":1,"invocationId":"1","target":"Echo","arguments":[]}|)",
             completion("1", failed + "Echo" + server),
             completion("1", failed + "Echo" + server +
                                 " InvalidDataException: Invocation provides 0 argument(s) but "
                                 "target expects 2.")},
            {R"({"type":1,"invocationId":"1","target":"Echo","arguments":[1,2,3]}|)",
             completion("1", failed + "Echo" + server),
             completion("1", failed + "Echo" + server +
                                 " InvalidDataException: Invocation provides 3 argument(s) but "
                                 "target expects 2.")},
            {R"({"type":1,"invocationId":"1","target":"Count","arguments":[]}|)",
             completion("1",
                        "The client attempted to invoke the streaming 'Count' method with a "
                        "non-streaming invocation."),
             ""},
            {R"({"type":4,"invocationId":"1","target":"Echo","arguments":[1]}|)",
             completion("1",
                        "The client attempted to invoke the non-streaming 'Echo' method with a "
                        "streaming invocation."),
             ""},
            {R"({"type":1,"invocationId":"1","target":"Echo","arguments":[1],"streamIds":["2"]}|)",
             completion("1",
                        "An unexpected error occurred invoking 'Echo' on the server. HubException: "
                        "Client sent 1 stream(s), Hub method expects 0."),
             ""},
            // Arguments are looked at before the mode.
            {R"({"type":4,"invocationId":"1","target":"Echo","arguments":[]}|)",
             completion("1", failed + "Echo" + server),
             completion("1", failed + "Echo" + server +
                                 " InvalidDataException: Invocation provides 0 argument(s) but "
                                 "target expects 2.")},
        },
        true);
}

TEST_CASE("Method names are found without case, and named as they were called", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"eCHO","arguments":[{"a":[1, 2]}]}|)");
    CHECK(peer.sent() == R"({"type":3,"invocationId":"1","result":{"a":[1, 2]}}|)");
}

TEST_CASE("Non-blocking invocations are never answered", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"target":"Echo","arguments":[1]}|)"
                 R"({"type":1,"target":"Echo","arguments":[]}|)"
                 R"({"type":1,"target":"Nope","arguments":[]}|)"
                 R"({"type":1,"invocationId":"","target":"Count","arguments":[]}|)"
                 R"({"type":1,"target":"Now","arguments":[]}|)");
    CHECK(peer.sent().empty());
    CHECK(peer.calls == List{"echo 1", "now"});
    CHECK_FALSE(peer.connection.closed);
}

TEST_CASE("What the reference skips is skipped", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(
        R"({"type":99,"anything":[1]}|{"type":0}|{"type":-1}|{"type":6}|)"
        R"({"type":2,"invocationId":"9","item":1}|{"type":3,"invocationId":"9","result":1}|)"
        R"({"type":5,"invocationId":"9"}|{"type":8,"sequenceId":1}|{"type":9,"sequenceId":1}|)"
        R"({"type":1,"headers":{"a":"b"},"target":"Echo","arguments":[1],"x":{}}|)");
    CHECK(peer.sent().empty());
    // Whether an id is known is for the session to say.
    CHECK(peer.calls == List{"cancel 9", "echo 1"});
    CHECK_FALSE(peer.connection.closed);
}

TEST_CASE("What breaks the protocol closes with the reference's text", "[hub]") {
    const std::string text = "Connection closed with an error.";
    const auto row = [&](const std::string& in, const std::string& detail) {
        return Row{in, closing(text), closing(text + " InvalidDataException: " + detail)};
    };
    check_rows(
        {row("nothing|", "Error reading JSON."), row("|", "Error reading JSON."),
         row("[]|", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
         row("{}|", "Missing required property 'type'."),
         row(R"({"type":"1"}|)", "Expected 'type' to be of type Number."),
         row(R"({"type":1,"arguments":[]}|)", "Missing required property 'target'."),
         row(R"({"type":1,"target":"a"}|)", "Missing required property 'arguments'."),
         row(R"({"type":4,"target":"a","arguments":[]}|)",
             "Missing required property 'invocationId'."),
         row(R"({"type":5}|)", "Missing required property 'invocationId'."),
         row(R"({"type":6,"headers":{"x":1}}|)", "Expected header 'x' to be of type String.")},
        true);
}

TEST_CASE("A message may have 32768 bytes with its separator", "[hub]") {
    const auto padded = [](std::size_t bytes) {
        const std::string head =
            R"({"type":1,"invocationId":"1","target":"Echo","arguments":[1],"pad":")";
        return head + std::string(bytes - head.size() - 3, 'x') + "\"}|";
    };
    const auto options = GENERATE(HubOptions(), with_detailed_errors());
    HubPeer peer(options);
    peer.shake_hands();
    peer.receive(padded(32768));
    CHECK(peer.sent() == R"({"type":3,"invocationId":"1","result":1}|)");
    peer.receive(R"({"type":1,"invocationId":"2","target":"Echo","arguments":[2]}|)" +
                 padded(32769));
    const std::string detail = options.detailed_errors
                                   ? " InvalidDataException: The maximum message size of 32768B "
                                     "was exceeded. The message size "
                                     "can be configured in AddHubOptions."
                                   : "";
    CHECK(peer.sent() == R"({"type":3,"invocationId":"2","result":2}|)" +
                             closing("Connection closed with an error." + detail));
    CHECK(peer.calls.back() ==
          "disconnected: InvalidDataException: The maximum message size of 32768B was "
          "exceeded. The message size can be configured in AddHubOptions.");
    CHECK(peer.connection.closed);
}

TEST_CASE("A stream runs under its id until it is ended or cancelled", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    const std::string start = R"({"type":4,"invocationId":"7","target":"Count","arguments":[]}|)";
    peer.receive(start);
    CHECK(peer.calls == List{"count 7"});
    peer.receive(start);
    CHECK(peer.sent() == completion("7", "Invocation ID '7' is already in use."));
    peer.receive(R"({"type":5,"invocationId":"7"}|{"type":5,"invocationId":"7"}|)");
    CHECK(peer.calls == List{"count 7", "cancel 7", "cancel 7"});
    CHECK(peer.sent() == R"({"type":3,"invocationId":"7"}|)");
    peer.receive(start);
    peer.hub.end_stream("7");
    peer.hub.end_stream("7");
    peer.hub.fail_stream("7", "late");
    CHECK(peer.sent() == R"({"type":3,"invocationId":"7"}|)");
    peer.receive(start);
    peer.hub.fail_stream("7", "why");
    CHECK(peer.sent() == completion("7", "why"));
}

TEST_CASE("A connection may have 64 running streams", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    const auto start = [&](std::size_t id) {
        peer.receive(R"({"type":4,"invocationId":")" + std::to_string(id) +
                     R"(","target":"Count","arguments":[]}|)");
    };
    for (std::size_t id = 0; id < peer.options.streams_max; ++id) {
        start(id);
    }
    CHECK(peer.sent().empty());
    CHECK(peer.calls.size() == 64);
    start(64);
    CHECK(peer.sent() ==
          completion("64", "This connection has 64 running streams, the most it may have."));
    CHECK(peer.calls.size() == 64);
    peer.hub.end_stream("3");
    peer.sent();
    start(65);
    CHECK(peer.calls.back() == "count 65");
}

TEST_CASE("An async method holds back the next invocation and all that is behind it", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    // A stream in front of the waiting invocation starts at once, one behind it waits.
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                 R"({"type":4,"invocationId":"2","target":"Count","arguments":[]}|)"
                 R"({"type":1,"invocationId":"3","target":"Echo","arguments":[3]}|)"
                 R"({"type":5,"invocationId":"2"}|)"
                 R"({"type":4,"invocationId":"4","target":"Count","arguments":[]}|)"
                 R"({"type":1,"invocationId":"5",)");
    CHECK(peer.calls == List{"later 1", "count 2"});
    CHECK(peer.connection.paused);
    CHECK(peer.sent().empty());
    peer.finish("1", "\"done\"");
    CHECK_FALSE(peer.connection.paused);
    CHECK(peer.calls == List{"later 1", "count 2", "echo 3", "cancel 2", "count 4"});
    // The record that was cut behind the held ones is still whole.
    peer.receive(R"("target":"Echo","arguments":[5]}|)");
    CHECK(peer.sent() == R"({"type":3,"invocationId":"1","result":"done"}|)"
                         R"({"type":3,"invocationId":"3","result":3}|)"
                         R"({"type":3,"invocationId":"2"}|)"
                         R"({"type":3,"invocationId":"5","result":5}|)");
}

TEST_CASE("Held invocations run one after another", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    std::string text;
    for (int i = 1; i <= 3; ++i) {
        text += R"({"type":1,"invocationId":")" + std::to_string(i) +
                R"(","target":"Later","arguments":[]}|)";
    }
    peer.receive(text);
    CHECK(peer.calls == List{"later 1"});
    peer.fail("1", "no");
    CHECK(peer.calls == List{"later 1", "later 2"});
    CHECK(peer.connection.paused);
    peer.finish("2", "2");
    CHECK(peer.calls == List{"later 1", "later 2", "later 3"});
    CHECK_FALSE(peer.connection.paused);
    peer.finish("3", "3");
    CHECK(peer.sent() == completion("1", "no") + R"({"type":3,"invocationId":"2","result":2}|)"
                                                 R"({"type":3,"invocationId":"3","result":3}|)");
}

TEST_CASE("An async method that answers at once holds nothing back", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Now","arguments":[]}|)"
                 R"({"type":1,"invocationId":"2","target":"Echo","arguments":[2]}|)");
    CHECK(
        peer.sent() ==
        R"({"type":3,"invocationId":"1","result":true}|{"type":3,"invocationId":"2","result":2}|)");
    CHECK_FALSE(peer.connection.paused);
}

TEST_CASE("A bad record behind a running method is found when its turn comes", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                 R"({"type":1,"invocationId":"2","target":"Echo","arguments":[2]}|bad|)"
                 R"({"type":1,"invocationId":"3","target":"Echo","arguments":[3]}|)");
    peer.finish("1", "1");
    CHECK(peer.sent() ==
          R"({"type":3,"invocationId":"1","result":1}|{"type":3,"invocationId":"2","result":2}|)" +
              closing("Connection closed with an error."));
    CHECK(peer.calls ==
          List{"later 1", "echo 2", "disconnected: InvalidDataException: Error reading JSON."});
}

TEST_CASE("An answer that comes after the end is dropped", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                 R"({"type":4,"invocationId":"2","target":"Count","arguments":[]}|)");
    peer.hub.close({}, false);
    peer.finish("1", "1");
    peer.hub.end_stream("2");
    peer.hub.complete_error("1", "x");
    CHECK(peer.sent() == R"({"type":7}|)");
}

TEST_CASE("A ping goes out every 15 seconds, whatever else is sent", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.wait(14);
    CHECK(peer.sent().empty());
    peer.hub.complete_result("1", "1");
    peer.sent();
    peer.wait(1);
    CHECK(peer.sent() == R"({"type":6}|)");
    peer.wait(14);
    CHECK(peer.sent().empty());
    peer.wait(1);
    CHECK(peer.sent() == R"({"type":6}|)");
}

TEST_CASE("A peer with a backlog is sent no pings on top", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.congest();
    const auto unsent = peer.connection.outbox().unsent();
    peer.wait(60);
    CHECK(peer.connection.outbox().unsent() == unsent);
}

TEST_CASE("A client that never pings does not time out", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"target":"Echo","arguments":[1]}|)");
    peer.wait(300);
    CHECK_FALSE(peer.connection.closed);
}

TEST_CASE("A client that has pinged times out after 30 silent seconds", "[hub]") {
    const auto options = GENERATE(HubOptions(), with_detailed_errors());
    HubPeer peer(options);
    peer.shake_hands();
    peer.receive(R"({"type":6}|)");
    peer.wait(29);
    peer.receive(R"({"type":1,"target":"Echo","arguments":[1]}|)");
    peer.wait(29);
    CHECK_FALSE(peer.connection.closed);
    peer.sent();
    peer.wait(1);
    const std::string detail =
        options.detailed_errors
            ? " OperationCanceledException: Client hasn't sent a message/ping within "
              "the configured ClientTimeoutInterval."
            : "";
    CHECK(peer.sent() == closing("Connection closed with an error." + detail));
    CHECK(peer.connection.closed);
}

TEST_CASE("A running method does not count towards the client's timeout", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":6}|{"type":1,"invocationId":"1","target":"Later","arguments":[]}|)");
    peer.wait(100);
    CHECK_FALSE(peer.connection.closed);
    peer.finish("1", "1");
    peer.wait(29);
    CHECK_FALSE(peer.connection.closed);
    peer.wait(1);
    CHECK(peer.connection.closed);
}

TEST_CASE("Congestion pauses reading, and the silence that we made does not count", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":6}|)");
    peer.congest();
    CHECK(peer.connection.paused);
    CHECK(peer.calls == List{"congested"});
    peer.wait(100);
    CHECK_FALSE(peer.connection.closed);
    peer.connection.let_read(FakeSocket::kUnlimited);
    peer.loop.run();
    CHECK_FALSE(peer.connection.paused);
    CHECK(peer.calls == List{"congested", "drained"});
    peer.wait(29);
    CHECK_FALSE(peer.connection.closed);
    peer.wait(1);
    CHECK(peer.connection.closed);
}

TEST_CASE("Reading goes on only when neither congestion nor a method stands against it", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                 R"({"type":1,"invocationId":"2","target":"Later","arguments":[]}|)");
    peer.congest();
    SECTION("the peer drains first") {
        peer.connection.let_read(FakeSocket::kUnlimited);
        peer.loop.run();
        CHECK(peer.connection.paused);
        peer.finish("1", "1");
        CHECK_FALSE(peer.connection.paused);
    }
    SECTION("the method ends first") {
        peer.finish("1", "1");
        CHECK(peer.connection.paused);
        peer.connection.let_read(FakeSocket::kUnlimited);
        peer.loop.run();
        CHECK_FALSE(peer.connection.paused);
    }
}

TEST_CASE("A client's Close is answered and ends the connection", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(
        R"({"type":7,"error":"bye"}|{"type":1,"invocationId":"1","target":"Echo","arguments":[1]}|)");
    CHECK(peer.sent() == R"({"type":7}|)");
    CHECK(peer.calls == List{"disconnected: HubException: bye"});
    CHECK(peer.connection.closed);
    peer.hub.on_close(CloseReason::we_closed);
    CHECK(peer.calls == List{"disconnected: HubException: bye"});
}

TEST_CASE("A Close without an error is a graceful end", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":7}|)");
    CHECK(peer.sent() == R"({"type":7}|)");
    CHECK(peer.calls == List{"disconnected"});
}

TEST_CASE("The server's Close says why, and whether to come back", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    std::string told = "disconnected";
    SECTION("an error without reconnect") {
        told += ": why";
        peer.hub.close("why", false);
        CHECK(peer.sent() == R"({"type":7,"error":"why"}|)");
    }
    SECTION("neither") {
        peer.hub.close({}, false);
        CHECK(peer.sent() == R"({"type":7}|)");
    }
    SECTION("shutdown") {
        peer.hub.on_shutdown();
        CHECK(peer.sent() == R"({"type":7,"allowReconnect":true}|)");
    }
    peer.hub.close("again", true);
    peer.hub.on_shutdown();
    CHECK(peer.sent().empty());
    CHECK(peer.connection.closed);
    CHECK(peer.calls == List{told});
}

TEST_CASE("A peer that vanishes ends the session once", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.hub.on_close(CloseReason::lost);
    CHECK(peer.calls == List{"disconnected"});
    CHECK(peer.sent().empty());
    HubPeer early;
    early.hub.on_close(CloseReason::lost);
    CHECK(early.calls.empty());
}

TEST_CASE("What the hub is told of an end without a Close message", "[hub]") {
    const std::vector<std::pair<CloseReason, std::string>> rows = {
        {CloseReason::peer_closed, "disconnected"},
        {CloseReason::we_closed, "disconnected"},
        {CloseReason::lost, "disconnected"},
        {CloseReason::protocol_error, "disconnected: The client broke the rules of its transport."},
        {CloseReason::stalled, "disconnected: The client did not take what it was sent."},
    };
    for (const auto& [reason, told] : rows) {
        HubPeer peer;
        peer.shake_hands();
        peer.hub.on_close(reason);
        CHECK(peer.calls == List{told});
        CHECK(peer.sent().empty());
    }
}

TEST_CASE("Input that ends in the midst of a message is an error", "[hub]") {
    const auto reason = GENERATE(CloseReason::peer_closed, CloseReason::lost);
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":6)");
    peer.hub.on_close(reason);
    CHECK(peer.sent().empty());
    CHECK(
        peer.calls ==
        List{"disconnected: InvalidDataException: Connection terminated while reading a message."});
}

TEST_CASE("Only the protocols of the options are spoken, their names without case", "[hub]") {
    HubOptions options;
    options.protocols.messagepack = false;
    HubPeer refused(options);
    refused.receive(R"({"protocol":"messagepack","version":1}|)");
    CHECK(refused.sent() == error_answer("The protocol 'messagepack' is not supported."));
    HubPeer taken(options);
    taken.receive(R"({"protocol":"JSON","version":1}|)");
    CHECK(taken.sent() == "{}|");
}

TEST_CASE("Without a limit a message may have any size", "[hub]") {
    HubOptions options;
    options.receive_bytes_max = 0;
    HubPeer peer(options);
    peer.receive(R"({"protocol":"json","version":1,"pad":")" + std::string(100'000, 'x') + "\"}|");
    CHECK(peer.sent() == "{}|");
    peer.receive(R"({"type":1,"target":"Echo","arguments":[1],"pad":")" +
                 std::string(100'000, 'x') + "\"}|");
    CHECK(peer.calls == List{"connected", "echo 1"});
}

TEST_CASE("Who may not call a method is told so, after its arguments were counted", "[hub]") {
    const auto options = GENERATE(HubOptions(), with_detailed_errors());
    HubPeer peer(options);
    peer.shake_hands();
    peer.test_hub.authorized = false;
    peer.receive(R"({"type":1,"invocationId":"1","target":"Echo","arguments":[1]}|)");
    CHECK(peer.sent() == completion("1", "Failed to invoke 'echo' because user is unauthorized"));
    // Before the mode is looked at.
    peer.receive(R"({"type":4,"invocationId":"2","target":"Echo","arguments":[1]}|)");
    CHECK(peer.sent() == completion("2", "Failed to invoke 'echo' because user is unauthorized"));
    peer.receive(R"({"type":1,"invocationId":"3","target":"Nope","arguments":[1]}|)");
    CHECK(peer.sent().find("Method does not exist.") != std::string::npos);
    CHECK(peer.calls.empty());
}

TEST_CASE("As many invocations run at once as the options say", "[hub]") {
    HubOptions options;
    options.parallel_invocations_max = 2;
    HubPeer peer(options);
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                 R"({"type":1,"invocationId":"2","target":"Later","arguments":[]}|)");
    CHECK(peer.calls == List{"later 1", "later 2"});
    CHECK_FALSE(peer.connection.paused);
    peer.receive(R"({"type":1,"invocationId":"3","target":"Echo","arguments":[3]}|)");
    CHECK(peer.calls.size() == 2);
    CHECK(peer.connection.paused);
    peer.finish("2", "2");
    CHECK(peer.calls == List{"later 1", "later 2", "echo 3"});
    CHECK_FALSE(peer.connection.paused);
}

TEST_CASE("What cannot be bound is answered while a method runs", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                 R"({"type":1,"invocationId":"2","target":"Nope","arguments":[]}|)"
                 R"({"type":1,"invocationId":"3","target":"Echo","arguments":[]}|)");
    CHECK(peer.sent() ==
          completion("2",
                     "Failed to invoke 'Nope' due to an error on the server. HubException: Method "
                     "does not exist.") +
              completion("3", "Failed to invoke 'Echo' due to an error on the server."));
    CHECK_FALSE(peer.connection.paused);
}

TEST_CASE("A slot that is given back lets the next one run before the answer", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                 R"({"type":1,"invocationId":"2","target":"Echo","arguments":[2]}|)");
    peer.hub.release_slot();
    // Not within the call: whoever makes room may be in the midst of another message.
    CHECK(peer.calls == List{"later 1"});
    peer.loop.run();
    CHECK(peer.calls == List{"later 1", "echo 2"});
    peer.hub.complete_result("1", "1");
    CHECK(peer.sent() ==
          R"({"type":3,"invocationId":"2","result":2}|{"type":3,"invocationId":"1","result":1}|)");
}

TEST_CASE("A connection that dies with a message waiting leaves nothing behind", "[hub]") {
    transport::FakeLoop loop;
    {
        HubPeer peer;
        peer.shake_hands();
        peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                     R"({"type":1,"invocationId":"2","target":"Echo","arguments":[2]}|)");
        peer.hub.release_slot();
        peer.hub.close({}, false);
        peer.loop.run();
        CHECK(peer.calls == List{"later 1", "disconnected"});
    }
    CHECK(loop.posted() == 0);
}

TEST_CASE("A session may end a cancelled stream itself", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.test_hub.ends_cancelled_itself = true;
    peer.receive(
        R"({"type":4,"invocationId":"1","target":"Count","arguments":[]}|{"type":5,"invocationId":"1"}|)");
    CHECK(peer.calls == List{"count 1", "cancel 1"});
    CHECK(peer.sent().empty());
    peer.hub.send_item("1", "5");
    peer.hub.end_stream("1");
    peer.hub.send_item("1", "6");
    CHECK(peer.sent() ==
          R"({"type":2,"invocationId":"1","item":5}|{"type":3,"invocationId":"1"}|)");
}

TEST_CASE("While the hub holds the connection nothing is dispatched", "[hub]") {
    HubPeer peer;
    peer.test_hub.hold_at_connect = true;
    peer.receive(R"({"protocol":"json","version":1}|{"type":6}|)"
                 R"({"type":1,"invocationId":"1","target":"Echo","arguments":[1]}|)");
    CHECK(peer.calls == List{"connected"});
    CHECK(peer.connection.paused);
    peer.wait(100);
    CHECK_FALSE(peer.connection.closed);
    peer.hub.unhold();
    peer.loop.run();
    CHECK(peer.calls == List{"connected", "echo 1"});
    CHECK_FALSE(peer.connection.paused);
}

TEST_CASE("A hub may close at once, and a method in the midst of messages", "[hub]") {
    HubPeer early;
    early.test_hub.close_at_connect = true;
    early.receive(R"({"protocol":"json","version":1}|{"type":1,"target":"Echo","arguments":[1]}|)");
    CHECK(early.sent() == R"({}|{"type":7,"error":"not today"}|)");
    CHECK(early.calls == List{"connected", "disconnected: not today"});
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Bye","arguments":[]}|)"
                 R"({"type":1,"target":"Echo","arguments":[1]}|)");
    CHECK(peer.sent() == R"({"type":7}|)");
    CHECK(peer.calls == List{"disconnected"});
}

TEST_CASE("A method may cut the connection off in the midst of messages", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Cut","arguments":[]}|)"
                 R"({"type":1,"target":"Echo","arguments":[1]}|)");
    CHECK(peer.connection.aborted);
    CHECK(peer.sent().empty());
    CHECK(peer.calls == List{"disconnected: The client did not take what it was sent."});
}

TEST_CASE("A record that is too large is found when its turn comes", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)"
                 R"({"type":1,"invocationId":"2","target":"Echo","arguments":[2]}|)" +
                 std::string(40'000, 'x'));
    CHECK_FALSE(peer.connection.closed);
    peer.receive("more");
    peer.finish("1", "1");
    CHECK(peer.sent() ==
          R"({"type":3,"invocationId":"1","result":1}|{"type":3,"invocationId":"2","result":2}|)" +
              closing("Connection closed with an error."));
}

TEST_CASE("No pings where the transport notices by itself", "[hub]") {
    HubPeer peer({}, transport::TransportKind::long_polling);
    peer.shake_hands();
    peer.wait(100);
    CHECK(peer.sent().empty());
}

TEST_CASE("Only whole messages move the client's timeout", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":6}|)");
    peer.wait(29);
    peer.receive(R"({"type":)");
    peer.wait(1);
    CHECK(peer.connection.closed);
}

TEST_CASE("Messages of types 1 to 5 are counted, others not", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    CHECK(peer.connection.counted_total == 0);
    peer.receive(R"({"type":1,"invocationId":"1","target":"Echo","arguments":[1]}|)"
                 R"({"type":1,"invocationId":"2","target":"Nope","arguments":[1]}|)"
                 R"({"type":4,"invocationId":"3","target":"Count","arguments":[]}|)");
    CHECK(peer.connection.counted_total == 2);
    peer.hub.send_item("3", "1");
    peer.hub.end_stream("3");
    CHECK(peer.connection.counted_total == 4);
    peer.hub.send("two records", 2);
    CHECK(peer.connection.counted_total == 6);
    peer.wait(20);
    peer.hub.close({}, true);
    CHECK(peer.connection.counted_total == 6);
}

}  // namespace hubtrail::hub
