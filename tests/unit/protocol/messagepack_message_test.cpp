#include "protocol/messagepack_message.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using namespace std::string_literals;
using Texts = std::vector<std::string>;

/// What a test expects of a message, with defaults for all that is absent.
struct Expected {
    MessageType type = MessageType::unknown;
    std::string id{};
    std::string target{};
    Texts arguments{};
    Texts stream_ids{};
    std::string value{};
    std::string error{};
    bool has_error = false;
    bool allow_reconnect = false;
    std::int64_t sequence_id = 0;
};

void check_message(const std::string& record, const Expected& expected) {
    HubMessage message;
    const auto parsed = parse_messagepack_message(record, message);
    REQUIRE(parsed);
    CHECK(message.type == expected.type);
    CHECK(message.invocation_id == expected.id);
    CHECK(message.target == expected.target);
    CHECK(Texts(message.arguments.begin(), message.arguments.end()) == expected.arguments);
    CHECK(message.stream_ids == expected.stream_ids);
    CHECK(message.value == expected.value);
    CHECK(message.error == expected.error);
    CHECK(message.has_error == expected.has_error);
    CHECK(message.allow_reconnect == expected.allow_reconnect);
    CHECK(message.sequence_id == expected.sequence_id);
}

struct Vector {
    std::string name;
    std::string record;
    Expected expected;
};

const std::string kHeaders =
    "\x82\xA3"
    "Foo\xA3"
    "Bar\xA1"
    "k\xA1"
    "v";

std::vector<Vector> vectors() {
    std::vector<Vector> all;
    const auto add = [&all](std::string name, std::string record, MessageType type) -> Expected& {
        all.push_back({std::move(name), std::move(record), {}});
        all.back().expected.type = type;
        return all.back().expected;
    };
    for (const bool stream : {false, true}) {
        const auto type = stream ? MessageType::stream_invocation : MessageType::invocation;
        const auto number = stream ? "\x04"s : "\x01"s;
        auto& six =
            add("six items", "\x96" + number + "\x80\xA3xyz\xA6method\x92\x2A\xA1s\x90", type);
        six.id = "xyz";
        six.target = "method";
        six.arguments = {"\x2A", "\xA1s"};
        auto& five = add("five items",
                         "\x95" + number + kHeaders +
                             "\xA1"
                             "1\xA1T\x90",
                         type);
        five.id = "1";
        five.target = "T";
        auto& streams = add("streams",
                            "\x96" + number +
                                "\x80\xA1"
                                "1\xA1T\x91\xC0\x92\xA1"
                                "2\xA1"
                                "3",
                            type);
        streams.id = "1";
        streams.target = "T";
        streams.arguments = {"\xC0"};
        streams.stream_ids = {"2", "3"};
        auto& more = add("items of later versions",
                         "\x98" + number +
                             "\x80\xA1"
                             "1\xA1T\x90\x90\xC3\xA2"
                             "ex",
                         type);
        more.id = "1";
        more.target = "T";
    }
    add("nil id", "\x95\x01\x80\xC0\xA1T\x90", MessageType::invocation).target = "T";
    add("empty id", "\x95\x01\x80\xA0\xA1T\x90", MessageType::invocation).target = "T";
    {
        auto& e = add("stream item", "\x94\x02\x80\xA3xyz\x2A", MessageType::stream_item);
        e.id = "xyz";
        e.value = "\x2A";
    }
    {
        auto& e = add("nested item",
                      "\x94\x02"s + kHeaders +
                          "\xA1"
                          "1\x82\xA1"
                          "a\x92\x01\x02\xA1"
                          "b\xC0",
                      MessageType::stream_item);
        e.id = "1";
        e.value =
            "\x82\xA1"
            "a\x92\x01\x02\xA1"
            "b\xC0";
    }
    {
        auto& e = add("error",
                      "\x95\x03\x80\xA3xyz\x01\xA5"
                      "Error",
                      MessageType::completion);
        e.id = "xyz";
        e.error = "Error";
        e.has_error = true;
    }
    {
        auto& e = add("empty error", "\x95\x03\x80\xA3xyz\x01\xA0", MessageType::completion);
        e.id = "xyz";
        e.has_error = true;
    }
    add("nil error", "\x95\x03\x80\xA3xyz\x01\xC0", MessageType::completion).id = "xyz";
    add("void", "\x94\x03\x80\xA3xyz\x02", MessageType::completion).id = "xyz";
    {
        auto& e = add("result", "\x95\x03\x80\xA3xyz\x03\x2A", MessageType::completion);
        e.id = "xyz";
        e.value = "\x2A";
    }
    {
        auto& e = add("nil result", "\x95\x03\x80\xA3xyz\x03\xC0", MessageType::completion);
        e.id = "xyz";
        e.value = "\xC0";
    }
    add("cancel", "\x93\x05\x80\xA3xyz", MessageType::cancel_invocation).id = "xyz";
    add("ping", "\x91\x06", MessageType::ping);
    add("close of two items", "\x92\x07\xC0", MessageType::close);
    add("close", "\x93\x07\xC0\xC2", MessageType::close);
    {
        auto& e = add("close with all",
                      "\x93\x07\xA6"
                      "Error!\xC3",
                      MessageType::close);
        e.error = "Error!";
        e.has_error = true;
        e.allow_reconnect = true;
    }
    add("ack", "\x92\x08\xCC\x24", MessageType::ack).sequence_id = 36;
    add("ack of 8 bytes", "\x92\x08\xD3\x00\x20\x00\x00\x00\x00\x00\x01"s, MessageType::ack)
        .sequence_id = 9007199254740993;
    add("sequence", "\x92\x09\xCC\x13", MessageType::sequence).sequence_id = 19;
    add("negative sequence", "\x92\x09\xFF", MessageType::sequence).sequence_id = -1;
    add("wide heads",
        "\xDD\x00\x00\x00\x05\xD1\x00\x01\xDE\x00\x01\xD9\x01k\xDA\x00\x01v\xDB\x00\x00\x00\x01i\xD9\x01T\xDC\x00\x00"s,
        MessageType::invocation) = {MessageType::invocation, "i", "T"};
    return all;
}

TEST_CASE("parse_messagepack_message reads every message", "[protocol]") {
    for (const auto& vector : vectors()) {
        CAPTURE(vector.name);
        check_message(vector.record, vector.expected);
    }
}

// Goal: no prefix of a message passes for one, and none reads past its end (run under ASan).
// Method: every prefix in a buffer of exactly its size, and every record with a byte more.
TEST_CASE("parse_messagepack_message refuses every prefix of every message", "[protocol]") {
    for (const auto& vector : vectors()) {
        CAPTURE(vector.name);
        HubMessage message;
        for (std::size_t size = 0; size < vector.record.size(); ++size) {
            const std::vector<char> exact(
                vector.record.begin(), vector.record.begin() + static_cast<std::ptrdiff_t>(size));
            const auto parsed = parse_messagepack_message({exact.data(), exact.size()}, message);
            REQUIRE_FALSE(parsed);
            CHECK_FALSE(parsed.error().detail.empty());
        }
        CHECK_FALSE(parse_messagepack_message(vector.record + "\xC0", message));
    }
}

TEST_CASE("parse_messagepack_message skips a message of an unknown type", "[protocol]") {
    const auto record = GENERATE(
        as<std::string>{}, "\x91\x2A", std::string("\x91\x00", 2), "\x91\xFF", "\x93\x0A\x80\xA1x",
        std::string("\x91\xCE\x7F\xFF\xFF\xFF", 6), std::string("\x92\xD2\x80\x00\x00\x00\xC0", 7));
    HubMessage message;
    REQUIRE(parse_messagepack_message(record, message));
    CHECK(message.type == MessageType::unknown);
}

TEST_CASE("parse_messagepack_message forgets the message before", "[protocol]") {
    HubMessage message;
    REQUIRE(
        parse_messagepack_message("\x96\x01\x80\xA1"
                                  "1\xA1T\x91\x05\x91\xA1"
                                  "2",
                                  message));
    const auto capacity = message.arguments.capacity();
    REQUIRE(parse_messagepack_message("\x91\x06", message));
    CHECK(message.type == MessageType::ping);
    CHECK(message.target.empty());
    CHECK(message.arguments.empty());
    CHECK(message.stream_ids.empty());
    CHECK(message.invocation_id.empty());
    CHECK(message.arguments.capacity() == capacity);
}

TEST_CASE("parse_messagepack_message refuses what is not a message in the reference's words",
          "[protocol]") {
    struct Row {
        std::string record;
        const char* detail;
    };
    const Row rows[] = {
        {"", "Reading array length for 'message' failed."},
        {"\x01", "Reading array length for 'message' failed."},
        {"\x81\x01\x01", "Reading array length for 'message' failed."},
        {"\x90", "Reading 'messageType' as Int32 failed."},
        {"\x91\xA3"
         "foo",
         "Reading 'messageType' as Int32 failed."},
        {"\x91\xC0", "Reading 'messageType' as Int32 failed."},
        {"\x91\xCE\x80\x00\x00\x00"s, "Reading 'messageType' as Int32 failed."},
        {"\x91\xCF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "Reading 'messageType' as Int32 failed."},
        {"\x91\xD3\xFF\xFF\xFF\xFF\x7F\xFF\xFF\xFF", "Reading 'messageType' as Int32 failed."},

        {"\x92\x01\xA3"
         "foo",
         "Reading map length for 'headers' failed."},
        {"\x92\x01\xC0", "Reading map length for 'headers' failed."},
        {"\x92\x01\x82\x2A\xA3"
         "foo",
         "Reading 'headers[0].Key' as String failed."},
        {"\x92\x01\x82\xA3"
         "foo\x2A",
         "Reading 'headers[0].Value' as String failed."},
        {"\x92\x01\x84\xA3"
         "foo\xA3"
         "foo\x90\xA3"
         "foo",
         "Reading 'headers[1].Key' as String failed."},
        {"\x92\x01\x84\xA3"
         "foo\xA3"
         "foo\xA3"
         "foo\x90",
         "Reading 'headers[1].Value' as String failed."},
        {"\x92\x01\x82\xA0\xA3"
         "foo",
         "Null or empty key in header."},
        {"\x92\x01\x82\xC0\xA3"
         "foo",
         "Null or empty key in header."},
        {"\x92\x01\x82\xA3"
         "foo\xA0",
         "Null or empty value in header."},

        {"\x92\x01\x80", "Reading 'invocationId' as String failed."},
        {"\x91\x01\x80\xC2", "Reading 'invocationId' as String failed."},
        {"\x93\x01\x80\xA3"
         "abc",
         "Reading 'target' as String failed."},
        {"\x94\x01\x80\xA3"
         "abc\x2A",
         "Reading 'target' as String failed."},
        {"\x94\x01\x80\xA3"
         "abc\xA0",
         "Null or empty target for Invocation message."},
        {"\x94\x01\x80\xA3"
         "abc\xC0",
         "Null or empty target for Invocation message."},
        {"\x94\x01\x80\xA3"
         "abc\xA1T",
         "Reading array length for 'arguments' failed."},
        {"\x95\x01\x80\xA3"
         "abc\xA1T\x2A",
         "Reading array length for 'arguments' failed."},
        {"\x95\x01\x80\xA3"
         "abc\xA1T\x91\xC1",
         "Reading 'argument' failed."},
        {"\x95\x01\x80\xA3"
         "abc\xA1T\x91\xA2x",
         "Reading 'argument' failed."},
        {"\x96\x01\x80\xA3"
         "abc\xA1T\x90\xA1x",
         "Reading array length for 'streamIds' failed."},
        {"\x96\x01\x80\xA3"
         "abc\xA1T\x90\x91\x01",
         "Reading 'streamIds' as String failed."},
        {"\x96\x01\x80\xA3"
         "abc\xA1T\x91\xA0\x91\xA0",
         "Null or empty value in streamIds received."},

        {"\x92\x04\x80", "Reading 'invocationId' as String failed."},
        {"\x93\x04\x80\xA0", "Null or empty invocation ID for StreamInvocation message."},
        {"\x93\x04\x80\xC0", "Null or empty invocation ID for StreamInvocation message."},
        {"\x93\x04\x80\xC2", "Reading 'invocationId' as String failed."},
        {"\x94\x04\x80\xA3"
         "abc\xA0",
         "Null or empty target for StreamInvocation message."},

        {"\x92\x02\x80", "Reading 'invocationId' as String failed."},
        {"\x93\x02\x80\xA0", "Null or empty invocation ID for StreamItem message."},
        {"\x93\x02\x80\xC2", "Reading 'invocationId' as String failed."},
        {"\x93\x02\x80\xA3xyz", "Reading 'item' failed."},

        {"\x92\x03\x80", "Reading 'invocationId' as String failed."},
        {"\x93\x03\x80\xA0", "Null or empty invocation ID for Completion message."},
        {"\x93\x03\x80\xC2", "Reading 'invocationId' as String failed."},
        {"\x94\x03\x80\xA3xyz\xA3xyz", "Reading 'resultKind' as Int32 failed."},
        {"\x94\x03\x80\xA3xyz\x2A", "Invalid invocation result kind."},
        {"\x94\x03\x80\xA3xyz\x00"s, "Invalid invocation result kind."},
        {"\x94\x03\x80\xA3xyz\x01", "Reading 'error' as String failed."},
        {"\x95\x03\x80\xA3xyz\x01\x2A", "Reading 'error' as String failed."},
        {"\x94\x03\x80\xA3xyz\x03", "Reading 'argument' failed."},

        {"\x92\x05\x80", "Reading 'invocationId' as String failed."},
        {"\x93\x05\x80\xA0", "Null or empty invocation ID for CancelInvocation message."},
        {"\x91\x07", "Reading 'error' as String failed."},
        {"\x92\x07\xC2", "Reading 'error' as String failed."},
        {"\x93\x07\xC0\xC0", "Reading 'allowReconnect' as Boolean failed."},
        {"\x91\x08", "Reading 'sequenceId' as Int64 failed."},
        {"\x92\x08\xC0", "Reading 'sequenceId' as Int64 failed."},
        {"\x92\x08\xCF\x80\x00\x00\x00\x00\x00\x00\x00"s, "Reading 'sequenceId' as Int64 failed."},
        {"\x91\x09", "Reading 'sequenceId' as Int64 failed."},
        {"\x92\x09\xC0", "Reading 'sequenceId' as Int64 failed."},

        {"\x95\x01\x80\xC0\xA1\xFF\x90", "Reading 'target' as String failed."},
        {"\x93\x05\x80\xA3\xED\xA0\x80", "Reading 'invocationId' as String failed."},
        {"\x95\x01\x80\xC0\xA1T\x91\xA1\xFF", "Reading 'argument' failed."},

        {"\x91\x06\xC0", "The message is not one array of its length."},
        {"\x92\x06", "Reading array length for 'message' failed."},
        {"\x92\x06\xC1", "Reading 'message' failed."},
        {"\x94\x01\x80\xC0\xA1T\x90", "The message is not one array of its length."},
        {"\x92\x05\x80\xA3xyz", "The message is not one array of its length."},
    };
    for (const auto& row : rows) {
        CAPTURE(row.record, row.detail);
        HubMessage message;
        const auto parsed = parse_messagepack_message(row.record, message);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().detail == row.detail);
    }
}

TEST_CASE("parse_messagepack_message tells broken bytes from a wrong message", "[protocol]") {
    HubMessage message;
    CHECK(parse_messagepack_message("\x92\x08\xC0", message).error().code ==
          ProtocolErrc::bad_message);
    CHECK(parse_messagepack_message("\x92\x08\xC1", message).error().code ==
          ProtocolErrc::bad_messagepack);
}

// Goal: counts are the peer's claim. Method: records of a few bytes that announce 2^32 - 1 of
// everything.
TEST_CASE("parse_messagepack_message refuses counts that cannot be true at once", "[protocol]") {
    const auto record = GENERATE(
        as<std::string>{}, "\xDD\xFF\xFF\xFF\xFF\x06", "\x95\x01\xDF\xFF\xFF\xFF\xFF\xA1k\xA1v",
        "\x95\x01\x80\xC0\xA1T\xDD\xFF\xFF\xFF\xFF\x01",
        "\x95\x01\x80\xC0\xA1T\x91\xDD\xFF\xFF\xFF\xFF\x01",
        "\x95\x01\x80\xC0\xA1T\x91\xDF\xFF\xFF\xFF\xFF\x01\x01",
        "\x96\x01\x80\xC0\xA1T\x90\xDD\xFF\xFF\xFF\xFF\xA1x",
        "\x95\x01\x80\xC0\xDB\xFF\xFF\xFF\xFFT", "\x94\x02\x80\xA1i\xC6\xFF\xFF\xFF\xFFx",
        "\x94\x02\x80\xA1i\xC9\xFF\xFF\xFF\xFF\x05x");
    HubMessage message;
    const auto parsed = parse_messagepack_message(record, message);
    REQUIRE_FALSE(parsed);
    CHECK(message.arguments.capacity() == 0);
    CHECK(message.stream_ids.capacity() == 0);
}

TEST_CASE("parse_messagepack_message shows the headers as they came", "[protocol]") {
    HubMessage message;
    const auto record = "\x96\x01" + kHeaders + "\xC0\xA1T\x90\x90";
    REQUIRE(parse_messagepack_message(record, message));
    CHECK(message.headers == kHeaders);
    REQUIRE(parse_messagepack_message("\x96\x01\x80\xC0\xA1T\x90\x90", message));
    CHECK(message.headers.empty());
}

TEST_CASE("parse_messagepack_message follows 64 levels and refuses 65", "[protocol]") {
    struct Row {
        std::string before;
        std::size_t depth_before;
        std::string after;
    };
    const Row rows[] = {
        {"\x96\x01\x80\xC0\xA1T\x91", 2, "\x90"},
        {"\x94\x02\x80\xA1i", 1, ""},
        {"\x95\x03\x80\xA1i\x03", 1, ""},
        {"\x92\x2A", 1, ""},
    };
    for (const auto& row : rows) {
        const auto nest = [&row](std::size_t depth, const char* level) {
            std::string text = row.before;
            for (std::size_t i = row.depth_before + 1; i < depth; ++i) {
                text += level;
            }
            return text + "\x90" + row.after;
        };
        for (const char* level : {"\x91", "\x81\xC0"}) {
            HubMessage message;
            CHECK(parse_messagepack_message(nest(64, level), message));
            const auto refused = parse_messagepack_message(nest(65, level), message);
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code == ProtocolErrc::bad_messagepack);
        }
    }
}

}  // namespace
}  // namespace hubtrail::protocol
