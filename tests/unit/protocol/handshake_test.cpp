#include "protocol/handshake.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

TEST_CASE("parse_handshake reads protocol and version in any order among unknown properties",
          "[protocol]") {
    struct Row {
        const char* record;
        const char* protocol;
        std::int64_t version;
    };
    const Row rows[] = {
        {R"({"protocol":"json","version":1})", "json", 1},
        {R"({"version":2,"protocol":"messagepack"})", "messagepack", 2},
        {R"( { "protocol" : "json" , "version" : 0 } )", "json", 0},
        {R"({"protocol":"json","version":-5,"minorVersion":{"a":[1]}})", "json", -5},
        {R"({"x":null,"protocol":"","version":3})", "", 3},
        {R"({"protocol":"j\u0073on","version":1})", "json", 1},
        {R"({"protocol":"json","version":2147483647})", "json", 2147483647},
    };
    for (const auto& row : rows) {
        CAPTURE(row.record);
        const auto request = parse_handshake(row.record);
        REQUIRE(request);
        CHECK(request->protocol == row.protocol);
        CHECK(request->version == row.version);
    }
}

TEST_CASE("parse_handshake says what is wrong in the reference's words", "[protocol]") {
    struct Row {
        const char* record;
        const char* detail;
    };
    const Row rows[] = {
        {"null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."},
        {"[]", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."},
        {"42", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."},
        {"{}", "Missing required property 'protocol'. Message content: {}"},
        {R"({"version":1})",
         R"(Missing required property 'protocol'. Message content: {"version":1})"},
        {R"({"protocol":"json"})",
         R"(Missing required property 'version'. Message content: {"protocol":"json"})"},
        {R"({"protocol":"json","version":null})",
         R"(Missing required property 'version'. Message content: {"protocol":"json","version":null})"},
        {R"({"Protocol":"json","version":1})",
         R"(Missing required property 'protocol'. Message content: {"Protocol":"json","version":1})"},
        {R"({"protocol":1,"version":1})", "Expected 'protocol' to be of type String."},
        {R"({"protocol":null,"version":1})", "Expected 'protocol' to be of type String."},
        {R"({"protocol":"json","version":"1"})", "Expected 'version' to be of type Number."},
        {R"({"protocol":"json","version":[]})", "Expected 'version' to be of type Number."},
        {R"({"protocol":"json","protocol":"json","version":1})", "Duplicate property 'protocol'."},
        {R"({"protocol":"json","version":1,"version":1})", "Duplicate property 'version'."},
        {R"({"type":6})", R"(Missing required property 'protocol'. Message content: {"type":6})"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.record);
        const auto request = parse_handshake(row.record);
        REQUIRE_FALSE(request);
        CHECK(request.error().code == ProtocolErrc::bad_handshake);
        CHECK(to_text(request.error()) == std::string("InvalidDataException: ") + row.detail);
    }
}

TEST_CASE("A handshake that is no JSON is refused with the place of the mistake", "[protocol]") {
    const std::pair<const char*, int> rows[] = {
        {"", 0},
        {"x", 0},
        {"{", 1},
        {R"({"protocol":"json","version":1)", 30},
        {R"({"protocol":"json","version":1} x)", 32},
        {R"({"protocol":"json","version":1,})", 31},
        {R"({"protocol":"json","version":nul})", 29},
    };
    for (const auto& [record, place] : rows) {
        CAPTURE(record);
        const auto request = parse_handshake(record);
        REQUIRE_FALSE(request);
        CHECK(request.error().code == ProtocolErrc::bad_handshake);
        CHECK(to_text(request.error()) ==
              "JsonReaderException: The handshake is not valid JSON, see byte " +
                  std::to_string(place) + ".");
    }
}

TEST_CASE("A handshake's version is an integer of 32 bits", "[protocol]") {
    const std::string head = R"({"protocol":"json","version":)";
    for (const auto* version :
         {"1.5", "1e0", "2147483648", "-2147483649", "99999999999999999999"}) {
        CAPTURE(version);
        const auto request = parse_handshake(head + version + "}");
        REQUIRE_FALSE(request);
        CHECK(to_text(request.error()) ==
              "FormatException: Either the JSON value is not in a supported format, or is out of "
              "bounds for an Int32.");
    }
    CHECK(parse_handshake(R"({"protocol":"json","version":2147483647})"));
}

TEST_CASE("The handshake's answers have the reference's bytes", "[protocol]") {
    CHECK(kHandshakeAccepted == std::string("{}\x1e"));
    std::string out;
    append_handshake_error(out, "The protocol 'x\"y' is not supported.");
    CHECK(out == "{\"error\":\"The protocol 'x\\\"y' is not supported.\"}\x1e");
}

}  // namespace
}  // namespace hubtrail::protocol
