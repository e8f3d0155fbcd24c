#include "protocol/negotiate.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

const NegotiateOffer kOffer{"807809a5", "05265228", true};

TEST_CASE("make_negotiate_reply answers version 1 with the reference's bytes", "[protocol]") {
    const auto query = GENERATE(as<std::string>{}, "1", "2", "2147483647", "+1", " 1 ", "01");
    CAPTURE(query);
    const auto reply = make_negotiate_reply(query, 0, kOffer);
    CHECK(reply.accepted);
    CHECK(reply.version == 1);
    CHECK(
        reply.body ==
        R"({"negotiateVersion":1,"connectionId":"807809a5","connectionToken":"05265228","availableTransports":[)"
        R"({"transport":"WebSockets","transferFormats":["Text","Binary"]}]})");
}

TEST_CASE("make_negotiate_reply and make_refresh_reply tell how long a token lasts", "[protocol]") {
    auto offer = kOffer;
    offer.token_lifetime_s = 3599;
    CHECK(
        make_negotiate_reply("1", 0, offer).body ==
        R"({"negotiateVersion":1,"connectionId":"807809a5","connectionToken":"05265228","tokenLifetimeSeconds":3599,)"
        R"("availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]}]})");
    CHECK(make_refresh_reply(0) == R"({"tokenLifetimeSeconds":0})");
    CHECK(make_refresh_reply(std::nullopt) == "{}");
}

TEST_CASE("make_negotiate_reply keeps the token from version 0", "[protocol]") {
    const auto query = GENERATE(as<std::string>{}, "0", "-0");
    const auto reply = make_negotiate_reply(query, 0, kOffer);
    CHECK(reply.accepted);
    CHECK(reply.version == 0);
    CHECK(reply.body == R"({"negotiateVersion":0,"connectionId":"807809a5","availableTransports":[)"
                        R"({"transport":"WebSockets","transferFormats":["Text","Binary"]}]})");
}

TEST_CASE("make_negotiate_reply lists WebSockets only where they are to be had", "[protocol]") {
    auto offer = kOffer;
    offer.websockets = false;
    CHECK(make_negotiate_reply("0", 0, offer).body ==
          R"({"negotiateVersion":0,"connectionId":"807809a5","availableTransports":[]})");
}

TEST_CASE("make_negotiate_reply lists the transports in the order of preference", "[protocol]") {
    const std::string head = R"({"negotiateVersion":0,"connectionId":"a","availableTransports":[)";
    const std::string web_sockets =
        R"({"transport":"WebSockets","transferFormats":["Text","Binary"]})";
    const std::string events = R"({"transport":"ServerSentEvents","transferFormats":["Text"]})";
    const std::string polling =
        R"({"transport":"LongPolling","transferFormats":["Text","Binary"]})";
    const auto body = [](bool web_sockets_on, bool events_on, bool polling_on) {
        return make_negotiate_reply("0", 0, {"a", "", web_sockets_on, events_on, polling_on}).body;
    };
    CHECK(body(true, true, true) == head + web_sockets + "," + events + "," + polling + "]}");
    CHECK(body(false, true, true) == head + events + "," + polling + "]}");
    CHECK(body(true, false, true) == head + web_sockets + "," + polling + "]}");
    CHECK(body(false, false, true) == head + polling + "]}");
}

TEST_CASE("make_negotiate_reply names stateful reconnect first and only when it is on",
          "[protocol]") {
    auto offer = kOffer;
    offer.stateful_reconnect = true;
    CHECK(make_negotiate_reply("1", 0, offer).body ==
          R"({"useStatefulReconnect":true,)" + make_negotiate_reply("1", 0, kOffer).body.substr(1));
    CHECK(make_negotiate_reply("x", 0, offer).body == make_negotiate_reply("x", 0, kOffer).body);
}

TEST_CASE("make_negotiate_redirect sends the client elsewhere", "[protocol]") {
    CHECK(make_negotiate_redirect("https://other/hub", "t\"") ==
          R"({"url":"https://other/hub","accessToken":"t\""})");
    CHECK(make_negotiate_redirect("https://other/hub", "") == R"({"url":"https://other/hub"})");
    CHECK(make_negotiate_error("no \"room\"") == R"({"error":"no \"room\""})");
}

TEST_CASE("make_negotiate_reply refuses versions below the minimum", "[protocol]") {
    struct Row {
        const char* query;
        int minimum;
        const char* shown;
    };
    const Row rows[] = {{"0", 1, "0"}, {"-1", 0, "-1"}, {"-2147483648", 0, "-2147483648"}};
    for (const auto& row : rows) {
        CAPTURE(row.query);
        const auto reply = make_negotiate_reply(row.query, row.minimum, kOffer);
        CHECK_FALSE(reply.accepted);
        CHECK(reply.body == std::string(R"({"error":"The client requested version ')") + row.shown +
                                R"(', but the server does not support this version."})");
    }
    CHECK(make_negotiate_reply("1", 1, kOffer).accepted);
    CHECK(make_negotiate_reply("-1", -1, kOffer).accepted);
}

TEST_CASE("make_negotiate_reply refuses what is not an integer of 32 bits", "[protocol]") {
    const auto query = GENERATE(as<std::string>{}, "", " ", "x", "1,1", "1x", "1.0", "1 1", "--1",
                                "+-1", "+", "-", "2147483648", "-2147483649", "0x1", "1\"", "\xff");
    CAPTURE(query);
    const auto reply = make_negotiate_reply(query, 0, kOffer);
    CHECK_FALSE(reply.accepted);
    CHECK(reply.body == R"({"error":"The client requested a non-integer protocol version."})");
}

}  // namespace
}  // namespace hubtrail::protocol
