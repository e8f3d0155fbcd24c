#include "bench/sequence_check.h"

#include <string>

#include "tests/support/catch.h"

using namespace hubtrail::bench;
using Verdict = SequenceCheck::Verdict;

namespace {

constexpr std::uint32_t kBytes = 10;

std::string message(std::uint64_t sequence, std::uint32_t bytes = kBytes) {
    std::string argument;
    append_sequence_argument(argument, sequence, bytes);
    return R"({"type":1,"target":"m","arguments":[")" + argument + R"("]})";
}

bool says(const SequenceCheck& check, const std::string& text) {
    return check.failure().find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("the argument of a message is its sequence, padded to the length", "[bench]") {
    CHECK(message(7) == R"({"type":1,"target":"m","arguments":["7:xxxxxxxx"]})");
    CHECK(message(1234567890) == R"({"type":1,"target":"m","arguments":["1234567890:"]})");
}

TEST_CASE("SequenceCheck accepts the same messages in order on every connection", "[bench]") {
    SequenceCheck check(2, 3000, kBytes);
    for (std::uint64_t sequence = 0; sequence < 3000; ++sequence) {
        REQUIRE(check.accept(0, message(sequence)) == Verdict::message);
    }
    for (std::uint64_t sequence = 0; sequence < 3000; ++sequence) {
        REQUIRE(check.accept(1, message(sequence)) == Verdict::message);
    }
    CHECK(check.delivered() == 6000);
    CHECK(check.next_of(1) == 3000);
}

TEST_CASE("SequenceCheck accepts any order of members", "[bench]") {
    SequenceCheck check(1, 1, kBytes);
    CHECK(check.accept(0, R"({"arguments":["0:xxxxxxxx"],"target":"m","type":1})") ==
          Verdict::message);
}

TEST_CASE("SequenceCheck finds what is wrong with a message", "[bench]") {
    SequenceCheck check(2, 3, kBytes);
    // The other connection went ahead, so the quick path is warm for every sequence.
    for (std::uint64_t sequence = 0; sequence < 3; ++sequence) {
        REQUIRE(check.accept(1, message(sequence)) == Verdict::message);
    }
    REQUIRE(check.accept(0, message(0)) == Verdict::message);

    SECTION("a loss") {
        CHECK(check.accept(0, message(2)) == Verdict::wrong);
        CHECK(says(check, "messages are missing"));
    }
    SECTION("a duplicate") {
        CHECK(check.accept(0, message(0)) == Verdict::wrong);
        CHECK(says(check, "twice or out of order"));
    }
    SECTION("a message too many") {
        CHECK(check.accept(1, message(3)) == Verdict::wrong);
        CHECK(says(check, "more messages"));
    }
    SECTION("a changed byte") {
        std::string changed = message(1);
        changed[changed.size() - 5] = 'y';
        CHECK(check.accept(0, changed) == Verdict::wrong);
        CHECK(says(check, "padding"));
    }
    SECTION("a byte too few or too many") {
        CHECK(check.accept(0, message(1, kBytes - 1)) == Verdict::wrong);
        CHECK(check.accept(0, message(1, kBytes + 1)) == Verdict::wrong);
    }
    SECTION("another target or another number of arguments") {
        CHECK(check.accept(0, R"({"type":1,"target":"n","arguments":["1:xxxxxxxx"]})") ==
              Verdict::wrong);
        CHECK(check.accept(0, R"({"type":1,"target":"m","arguments":[]})") == Verdict::wrong);
        CHECK(check.accept(0, R"({"type":1,"target":"m","arguments":["1:xxxxxxxx","2"]})") ==
              Verdict::wrong);
        CHECK(check.accept(0, "not json") == Verdict::wrong);
    }
    CHECK(check.next_of(0) == 1);
}

TEST_CASE("SequenceCheck leaves other records to its caller", "[bench]") {
    SequenceCheck check(1, 1, kBytes);
    CHECK(check.accept(0, R"({"type":3,"invocationId":"1"})") == Verdict::other);
    CHECK(check.delivered() == 0);
}
