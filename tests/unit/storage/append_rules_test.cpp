#include "storage/append_rules.h"

#include "tests/support/catch.h"

namespace hubtrail::storage {

TEST_CASE("New events are numbered without gaps, and only they move the head", "[storage]") {
    Numbering numbering({4, 3, 9}, 500, 600);
    CHECK_FALSE(numbering.changed());
    CHECK(numbering.next(77) == EventPlace{10, 77, 600});
    CHECK(numbering.know("old", {5, 12, 300}) == AppendedEvent{"old", 5, 4, 12, 300, true});
    CHECK_FALSE(numbering.changed());
    const auto place = numbering.next(78);
    CHECK(place.pos == 10);
    CHECK(numbering.take("new", place) == AppendedEvent{"new", 10, 4, 78, 600, false});
    CHECK(numbering.changed());
    CHECK(numbering.next(79).pos == 11);
    CHECK(numbering.head() == LogHead{4, 3, 10});
    CHECK(numbering.last_us() == 600);
}

TEST_CASE("An id that comes again within one append is a duplicate of its first", "[storage]") {
    Numbering numbering({1, 1, 0}, 0, 600);
    CHECK_FALSE(numbering.earlier("a"));
    numbering.take("a", numbering.next(7));
    numbering.know("b", {1, 2, 3});
    CHECK(numbering.earlier("a") == AppendedEvent{"a", 1, 1, 7, 600, true});
    CHECK(numbering.earlier("b") == AppendedEvent{"b", 1, 1, 2, 3, true});
    CHECK_FALSE(numbering.earlier("c"));
}

TEST_CASE("Recorded time does not go back with the clock", "[storage]") {
    Numbering numbering({1, 1, 9}, 500, 400);
    CHECK(numbering.next(1).recorded_us == 500);
    numbering.take("a", numbering.next(1));
    CHECK(numbering.last_us() == 500);
}

TEST_CASE("A fingerprint has 31 bits and is not 0", "[storage]") {
    CHECK(make_fingerprint(0) == 1);
    CHECK(make_fingerprint(0x8000'0000U) == 1);
    CHECK(make_fingerprint(0xFFFF'FFFFU) == 0x7FFF'FFFFU);
    CHECK(make_fingerprint(5) == 5);
}

TEST_CASE("A key that was used answers what it answered, or that it was used for something else",
          "[storage]") {
    AppendRequest request;
    request.idempotency_key = "k";
    request.request_fingerprint = "f";
    const std::vector<AppendedEvent> events = {{"a", 3, 1, 9, 8, false}};
    const auto again = answer_again(request, {"f", encode_results(events)});
    REQUIRE(again);
    CHECK(again->replayed);
    CHECK_FALSE(again->key_reused);
    CHECK(again->events == events);
    const auto other = answer_again(request, {"g", encode_results(events)});
    REQUIRE(other);
    CHECK(other->key_reused);
    CHECK_FALSE(other->replayed);
    CHECK(other->events.empty());
    CHECK_FALSE(answer_again(request, {"f", "rubbish"}));
    CHECK(answer_again(request, {"g", "rubbish"})->key_reused);
}

}  // namespace hubtrail::storage
