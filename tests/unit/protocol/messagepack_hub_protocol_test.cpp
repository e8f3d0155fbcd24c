#include <string>

#include "protocol/hub_protocol.h"
#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using namespace std::string_literals;

const HubProtocol& kProtocol = messagepack_hub_protocol();

template <typename Write>
std::string written(Write write) {
    std::string out = "before ";
    write(out);
    return out.substr(7);
}

TEST_CASE("MessagePack has its name, frames and null", "[protocol]") {
    CHECK(kProtocol.name() == "messagepack");
    CHECK(kProtocol.binary());
    CHECK(kProtocol.encoding() == Encoding::messagepack);
    CHECK(kProtocol.ping() == "\x02\x91\x06");
    CHECK(kProtocol.null_value() == "\xC0");
}

TEST_CASE("The MessagePack writers give the reference's bytes", "[protocol]") {
    const auto& p = kProtocol;
    CHECK(written([&](auto& out) {
              p.append_invocation(out, MessageType::invocation, "", "method", "\x2A", 1);
          }) == "\x0E\x96\x01\x80\xC0\xA6method\x91\x2A\x90");
    CHECK(written([&](auto& out) {
              p.append_invocation(out, MessageType::invocation, "xyz", "method", "", 0);
          }) == "\x10\x96\x01\x80\xA3xyz\xA6method\x90\x90");
    CHECK(written([&](auto& out) {
              p.append_invocation(out, MessageType::stream_invocation, "xyz", "method",
                                  "\x2A\xA6string", 2, {"__test_id__", "2"});
          }) ==
          "\x26\x96\x04\x80\xA3xyz\xA6method\x92\x2A\xA6string\x92\xAB__test_id__\xA1"
          "2");
    CHECK(written([&](auto& out) { p.append_stream_item(out, "xyz", "\x2A"); }) ==
          "\x08\x94\x02\x80\xA3xyz\x2A");
    CHECK(written([&](auto& out) { p.append_completion_error(out, "xyz", "Error"); }) ==
          "\x0E\x95\x03\x80\xA3xyz\x01\xA5"
          "Error");
    CHECK(written([&](auto& out) { p.append_completion(out, "xyz"); }) ==
          "\x08\x94\x03\x80\xA3xyz\x02");
    CHECK(written([&](auto& out) { p.append_completion_result(out, "xyz", "\x2A"); }) ==
          "\x09\x95\x03\x80\xA3xyz\x03\x2A");
    CHECK(written([&](auto& out) { p.append_cancel(out, "xyz"); }) == "\x07\x93\x05\x80\xA3xyz");
    CHECK(written([&](auto& out) { p.append_close(out, "", false); }) == "\x04\x93\x07\xC0\xC2");
    CHECK(written([&](auto& out) { p.append_close(out, "", true); }) == "\x04\x93\x07\xC0\xC3");
    CHECK(written([&](auto& out) { p.append_close(out, "Error!", false); }) ==
          "\x0A\x93\x07\xA6"
          "Error!\xC2");
    CHECK(written([&](auto& out) { p.append_close(out, "Error!", true); }) ==
          "\x0A\x93\x07\xA6"
          "Error!\xC3");
    CHECK(written([&](auto& out) { p.append_ack(out, 36); }) == "\x03\x92\x08\x24");
    CHECK(written([&](auto& out) { p.append_ack(out, 200); }) == "\x04\x92\x08\xCC\xC8");
    CHECK(written([&](auto& out) { p.append_sequence(out, 19); }) == "\x03\x92\x09\x13");
}

// Goal: the length in front is right where its width changes, and is never wider than needed.
TEST_CASE("The MessagePack writers give lengths of one, two and three bytes", "[protocol]") {
    struct Row {
        std::size_t item_bytes;
        std::string prefix;
    };
    const Row rows[] = {
        {122, "\x7F"}, {123, "\x80\x01"}, {16378, "\xFF\x7F"}, {16379, "\x80\x80\x01"}};
    for (const auto& row : rows) {
        CAPTURE(row.item_bytes);
        const std::string item(row.item_bytes, '\xC0');
        const auto record =
            written([&](auto& out) { kProtocol.append_stream_item(out, "x", item); });
        CHECK(record == row.prefix + "\x94\x02\x80\xA1x" + item);
    }
}

TEST_CASE("What the MessagePack writers write is split and read back", "[protocol]") {
    std::string stream;
    kProtocol.append_invocation(stream, MessageType::invocation, "s1", "T", "\x01\x92\x02\x03", 2,
                                {"4"});
    kProtocol.append_completion_result(stream, "1", "\xC0");
    kProtocol.append_completion(stream, "2");
    kProtocol.append_close(stream, "why", true);
    kProtocol.append_sequence(stream, -7);
    stream += kProtocol.ping();
    const auto splitter = kProtocol.make_splitter(0);
    splitter->feed(stream);
    HubMessage message;
    const auto next = [&] {
        const auto record = splitter->next();
        return record && *record && kProtocol.parse(**record, message);
    };
    REQUIRE(next());
    CHECK(message.invocation_id == "s1");
    CHECK(message.target == "T");
    CHECK(message.arguments == std::vector<std::string_view>{"\x01", "\x92\x02\x03"});
    CHECK(message.stream_ids == std::vector<std::string>{"4"});
    REQUIRE(next());
    CHECK(message.value == "\xC0");
    REQUIRE(next());
    CHECK(message.value.empty());
    REQUIRE(next());
    CHECK(message.error == "why");
    CHECK(message.allow_reconnect);
    REQUIRE(next());
    CHECK(message.sequence_id == -7);
    REQUIRE(next());
    CHECK(message.type == MessageType::ping);
    CHECK_FALSE(splitter->has_partial_record());
}

}  // namespace
}  // namespace hubtrail::protocol
