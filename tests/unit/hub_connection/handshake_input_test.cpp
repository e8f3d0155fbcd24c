#include "hub/connection/handshake_input.h"

#include <string>

#include "tests/support/catch.h"
#include "tests/support/fake_connection.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {
namespace {

/// Thread: strand.
struct Beginning {
    explicit Beginning(HubOptions options_of = {}) : options(std::move(options_of)) {}

    /// What is left of `bytes` is in `rest`.
    std::optional<HandshakeAnswer> take(std::string_view bytes) {
        auto answer = input.take(bytes, connection);
        rest = bytes;
        return answer;
    }

    HubOptions options;
    transport::FakeLoop loop;
    transport::OutputScheduler scheduler{loop};
    transport::FakeConnection connection{scheduler, loop};
    HandshakeInput input{options};
    std::string rest;
};

const std::string kRequest = "{\"protocol\":\"json\",\"version\":1}\x1e";

TEST_CASE("A handshake is answered when its last byte is there, however it is cut", "[hub]") {
    for (std::size_t cut = 0; cut < kRequest.size(); ++cut) {
        CAPTURE(cut);
        Beginning begin;
        CHECK_FALSE(begin.take(kRequest.substr(0, cut)));
        CHECK(begin.rest.empty());
        const auto answer = begin.take(kRequest.substr(cut) + "what follows");
        REQUIRE(answer);
        CHECK(answer->protocol == &protocol::json_hub_protocol());
        CHECK(begin.rest == "what follows");
    }
}

TEST_CASE("What a client chose is found without case, and only if the hub speaks it", "[hub]") {
    const auto ask = [](Beginning& begin, const std::string& name) {
        return *begin.take("{\"protocol\":\"" + name + "\",\"version\":1}\x1e");
    };
    Beginning both;
    CHECK(ask(both, "MessagePACK").protocol == &protocol::messagepack_hub_protocol());
    HubOptions options;
    options.protocols.json = false;
    Beginning one(options);
    const auto refused = ask(one, "Json");
    CHECK(refused.protocol == nullptr);
    CHECK(refused.error == "The protocol 'Json' is not supported.");
    options.protocols = {true, false, protocol::NamingRule::unchanged};
    Beginning named(options);
    CHECK(ask(named, "json").protocol ==
          &protocol::json_hub_protocol(protocol::NamingRule::unchanged));
}

TEST_CASE("Version 2 knows stateful reconnect, version 3 does not exist", "[hub]") {
    const auto ask = [](int version) {
        Beginning begin;
        return *begin.take("{\"protocol\":\"json\",\"version\":" + std::to_string(version) +
                           "}\x1e");
    };
    CHECK_FALSE(ask(1).knows_resume);
    CHECK(ask(2).knows_resume);
    CHECK(ask(3).protocol == nullptr);
    CHECK(ask(3).error == "The server does not support version 3 of the 'json' protocol.");
}

TEST_CASE("A handshake may be as long as a message, and no longer", "[hub]") {
    HubOptions options;
    options.receive_bytes_max = kRequest.size();
    Beginning exact(options);
    CHECK(exact.take(kRequest)->protocol != nullptr);
    options.receive_bytes_max = kRequest.size() - 1;
    Beginning over(options);
    CHECK(over.take(kRequest)->error == kHandshakeCanceled);
    Beginning unfinished(options);
    const auto answer = unfinished.take(std::string(options.receive_bytes_max, ' '));
    REQUIRE(answer);
    CHECK(answer->error == kHandshakeCanceled);
    options.receive_bytes_max = 0;
    Beginning unlimited(options);
    CHECK_FALSE(unlimited.take(std::string(100'000, ' ')));
}

}  // namespace
}  // namespace hubtrail::hub
