#include "protocol/json_bridge.h"

#include <memory>
#include <string>
#include <vector>

#include "protocol/json_scanner.h"
#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

const protocol::HubProtocol& json() {
    return protocol::json_hub_protocol();
}
const protocol::HubProtocol& messagepack() {
    return protocol::messagepack_hub_protocol();
}

std::string written(const protocol::HubProtocol& protocol, const std::string& text) {
    std::string raw;
    REQUIRE(write_json(*protocol.make_writer(raw), text));
    return raw;
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("JSON goes to MessagePack and back", "[hub]") {
    for (const std::string text : {
             "null",
             "true",
             "false",
             "0",
             "-1",
             "9223372036854775807",
             "-9223372036854775808",
             "9223372036854775808",
             "18446744073709551615",
             "0.5",
             R"("")",
             R"("a\"\\\n\u0001")",
             R"("äöü €")",
             "[]",
             "{}",
             "[[],{}]",
             R"([1,"a",[2,[3]],{"b":[true,null]}])",
             R"({"a":1,"b":{"c":[1,2,3]},"Lost_At":"x","d":{}})",
             R"({"":0})",
         }) {
        CAPTURE(text);
        const auto back = to_json(messagepack(), written(messagepack(), text));
        REQUIRE(back);
        CHECK(*back == text);
        // Names stay as they are in JSON too.
        CHECK(written(json(), text) == text);
        CHECK(*to_json(json(), text) == text);
    }
}

TEST_CASE("Escapes and white space do not survive, numbers beyond 64 bits become doubles",
          "[hub]") {
    CHECK(written(json(), "{ \"\\u0061\" : [ 1 , \"\\u00e9\" ] } ") == "{\"a\":[1,\"é\"]}");
    CHECK(written(messagepack(), "1e2") == std::string("\xcb\x40\x59\0\0\0\0\0\0", 9));
    CHECK(*to_json(messagepack(), written(messagepack(), "18446744073709551616")) ==
          "1.8446744073709552E+19");
}

TEST_CASE("What is not JSON is refused", "[hub]") {
    for (const std::string text :
         {"", "nope", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "1 2", "\"a", "{\"a\":1,}", "[1 2]"}) {
        CAPTURE(text);
        std::string raw;
        CHECK_FALSE(write_json(*messagepack().make_writer(raw), text));
    }
}

TEST_CASE("JSON is followed to a depth of 64", "[hub]") {
    const auto most = protocol::JsonScanner::kDepthMax;
    CHECK(written(messagepack(), nested(most)).size() == most);
    std::string raw;
    CHECK_FALSE(write_json(*messagepack().make_writer(raw), nested(most + 1)));
}

TEST_CASE("What JSON has no form for becomes text, or is refused", "[hub]") {
    std::string raw;
    auto writer = messagepack().make_writer(raw);
    writer->begin_array(2);
    writer->binary("ab");
    writer->timestamp({1, 0});
    writer->end_array();
    CHECK(*to_json(messagepack(), raw) == R"(["YWI=","1970-01-01T00:00:01Z"])");
    CHECK_FALSE(
        to_json(messagepack(), std::string("\xd4\x05\x00", 3)));  // an extension of nobody's
    CHECK_FALSE(to_json(messagepack(), "\x92\x01"));              // cut off
    CHECK_FALSE(to_json(messagepack(), std::string("\x81\x01\x02", 3)));  // a name that is a number
}

}  // namespace hubtrail::protocol
