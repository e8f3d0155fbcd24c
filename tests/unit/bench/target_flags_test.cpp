#include "bench/target_flags.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace hubtrail::bench;

namespace {

/// Sets texts and switches by name, as a command line would.
void give(const std::vector<Flag>& flags, const std::string& names, const std::string& value) {
    for (const auto& flag : flags) {
        if (flag.names == names) {
            if (const auto* flip = std::get_if<Flag::Switch>(&flag.kind)) {
                *flip->value = true;
            } else {
                *std::get<Flag::Text>(flag.kind).value = value;
            }
            return;
        }
    }
    FAIL(names);
}

TEST_CASE("Without a flag the target is this machine's server", "[bench]") {
    Target target;
    TargetFlags flags;
    flags.bind(target);
    REQUIRE(flags.apply(target, Encodings::json, ""));
    CHECK(target.host == "127.0.0.1");
    CHECK(target.port == 8080);
    CHECK(target.path == "/bench");
    CHECK(target.tokens.empty());
    CHECK(flags.format() == OutputFormat::table);
}

TEST_CASE("A path of its own wins over that of the address", "[bench]") {
    Target target;
    TargetFlags flags;
    const auto bound = flags.bind(target);
    give(bound, "--target,--url", "http://127.0.0.1:9/hub");
    REQUIRE(flags.apply(target, Encodings::json, ""));
    CHECK(target.path == "/hub");
    give(bound, "--path", "/other");
    REQUIRE(flags.apply(target, Encodings::json, ""));
    CHECK(target.path == "/other");
}

TEST_CASE("A token is taken from elsewhere only when no flag gave one", "[bench]") {
    Target target;
    TargetFlags flags;
    flags.bind(target);
    target.tokens = {"flag"};
    REQUIRE(flags.apply(target, Encodings::json, "variable"));
    CHECK(target.tokens == std::vector<std::string>{"flag"});
    target.tokens.clear();
    REQUIRE(flags.apply(target, Encodings::json, "variable"));
    CHECK(target.tokens == std::vector<std::string>{"variable"});
}

TEST_CASE("What does not go together is refused", "[bench]") {
    struct Row {
        Encodings encodings;
        const char* protocol;
        const char* transport;
        bool stateful;
        std::string error;  ///< empty: none
    };
    const auto row = GENERATE(values<Row>({
        {Encodings::json, "json", "longpolling", false, ""},
        {Encodings::json, "json", "websockets", true, ""},
        {Encodings::json, "json", "sse", true,
         "--stateful needs WebSockets: only they can be resumed"},
        {Encodings::json, "messagepack", "websockets", false,
         "--protocol messagepack: this scenario speaks JSON only"},
        {Encodings::json_and_messagepack, "messagepack", "websockets", true, ""},
        {Encodings::json_and_messagepack, "messagepack", "sse", false,
         "--protocol messagepack is there for WebSockets only"},
    }));
    CAPTURE(row.protocol, row.transport, row.stateful);
    Target target;
    TargetFlags flags;
    const auto bound = flags.bind(target);
    give(bound, "--protocol", row.protocol);
    give(bound, "--transport", row.transport);
    if (row.stateful) {
        give(bound, "--stateful", "");
    }
    const auto applied = flags.apply(target, row.encodings, "");
    CHECK((applied ? "" : applied.error().text) == row.error);
}

TEST_CASE("An address that is not this machine's names its flag", "[bench]") {
    Target target;
    TargetFlags flags;
    give(flags.bind(target), "--target,--url", "10.0.0.1:80");
    const auto applied = flags.apply(target, Encodings::json, "");
    REQUIRE_FALSE(applied);
    CHECK(applied.error().text.find("--target '10.0.0.1:80'") == 0);
}

}  // namespace
