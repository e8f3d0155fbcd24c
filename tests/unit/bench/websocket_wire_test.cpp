#include "bench/websocket_wire.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace hubtrail::bench;

namespace {

class Collector final : public RecordStreamSink {
public:
    void on_record(std::string_view record) override { found.emplace_back(record); }
    void on_control(Opcode opcode, std::string_view payload) override {
        found.push_back("control " + std::to_string(static_cast<int>(opcode)) + " " +
                        std::string(payload));
    }
    std::vector<std::string> found;
};

std::string frames() {
    std::string out;
    append_server_frame(out, Opcode::text, "one\x1etwo\x1eth");
    append_server_frame(out, Opcode::ping, "p");
    append_server_frame(out, Opcode::text, "");
    append_server_frame(out, Opcode::continuation, "ree\x1e");
    append_server_frame(out, Opcode::text, std::string(126, 'a') + "\x1e");
    append_server_frame(out, Opcode::text, std::string(70'000, 'b') + "\x1e");
    append_server_frame(out, Opcode::close, "");
    return out;
}

}  // namespace

// Goal: TCP may cut the stream anywhere. Method: feed it whole, in two parts and byte by byte.
TEST_CASE("RecordStream finds the same records however the stream is cut", "[bench]") {
    const std::string stream = frames();
    const std::vector<std::string> expected{
        "one",       "two", "control 9 p", "three", std::string(126, 'a'), std::string(70'000, 'b'),
        "control 8 "};
    for (std::size_t cut = 0; cut <= 200; ++cut) {
        CAPTURE(cut);
        Collector collector;
        RecordStream records;
        REQUIRE(records.feed(std::string_view(stream).substr(0, cut), collector).empty());
        REQUIRE(records.feed(std::string_view(stream).substr(cut), collector).empty());
        REQUIRE(collector.found == expected);
    }
    Collector collector;
    RecordStream records;
    for (const char& byte : stream) {
        REQUIRE(records.feed({&byte, 1}, collector).empty());
    }
    CHECK(collector.found == expected);
}

TEST_CASE("RecordStream refuses what a server must not send", "[bench]") {
    const auto feed = [](std::string_view bytes) {
        Collector collector;
        RecordStream records;
        return std::string(records.feed(bytes, collector));
    };
    CHECK(feed(std::string("\x81\x80\0\0\0\0", 6)) == "a server frame is masked");
    CHECK(feed("\xc1\x01x") == "a frame has reserved bits or an unknown opcode");
    CHECK(feed("\x83\x01x") == "a frame has reserved bits or an unknown opcode");
    CHECK(feed("\x09\x01x") == "a control frame is too long or fragmented");
    CHECK(feed("\x89\x7e") == "a control frame is too long or fragmented");
}

TEST_CASE("RecordStream takes a record of the most bytes and refuses one more", "[bench]") {
    for (const std::size_t extra : {0U, 1U}) {
        std::string stream;
        append_server_frame(stream, Opcode::text, "1234");
        append_server_frame(stream, Opcode::text, std::string(4 + extra, '5') + "\x1e");
        Collector collector;
        RecordStream records(8);
        CHECK(records.feed(stream, collector).empty() == (extra == 0));
        CHECK(collector.found.size() == 1 - extra);
    }
}

TEST_CASE("a client frame is masked and has the shortest length", "[bench]") {
    std::string out;
    append_masked_frame(out, Opcode::text, "abcde", 0x04030201);
    CHECK(out == "\x81\x85\x01\x02\x03\x04````d");
    const auto head_bytes = [](std::size_t payload) {
        std::string frame;
        append_masked_frame(frame, Opcode::text, std::string(payload, 'x'), 0);
        return frame.size() - payload;
    };
    CHECK(head_bytes(125) == 6);
    CHECK(head_bytes(126) == 8);
    CHECK(head_bytes(65'535) == 8);
    CHECK(head_bytes(65'536) == 14);
}

TEST_CASE("an upgrade is accepted only with the answer to its own key", "[bench]") {
    const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";  // the example of RFC 6455 1.3
    CHECK(websocket_accept(key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const auto head = [](const std::string& status, const std::string& accept) {
        return "HTTP/1.1 " + status + "\r\nUpgrade: WebSocket\r\nsec-websocket-ACCEPT: " + accept +
               "\r\n";
    };
    CHECK(upgrade_refusal(head("101 Switching Protocols", websocket_accept(key)), key).empty());
    CHECK(!upgrade_refusal(head("101 Switching Protocols", "AAAA"), key).empty());
    CHECK(upgrade_refusal(head("401 Unauthorized", websocket_accept(key)), key) ==
          "the upgrade was refused: HTTP/1.1 401 Unauthorized");
    CHECK(!upgrade_refusal("HTTP/1.1 101 Switching Protocols\r\n", key).empty());
}
