#include "transport/frame_header.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::transport {
namespace {

std::string header(FrameOpcode opcode, std::uint64_t payload_bytes) {
    char bytes[kFrameHeaderBytesMax];
    const std::size_t size = write_frame_header(bytes, opcode, payload_bytes);
    CHECK(size == frame_header_bytes(payload_bytes));
    return {bytes, size};
}

}  // namespace

TEST_CASE("A server frame's header has the shortest length form", "[websocket]") {
    const auto text = FrameOpcode::text;
    CHECK(header(text, 0) == std::string("\x81\x00", 2));
    CHECK(header(text, 125) == "\x81\x7D");
    CHECK(header(text, 126) == std::string("\x81\x7E\x00\x7E", 4));
    CHECK(header(text, 65535) == "\x81\x7E\xFF\xFF");
    CHECK(header(text, 65536) == std::string("\x81\x7F\0\0\0\0\0\x01\0\0", 10));
    CHECK(header(text, 0x0102030405060708) == "\x81\x7F\x01\x02\x03\x04\x05\x06\x07\x08");
    CHECK(header(FrameOpcode::binary, 1) == "\x82\x01");
    CHECK(header(FrameOpcode::close, 2) == "\x88\x02");
    CHECK(header(FrameOpcode::ping, 3) == "\x89\x03");
    CHECK(header(FrameOpcode::pong, 4) == "\x8A\x04");
}

TEST_CASE("Whole frames are appended", "[websocket]") {
    std::string out = "x";
    append_frame(out, FrameOpcode::pong, "hi");
    append_close_frame(out, 1002, "why");
    append_close_frame(out, 1000);
    CHECK(out == "x\x8A\x02hi\x88\x05\x03\xEAwhy\x88\x02\x03\xE8");
}

}  // namespace hubtrail::transport
