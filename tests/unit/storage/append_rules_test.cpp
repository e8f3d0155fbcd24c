#include "storage/append_rules.h"

#include "tests/support/catch.h"

namespace hubtrail::storage {
namespace {

protocol::NewEvent event_of(const char* id, const char* site = "s", const char* body = "{}") {
    return {id, "stream", "type", site, "user", body};
}

}  // namespace

TEST_CASE("New events are numbered without gaps, and only they move the head", "[storage]") {
    Numbering numbering({4, 3, 9}, 500, 600);
    CHECK_FALSE(numbering.changed());
    CHECK(numbering.next(77) == EventPlace{10, 77, 600});
    CHECK(numbering.know(event_of("old"), {5, 12, 300}, "{}") ==
          AppendedEvent{"old", 5, 4, 12, 300, true});
    CHECK_FALSE(numbering.changed());
    const auto place = numbering.next(78);
    CHECK(place.pos == 10);
    const auto event = event_of("new");
    CHECK(numbering.take(event, place) == AppendedEvent{"new", 10, 4, 78, 600, false});
    CHECK(numbering.changed());
    CHECK(numbering.next(79).pos == 11);
    CHECK(numbering.head() == LogHead{4, 3, 10});
    CHECK(numbering.last_us() == 600);
}

TEST_CASE("An id that comes again within one append is a duplicate of its first", "[storage]") {
    Numbering numbering({1, 1, 0}, 0, 600);
    const auto here = event_of("a", "here");
    const auto there = event_of("a", "there");
    CHECK(numbering.earlier(here) == nullptr);
    numbering.take(here, numbering.next(7));
    REQUIRE(numbering.earlier(here) != nullptr);
    CHECK(numbering.earlier(here)->event == &here);
    CHECK(numbering.earlier(here)->place == EventPlace{1, 7, 600});
    // An id is one of a site and user.
    CHECK(numbering.earlier(there) == nullptr);
    numbering.take(there, numbering.next(8));
    CHECK(numbering.earlier(there)->place.pos == 2);
    CHECK(numbering.earlier(here)->place.pos == 1);
    auto others = here;
    others.user_id = "another";
    CHECK(numbering.earlier(others) == nullptr);
}

TEST_CASE("Other content under a known id is no duplicate", "[storage]") {
    const Numbering numbering({1, 1, 5}, 0, 600);
    CHECK(numbering.know(event_of("a", "s", "{1}"), {3, 4, 5}, "{1}")->pos == 3);
    CHECK_FALSE(numbering.know(event_of("a", "s", "{1}"), {3, 4, 5}, "{2}"));
}

TEST_CASE("A refused request leaves the numbering as it was before it", "[storage]") {
    Numbering numbering({1, 1, 0}, 0, 600);
    const auto first = event_of("a");
    const auto second = event_of("b");
    const auto untouched = numbering.mark();
    numbering.take(first, numbering.next(7));
    const auto mark = numbering.mark();
    numbering.take(second, numbering.next(8));
    numbering.rewind(mark);
    CHECK(numbering.earlier(second) == nullptr);
    CHECK(numbering.earlier(first) != nullptr);
    CHECK(numbering.next(9).pos == 2);
    CHECK(numbering.changed());
    numbering.rewind(untouched);
    CHECK_FALSE(numbering.changed());
    CHECK(numbering.last_us() == 0);
    CHECK(numbering.head() == LogHead{1, 1, 0});
}

TEST_CASE("Recorded time does not go back with the clock", "[storage]") {
    Numbering numbering({1, 1, 9}, 500, 400);
    CHECK(numbering.next(1).recorded_us == 500);
    const auto event = event_of("a");
    numbering.take(event, numbering.next(1));
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
