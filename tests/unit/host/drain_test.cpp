#include "host/drain.h"

#include "tests/support/catch.h"

namespace hubtrail::host {
namespace {

using Action = Drain::Action;
using State = Drain::State;

constexpr std::int64_t kWindowNs = 5'000'000'000;
constexpr std::int64_t kStart = 1'000;

}  // namespace

TEST_CASE("Where nobody is nothing is waited for", "[host][drain]") {
    Drain drain(kWindowNs);
    CHECK(drain.on_signal(kStart) == Action::send_away);
    CHECK(drain.state() == State::draining);
    CHECK(drain.on_look(kStart, {0, 0}) == Action::say_goodbye);
    CHECK(drain.on_look(kStart, {0, 0}) == Action::stop);
    CHECK(drain.state() == State::stopped);
}

TEST_CASE("A server of others than hubs says goodbye at once", "[host][drain]") {
    Drain drain(kWindowNs);
    drain.on_signal(kStart);
    CHECK(drain.on_look(kStart + 1, {3, 0}) == Action::say_goodbye);
    CHECK(drain.on_look(kStart + 2, {3, 0}) == Action::none);
    CHECK(drain.on_look(kStart + kGoodbyeNs, {1, 0}) == Action::none);
    CHECK(drain.on_look(kStart + 1 + kGoodbyeNs, {1, 0}) == Action::stop);
}

TEST_CASE("Clients of hubs have the window, and no longer", "[host][drain]") {
    Drain drain(kWindowNs);
    drain.on_signal(kStart);
    CHECK(drain.on_look(kStart + 1, {9, 9}) == Action::none);
    CHECK(drain.on_look(kStart + kWindowNs - 1, {2, 1}) == Action::none);
    CHECK(drain.on_look(kStart + kWindowNs, {2, 1}) == Action::say_goodbye);
    CHECK(drain.on_look(kStart + kWindowNs + 1, {2, 1}) == Action::none);
    CHECK(drain.on_look(kStart + kWindowNs + 2, {0, 1}) == Action::stop);
}

TEST_CASE("When the last client of a hub goes the window is over", "[host][drain]") {
    Drain drain(kWindowNs);
    drain.on_signal(kStart);
    CHECK(drain.on_look(kStart + 1, {1, 1}) == Action::none);
    CHECK(drain.on_look(kStart + 2, {0, 0}) == Action::say_goodbye);
}

TEST_CASE("A window of nothing is over at the first look", "[host][drain]") {
    Drain drain(0);
    CHECK(drain.on_signal(kStart) == Action::send_away);
    CHECK(drain.on_look(kStart, {5, 5}) == Action::say_goodbye);
}

TEST_CASE("A second signal ends at once, in every state", "[host][drain]") {
    Drain drain(kWindowNs);
    drain.on_signal(kStart);
    if (GENERATE(false, true)) {
        CHECK(drain.on_look(kStart + kWindowNs, {5, 5}) == Action::say_goodbye);
    }
    CHECK(drain.on_signal(kStart + 1) == Action::stop);
    CHECK(drain.state() == State::stopped);
    CHECK(drain.on_signal(kStart + 2) == Action::none);
    CHECK(drain.on_look(kStart + 3, {5, 5}) == Action::none);
    CHECK(drain.on_stop(kStart + 4) == Action::none);
}

TEST_CASE("A program's stop is a goodbye without a window, also in the middle of a drain",
          "[host][drain]") {
    Drain drain(kWindowNs);
    if (GENERATE(false, true)) {
        drain.on_signal(kStart);
    }
    CHECK(drain.on_stop(kStart) == Action::say_goodbye);
    CHECK(drain.on_stop(kStart + 1) == Action::none);
    CHECK(drain.on_look(kStart + 1, {5, 5}) == Action::none);
    CHECK(drain.on_look(kStart + kGoodbyeNs, {5, 5}) == Action::stop);
}

TEST_CASE("Before it has begun a look does nothing", "[host][drain]") {
    Drain drain(kWindowNs);
    CHECK(drain.on_look(kStart, {0, 0}) == Action::none);
    CHECK(drain.state() == State::serving);
}

}  // namespace hubtrail::host
