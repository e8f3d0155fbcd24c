#include "protocol/json_hub_protocol.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using Views = std::vector<std::string_view>;
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
    CAPTURE(record);
    HubMessage message;
    const auto parsed = parse_json_message(record, message);
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

std::string object_of(const Texts& members) {
    std::string text = "{";
    for (const auto& member : members) {
        text += (text.size() > 1 ? "," : "") + member;
    }
    return text + "}";
}

struct Vector {
    std::string name;
    Texts members;
    Expected expected;
};

std::vector<Vector> vectors() {
    std::vector<Vector> all;
    const auto add = [&all](std::string name, Texts members, MessageType type) -> Expected& {
        all.push_back({std::move(name), std::move(members), {}});
        all.back().expected.type = type;
        return all.back().expected;
    };
    {
        auto& e = add("invocation",
                      {R"("type":1)", R"("target":"Echo")", R"("arguments":["hi",42])",
                       R"("invocationId":"0")"},
                      MessageType::invocation);
        e.id = "0";
        e.target = "Echo";
        e.arguments = {"\"hi\"", "42"};
    }
    {
        auto& e =
            add("non-blocking invocation",
                {R"("type":1)", R"("target":"Foo")", R"("arguments":[])"}, MessageType::invocation);
        e.target = "Foo";
    }
    {
        auto& e =
            add("invocation with an empty id",
                {R"("type":1)", R"("target":"Foo")", R"("arguments":[ ])", R"("invocationId":"")"},
                MessageType::invocation);
        e.target = "Foo";
    }
    {
        auto& e = add(
            "upload",
            {R"("target":"Up")", R"("arguments":[5])", R"("streamIds":["0","1"])", R"("type":1)"},
            MessageType::invocation);
        e.target = "Up";
        e.arguments = {"5"};
        e.stream_ids = {"0", "1"};
    }
    {
        auto& e = add("invocation with headers",
                      {R"("type":1)", R"("headers":{"a":"b","a":"c"})", R"("target":"T")",
                       R"("arguments":[null])"},
                      MessageType::invocation);
        e.target = "T";
        e.arguments = {"null"};
    }
    {
        auto& e =
            add("stream item", {R"("type":2)", R"("invocationId":"1")", R"("item":{"a": [1, 2]})"},
                MessageType::stream_item);
        e.id = "1";
        e.value = R"({"a": [1, 2]})";
    }
    {
        auto& e = add("completion with a result",
                      {R"("type":3)", R"("invocationId":"0")", R"("result":null)"},
                      MessageType::completion);
        e.id = "0";
        e.value = "null";
    }
    {
        auto& e = add("completion without a result", {R"("type":3)", R"("invocationId":"0")"},
                      MessageType::completion);
        e.id = "0";
    }
    {
        auto& e = add("completion with an error",
                      {R"("type":3)", R"("invocationId":"0")", R"("error":"why")"},
                      MessageType::completion);
        e.id = "0";
        e.error = "why";
        e.has_error = true;
    }
    {
        auto& e =
            add("completion with an empty error",
                {R"("type":3)", R"("invocationId":"0")", R"("error":"")"}, MessageType::completion);
        e.id = "0";
        e.has_error = true;
    }
    {
        auto& e = add(
            "stream invocation",
            {R"("type":4)", R"("target":"St")", R"("arguments":[[3]])", R"("invocationId":"1")"},
            MessageType::stream_invocation);
        e.id = "1";
        e.target = "St";
        e.arguments = {"[3]"};
    }
    {
        auto& e =
            add("cancel", {R"("type":5)", R"("invocationId":"1")"}, MessageType::cancel_invocation);
        e.id = "1";
    }
    add("ping", {R"("type":6)"}, MessageType::ping);
    add("close", {R"("type":7)"}, MessageType::close);
    {
        auto& e =
            add("close with all", {R"("type":7)", R"("error":"e")", R"("allowReconnect":true)"},
                MessageType::close);
        e.error = "e";
        e.has_error = true;
        e.allow_reconnect = true;
    }
    add("close without reconnect", {R"("type":7)", R"("allowReconnect":false)"},
        MessageType::close);
    add("ack", {R"("type":8)", R"("sequenceId":1394)"}, MessageType::ack).sequence_id = 1394;
    add("sequence", {R"("type":9)", R"("sequenceId":9007199254740993)"}, MessageType::sequence)
        .sequence_id = 9007199254740993;
    return all;
}

// Goal: a client may write properties in any order, with any it invented. Method: every permutation
// of each message, bare, with unknown properties around, and with white space.
TEST_CASE("parse_json_message reads every message in every order of its properties", "[protocol]") {
    for (const auto& vector : vectors()) {
        CAPTURE(vector.name);
        auto members = vector.members;
        std::sort(members.begin(), members.end());
        do {
            check_message(object_of(members), vector.expected);
            auto more = members;
            more.insert(more.begin(), R"("x":{"type":9,"y":[1,{"z":null}]})");
            more.insert(more.begin() + 2, R"("Type":"other","x":1)");
            check_message(object_of(more), vector.expected);
        } while (std::next_permutation(members.begin(), members.end()));
        check_message(" \t\r\n" + object_of(members) + "\r\n ", vector.expected);
    }
}

TEST_CASE("parse_json_message keeps raw values as the peer wrote them", "[protocol]") {
    Expected expected;
    expected.type = MessageType::invocation;
    expected.target = "T";
    expected.arguments = {R"({"b": 1,  "a":"\u0041\ud800"})", "1e5", "\"\\u0000\"", "[ ]"};
    check_message(
        R"({"type":1,"target":"T","arguments":[ {"b": 1,  "a":"\u0041\ud800"} , 1e5,"\u0000" ,[ ]]})",
        expected);
}

TEST_CASE("parse_json_message reads escaped names and texts", "[protocol]") {
    Expected expected;
    expected.type = MessageType::invocation;
    expected.id = "\xF0\x9F\x98\x80";
    expected.target = "a\"b/\xC3\xA9";
    check_message(
        R"({"\u0074ype":1,"target":"a\"b\/\u00e9","arguments":[],"invocationId":"\ud83d\ude00"})",
        expected);
}

TEST_CASE("parse_json_message skips a message of an unknown type", "[protocol]") {
    const auto type = GENERATE(as<std::string>{}, "0", "10", "42", "-1", "255", "256", "2147483647",
                               "-2147483648");
    CAPTURE(type);
    HubMessage message;
    REQUIRE(parse_json_message(R"({"type":)" + type + R"(,"what":[1]})", message));
    CHECK(message.type == MessageType::unknown);
}

TEST_CASE("parse_json_message forgets the message before", "[protocol]") {
    HubMessage message;
    REQUIRE(parse_json_message(
        R"({"type":1,"target":"T","arguments":[1],"invocationId":"1","streamIds":["2"],"error":"e","allowReconnect":true})",
        message));
    const auto capacity = message.arguments.capacity();
    REQUIRE(parse_json_message(R"({"type":6})", message));
    CHECK(message.type == MessageType::ping);
    CHECK(message.target.empty());
    CHECK(message.arguments.empty());
    CHECK(message.stream_ids.empty());
    CHECK(message.invocation_id.empty());
    CHECK(message.error.empty());
    CHECK_FALSE(message.has_error);
    CHECK_FALSE(message.allow_reconnect);
    CHECK(message.arguments.capacity() == capacity);
}

TEST_CASE("parse_json_message refuses what is not a message in the reference's words",
          "[protocol]") {
    struct Row {
        const char* record;
        const char* detail;
    };
    const Row rows[] = {
        {"{}", "Missing required property 'type'."},
        {R"({"Type":1})", "Missing required property 'type'."},
        {R"({"type":null})", "Expected 'type' to be of type Number."},
        {R"({"type":"1"})", "Expected 'type' to be of type Number."},
        {R"({"type":[1]})", "Expected 'type' to be of type Number."},
        {"null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."},
        {"true", "Unexpected JSON Token Type 'True'. Expected a JSON Object."},
        {"false", "Unexpected JSON Token Type 'False'. Expected a JSON Object."},
        {"42", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."},
        {"\"foo\"", "Unexpected JSON Token Type 'String'. Expected a JSON Object."},
        {"[42]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."},

        {R"({"type":1})", "Missing required property 'target'."},
        {R"({"type":1,"arguments":[]})", "Missing required property 'target'."},
        {R"({"type":1,"target":"T"})", "Missing required property 'arguments'."},
        {R"({"type":1,"target":42,"arguments":[]})", "Expected 'target' to be of type String."},
        {R"({"type":1,"target":null,"arguments":[]})", "Expected 'target' to be of type String."},
        {R"({"type":1,"target":"T","arguments":42})", "Expected 'arguments' to be of type Array."},
        {R"({"type":1,"target":"T","arguments":{}})", "Expected 'arguments' to be of type Array."},
        {R"({"type":1,"target":"T","arguments":[],"invocationId":42})",
         "Expected 'invocationId' to be of type String."},
        {R"({"type":1,"target":"T","arguments":[],"invocationId":null})",
         "Expected 'invocationId' to be of type String."},
        {R"({"type":1,"target":"T","arguments":[],"streamIds":"1"})",
         "Expected 'streamIds' to be of type Array."},
        {R"({"type":1,"target":"T","arguments":[],"streamIds":["1",null]})",
         "Null value for 'streamIds' is not valid."},
        {R"({"type":1,"target":"T","arguments":[],"headers":{"x":42}})",
         "Expected header 'x' to be of type String."},
        {R"({"type":1,"target":"T","arguments":[],"headers":{"a":"b","\u0078":null}})",
         "Expected header 'x' to be of type String."},
        {R"({"type":1,"target":"T","arguments":[],"headers":["x"]})",
         "Expected 'headers' to be of type StartObject."},

        {R"({"type":2})", "Missing required property 'invocationId'."},
        {R"({"type":2,"item":1})", "Missing required property 'invocationId'."},
        {R"({"type":2,"item":1,"invocationId":""})", "Missing required property 'invocationId'."},
        {R"({"type":2,"invocationId":"1"})", "Missing required property 'item'."},
        {R"({"type":2,"invocationId":"1","result":1})", "Missing required property 'item'."},

        {R"({"type":3})", "Missing required property 'invocationId'."},
        {R"({"type":3,"error":"e","result":1})", "Missing required property 'invocationId'."},
        {R"({"type":3,"invocationId":"1","error":[]})", "Expected 'error' to be of type String."},
        {R"({"type":3,"invocationId":"1","error":"e","result":true})",
         "The 'error' and 'result' properties are mutually exclusive."},
        {R"({"type":3,"result":null,"error":"","invocationId":"1"})",
         "The 'error' and 'result' properties are mutually exclusive."},

        {R"({"type":4})", "Missing required property 'target'."},
        {R"({"type":4,"target":"T","arguments":[]})", "Missing required property 'invocationId'."},
        {R"({"type":4,"target":"T","arguments":[],"invocationId":""})",
         "Missing required property 'invocationId'."},
        {R"({"type":4,"target":"T","invocationId":"1"})", "Missing required property 'arguments'."},
        {R"({"type":5})", "Missing required property 'invocationId'."},
        {R"({"type":7,"allowReconnect":1})", "Expected 'allowReconnect' to be true or false."},
        {R"({"type":7,"allowReconnect":null})", "Expected 'allowReconnect' to be true or false."},
        {R"({"type":7,"error":null})", "Expected 'error' to be of type String."},
        {R"({"type":8})", "Missing required property 'sequenceId'."},
        {R"({"type":9})", "Missing required property 'sequenceId'."},
        {R"({"type":8,"sequenceId":"1"})", "Expected 'sequenceId' to be of type Number."},
        {R"({"type":6,"type":6})", "Duplicate property 'type'."},
        {R"({"type":6,"\u0074ype":6})", "Duplicate property 'type'."},
        {R"({"type":1,"target":"T","arguments":[],"arguments":[]})",
         "Duplicate property 'arguments'."},
    };
    for (const auto& row : rows) {
        CAPTURE(row.record);
        HubMessage message;
        const auto parsed = parse_json_message(row.record, message);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ProtocolErrc::bad_message);
        CHECK(to_text(parsed.error()) == std::string("InvalidDataException: ") + row.detail);
    }
}

TEST_CASE("parse_json_message names the reference's exceptions where they are others",
          "[protocol]") {
    const std::string number =
        "FormatException: Either the JSON value is not in a supported format, or is out of ";
    const std::string int32 = number + "bounds for an Int32.";
    const std::string token = "InvalidOperationException: Cannot get the value of a token type '";
    const auto ids = [](const std::string& list) {
        return R"({"type":1,"target":"T","arguments":[],"streamIds":)" + list + "}";
    };
    const std::pair<std::string, std::string> rows[] = {
        {R"({"type":1.5})", int32},
        {R"({"type":1e0})", int32},
        {R"({"type":2147483648})", int32},
        {R"({"type":99999999999999999999})", int32},
        {R"({"type":8,"sequenceId":1.5})", number + "bounds for an Int64."},
        {R"({"type":9,"sequenceId":9223372036854775808})", number + "bounds for an Int64."},
        {ids("[1]"), token + "Number' as a string."},
        {ids(R"(["1",true])"), token + "True' as a string."},
        {ids("[false]"), token + "False' as a string."},
        {ids("[[]]"), token + "StartArray' as a string."},
        {ids("[{}]"), token + "StartObject' as a string."},
    };
    for (const auto& [record, text] : rows) {
        CAPTURE(record);
        HubMessage message;
        const auto parsed = parse_json_message(record, message);
        REQUIRE_FALSE(parsed);
        CHECK(to_text(parsed.error()) == text);
    }
}

TEST_CASE("parse_json_message takes an empty target: the hub has none of that name", "[protocol]") {
    for (const auto* type : {"1", "4"}) {
        HubMessage message;
        message.target = "left over";
        const std::string record = R"({"target":"","arguments":[],"invocationId":"1","type":)";
        REQUIRE(parse_json_message(record + type + "}", message));
        CHECK(message.target.empty());
    }
}

TEST_CASE("parse_json_message refuses what is not JSON", "[protocol]") {
    const auto record = GENERATE(
        as<std::string>{}, "", " ", "x", "{", R"({"type")", R"({"type":)", R"({"type":6)",
        R"({"type":6,})", R"({"type":6}})", R"({"type":6}{"type":6})", R"({"type":6} x)",
        R"({'type':6})", R"({type:6})", R"({"type":06})", R"({"type":6/**/})",
        R"({"type":1,"target":"T","arguments":[1,]})", R"({"type":1,"target":"T","arguments":[)",
        R"({"type":1,"target":"T","arguments":[tru]})",
        "{\"type\":1,\"target\":\"\xff\",\"arguments\":[]}", "{\"type\":6,\"x\":\"\xED\xA0\x80\"}",
        "{\"type\":6,\"x\":\"\n\"}", R"({"type":6,"x":"\q"})", "[1", "nul");
    CAPTURE(record);
    HubMessage message;
    const auto parsed = parse_json_message(record, message);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == ProtocolErrc::bad_json);
    CHECK(parsed.error().detail == "Error reading JSON.");
}

TEST_CASE("parse_json_message shows the headers as they came", "[protocol]") {
    const auto headers = [](const std::string& text) {
        HubMessage message;
        const auto record = R"({"headers":)" + text + R"(,"type":1,"target":"T","arguments":[]})";
        REQUIRE(parse_json_message(record, message));
        return std::string(message.headers);
    };
    CHECK(headers(R"({"a":"b"})") == R"({"a":"b"})");
    CHECK(headers(R"( { "a" : "b" , "c":"\u0064" } )") == R"({ "a" : "b" , "c":"\u0064" })");
    CHECK(headers("{}").empty());
    CHECK(headers("{ }").empty());
    HubMessage message;
    REQUIRE(parse_json_message(R"({"type":1,"headers":{"a":"b"},"target":"T","arguments":[]})",
                               message));
    REQUIRE(parse_json_message(R"({"type":1,"target":"T","arguments":[]})", message));
    CHECK(message.headers.empty());
}

TEST_CASE("parse_json_message says what is wrong with half a surrogate pair", "[protocol]") {
    const std::string missing =
        "Cannot read incomplete UTF-16 JSON text as string with missing low surrogate.";
    const std::string invalid =
        "Cannot read invalid UTF-16 JSON text as string. Invalid surrogate value: '0xDC01'.";
    struct Row {
        std::string text;
        std::string detail;
    };
    for (const auto& row : std::vector<Row>{{R"(\ud800)", missing},
                                            {R"(\ud800x)", missing},
                                            {R"(\\\n\udbff)", missing},
                                            {R"(\udc01)", invalid},
                                            {R"(\ud83d\ude00\u0041\uDC01x)", invalid}}) {
        CAPTURE(row.text);
        for (const auto& record :
             {R"({"type":1,"headers":{"x":")" + row.text + R"("},"target":"T","arguments":[]})",
              R"({"type":1,"target":")" + row.text + R"(","arguments":[]})"}) {
            HubMessage message;
            const auto parsed = parse_json_message(record, message);
            REQUIRE_FALSE(parsed);
            CHECK(parsed.error().code == ProtocolErrc::bad_message);
            CHECK(to_text(parsed.error()) == "InvalidOperationException: " + row.detail);
        }
    }
}

TEST_CASE("parse_json_message refuses half a surrogate pair in its own texts", "[protocol]") {
    for (const auto* record :
         {R"({"type":1,"target":"\ud800","arguments":[]})", R"({"type":5,"invocationId":"\udc00"})",
          R"({"type":6,"\ud800":1})", R"({"type":6,"headers":{"\ud800":"x"}})",
          R"({"type":7,"error":"\ud800x"})"}) {
        CAPTURE(record);
        HubMessage message;
        CHECK_FALSE(parse_json_message(record, message));
    }
}

TEST_CASE("parse_json_message takes a record of depth 64 and refuses depth 65", "[protocol]") {
    const auto nest = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    struct Row {
        std::string before;
        std::size_t depth_before;  // of the place where the value stands
        std::string after;
    };
    const std::vector<Row> rows{
        {R"({"type":1,"target":"T","arguments":[)", 2, "]}"},
        {R"({"type":1,"target":"T","arguments":)", 1, "}"},
        {R"({"type":2,"invocationId":"1","item":)", 1, "}"},
        {R"({"type":3,"invocationId":"1","result":)", 1, "}"},
        {R"({"type":6,"unknown":)", 1, "}"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.before);
        HubMessage message;
        CHECK(parse_json_message(row.before + nest(64 - row.depth_before) + row.after, message));
        const auto refused =
            parse_json_message(row.before + nest(65 - row.depth_before) + row.after, message);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ProtocolErrc::bad_json);
    }
}

// Goal: no prefix of a message passes for one, and none reads past its end (run under ASan).
// Method: every prefix, in a buffer of exactly its size.
TEST_CASE("parse_json_message refuses every prefix of every message", "[protocol]") {
    for (const auto& vector : vectors()) {
        const auto record = object_of(vector.members);
        for (std::size_t size = 0; size < record.size(); ++size) {
            const std::vector<char> exact(record.begin(),
                                          record.begin() + static_cast<std::ptrdiff_t>(size));
            HubMessage message;
            CHECK_FALSE(parse_json_message({exact.data(), exact.size()}, message));
        }
    }
}

TEST_CASE("The writers give the reference's bytes", "[protocol]") {
    const auto written = [](auto&& write) {
        std::string out = "before ";
        write(out);
        return out.substr(7);
    };
    CHECK(written([](auto& out) { append_json_invocation(out, "Message", R"("x",42)"); }) ==
          "{\"type\":1,\"target\":\"Message\",\"arguments\":[\"x\",42]}\x1e");
    CHECK(written([](auto& out) { append_json_client_result_request(out, "s1", "Result", ""); }) ==
          "{\"type\":1,\"invocationId\":\"s1\",\"target\":\"Result\",\"arguments\":[]}\x1e");
    CHECK(written([](auto& out) { append_json_stream_item(out, "1", "0"); }) ==
          "{\"type\":2,\"invocationId\":\"1\",\"item\":0}\x1e");
    CHECK(written([](auto& out) { append_json_completion(out, "1"); }) ==
          "{\"type\":3,\"invocationId\":\"1\"}\x1e");
    CHECK(written([](auto& out) { append_json_completion_result(out, "0", "42"); }) ==
          "{\"type\":3,\"invocationId\":\"0\",\"result\":42}\x1e");
    CHECK(written([](auto& out) { append_json_completion_result(out, "0", "null"); }) ==
          "{\"type\":3,\"invocationId\":\"0\",\"result\":null}\x1e");
    CHECK(written([](auto& out) { append_json_completion_error(out, "0", "it \"broke\"\n"); }) ==
          "{\"type\":3,\"invocationId\":\"0\",\"error\":\"it \\\"broke\\\"\\n\"}\x1e");
    CHECK(kJsonPing == "{\"type\":6}\x1e");
    CHECK(written([](auto& out) { append_json_close(out, "", false); }) == "{\"type\":7}\x1e");
    CHECK(written([](auto& out) { append_json_close(out, "e", false); }) ==
          "{\"type\":7,\"error\":\"e\"}\x1e");
    CHECK(written([](auto& out) { append_json_close(out, "", true); }) ==
          "{\"type\":7,\"allowReconnect\":true}\x1e");
    CHECK(written([](auto& out) { append_json_close(out, "e", true); }) ==
          "{\"type\":7,\"error\":\"e\",\"allowReconnect\":true}\x1e");
    CHECK(written([](auto& out) { append_json_invocation(out, "a\"\n", ""); }) ==
          "{\"type\":1,\"target\":\"a\\\"\\n\",\"arguments\":[]}\x1e");
    CHECK(written([](auto& out) { append_json_completion(out, "\"\x1e"); }) ==
          "{\"type\":3,\"invocationId\":\"\\\"\\u001E\"}\x1e");
}

TEST_CASE("What the writers write is read back", "[protocol]") {
    std::string out;
    append_json_client_result_request(out, "s\"1", "T\\", "1,[2]");
    HubMessage message;
    REQUIRE(parse_json_message(std::string_view{out}.substr(0, out.size() - 1), message));
    CHECK(message.invocation_id == "s\"1");
    CHECK(message.target == "T\\");
    CHECK(message.arguments == Views{"1", "[2]"});
}

}  // namespace
}  // namespace hubtrail::protocol
