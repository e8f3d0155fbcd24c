#include "hub/connection/liveness.h"

#include "hub/connection/receive_counter.h"
#include "tests/support/catch.h"

namespace hubtrail::hub {
namespace {

constexpr std::int64_t kStartNs = 7'000'000'000;

TEST_CASE("A handshake is late at its timeout", "[hub]") {
    const HubOptions options;
    Liveness liveness;
    liveness.begin(kStartNs);
    CHECK_FALSE(liveness.handshake_late(kStartNs + options.handshake_timeout_ns - 1, options));
    CHECK(liveness.handshake_late(kStartNs + options.handshake_timeout_ns, options));
}

TEST_CASE("Only a client that pings is silent, and from when it was last heard", "[hub]") {
    const HubOptions options;
    const auto timeout = options.client_timeout_ns;
    Liveness liveness;
    liveness.begin(kStartNs);
    CHECK_FALSE(liveness.silent(kStartNs + 10 * timeout, options));
    liveness.saw_ping();
    CHECK_FALSE(liveness.silent(kStartNs + timeout - 1, options));
    CHECK(liveness.silent(kStartNs + timeout, options));
    liveness.heard(kStartNs + timeout);
    CHECK_FALSE(liveness.silent(kStartNs + 2 * timeout - 1, options));
    CHECK(liveness.silent(kStartNs + 2 * timeout, options));
}

TEST_CASE("A ping is due once an interval, whatever the client says", "[hub]") {
    const HubOptions options;
    const auto interval = options.keep_alive_interval_ns;
    Liveness liveness;
    liveness.begin(kStartNs);
    CHECK_FALSE(liveness.ping_due(kStartNs + interval - 1, options));
    liveness.heard(kStartNs + interval - 1);
    CHECK(liveness.ping_due(kStartNs + interval, options));
    CHECK_FALSE(liveness.ping_due(kStartNs + interval, options));
    CHECK_FALSE(liveness.ping_due(kStartNs + 2 * interval - 1, options));
    CHECK(liveness.ping_due(kStartNs + 2 * interval, options));
}

TEST_CASE("What was processed is acknowledged once a second, and only news", "[hub]") {
    ReceiveCounter counter(kStartNs);
    CHECK_FALSE(counter.ack_due(kStartNs + 10 * kAckIntervalNs));
    counter.count();
    counter.count();
    CHECK_FALSE(counter.ack_due(kStartNs + kAckIntervalNs - 1));
    CHECK(counter.ack_due(kStartNs + kAckIntervalNs) == 2);
    CHECK_FALSE(counter.ack_due(kStartNs + 2 * kAckIntervalNs));
    counter.count();
    CHECK_FALSE(counter.ack_due(kStartNs + 2 * kAckIntervalNs - 1));
    CHECK(counter.ack_due(kStartNs + 2 * kAckIntervalNs) == 3);
    SECTION("or again to a peer that came back") {
        counter.forget_ack();
        CHECK(counter.ack_due(kStartNs + 3 * kAckIntervalNs) == 3);
    }
}

TEST_CASE("A peer that begins again is not heard twice, and may not begin beyond what we had",
          "[hub]") {
    ReceiveCounter counter(0);
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(counter.is_repeat());
        counter.count();
    }
    CHECK_FALSE(counter.restart(5));
    REQUIRE(counter.restart(2));
    for (int i = 0; i < 2; ++i) {
        CHECK(counter.is_repeat());
        counter.count();
    }
    CHECK_FALSE(counter.is_repeat());
    CHECK(counter.restart(4));
    CHECK_FALSE(counter.is_repeat());
}

}  // namespace
}  // namespace hubtrail::hub
