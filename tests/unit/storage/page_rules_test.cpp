#include "storage/page_rules.h"

#include <limits>

#include "tests/support/catch.h"

namespace hubtrail::storage {
namespace {

using Took = PageFill::Took;

ReadRequest request_after(std::int64_t after, std::size_t events_max, std::int64_t scan_max) {
    ReadRequest request;
    request.after_pos = after;
    request.events_max = events_max;
    request.scan_max = scan_max;
    return request;
}

std::string shape(const PageWindow& window) {
    return std::to_string(window.after) + ".." + std::to_string(window.end) + " x" +
           std::to_string(window.count);
}

}  // namespace

TEST_CASE("A window begins at the floor and ends at the head or after what may be scanned",
          "[storage]") {
    const LogHead head{1, 5, 20};
    CHECK(shape(make_window(request_after(10, 100, 1000), head)) == "10..20 x100");
    CHECK(shape(make_window(request_after(0, 100, 1000), head)) == "4..20 x100");
    CHECK(shape(make_window(request_after(10, 100, 9), head)) == "10..19 x9");
    CHECK(shape(make_window(request_after(10, 100, 10), head)) == "10..20 x10");
    CHECK(shape(make_window(request_after(10, 0, 0), head)) == "10..11 x1");
    CHECK(make_window(request_after(20, 1, 1), head).empty());
    CHECK(make_window(request_after(21, 1, 1), head).empty());
    const auto past =
        make_window(request_after(std::numeric_limits<std::int64_t>::max() / 2, 1, 1), head);
    CHECK(past.empty());
    CHECK(past.end == 20);
    CHECK(make_window(request_after(0, 1, 1), LogHead{}).empty());
    CHECK(make_window(request_after(0, 1, 1), LogHead{2, 21, 20}).empty());
}

TEST_CASE("A page without a filter has every position of its window", "[storage]") {
    const LogHead head{1, 1, 4};
    const auto request = request_after(1, 100, 100);
    SECTION("all there") {
        PageFill fill(request, head);
        CHECK(fill.offer(2, 1) == Took::row);
        CHECK(fill.offer(3, 1) == Took::row);
        CHECK(fill.offer(4, 1) == Took::row);
        CHECK(fill.finish());
        CHECK(fill.to() == 4);
    }
    SECTION("one missing in the middle") {
        PageFill fill(request, head);
        CHECK(fill.offer(2, 1) == Took::row);
        CHECK(fill.offer(4, 1) == Took::hole);
        CHECK(fill.hole("acme") ==
              "tenant \"acme\": position 3 is missing, the next one found is 4");
    }
    SECTION("the first missing") {
        PageFill fill(request, head);
        CHECK(fill.offer(3, 1) == Took::hole);
    }
    SECTION("the last missing") {
        PageFill fill(request, head);
        CHECK(fill.offer(2, 1) == Took::row);
        CHECK_FALSE(fill.finish());
        CHECK(fill.hole("acme") ==
              "tenant \"acme\": position 3 is missing, the next one found is none");
    }
    SECTION("a filter hides rows, so none is missed") {
        auto filtered = request;
        filtered.filter.types = {"a.*"};
        PageFill fill(filtered, head);
        CHECK(fill.offer(4, 1) == Took::row);
        CHECK(fill.finish());
        CHECK(fill.to() == 4);
    }
}

TEST_CASE("A page is full by events or by bytes, and ends at its last event then", "[storage]") {
    const LogHead head{1, 1, 9};
    auto request = request_after(0, 2, 100);
    SECTION("by events") {
        PageFill fill(request, head);
        CHECK(fill.offer(1, 1) == Took::row);
        CHECK(fill.offer(2, 1) == Took::row);
        CHECK(fill.finish());  // the store was asked for no more
        CHECK(fill.to() == 2);
    }
    SECTION("by events, the store offers more") {
        PageFill fill(request, head);
        CHECK(fill.offer(1, 1) == Took::row);
        CHECK(fill.offer(2, 1) == Took::row);
        CHECK(fill.offer(3, 1) == Took::full);
        CHECK(fill.finish());
        CHECK(fill.to() == 2);
    }
    SECTION("by bytes") {
        request.events_max = 9;
        request.bytes_max = 10;
        PageFill fill(request, head);
        CHECK(fill.offer(1, 4) == Took::row);
        CHECK(fill.offer(2, 6) == Took::row);
        CHECK(fill.offer(3, 1) == Took::full);
        CHECK(fill.finish());
        CHECK(fill.to() == 2);
    }
    SECTION("but one event is always taken") {
        request.bytes_max = 10;
        PageFill fill(request, head);
        CHECK(fill.offer(1, 11) == Took::row);
        CHECK(fill.offer(2, 0) == Took::full);
        CHECK(fill.finish());
        CHECK(fill.to() == 1);
    }
}

TEST_CASE("Which filters show everything", "[storage]") {
    EventFilter filter;
    filter.own_user = "of no account";
    CHECK(shows_everything(filter));
    for (auto* list :
         {&filter.streams, &filter.types, &filter.own_sites, &filter.exclude_origins}) {
        list->push_back("a");
        CHECK_FALSE(shows_everything(filter));
        list->clear();
    }
    filter.user_id = "u";
    CHECK_FALSE(shows_everything(filter));
    filter.user_id.clear();
    filter.path_prefix = "p";
    CHECK_FALSE(shows_everything(filter));
    filter.path_prefix.clear();
    filter.any_site = false;
    CHECK_FALSE(shows_everything(filter));
}

TEST_CASE("A filter of too many values is refused before a read", "[storage]") {
    EventFilter filter;
    filter.types.assign(kFilterValuesMax - 4, "t");
    filter.exclude_origins = {"o"};
    filter.sites = {"a"};
    filter.own_sites = {"b"};
    filter.streams = {"s"};
    CHECK_FALSE(check_filter(filter));
    filter.sites.emplace_back("c");
    const auto refusal = check_filter(filter);
    REQUIRE(refusal);
    CHECK(refusal->code == StoreErrc::refused);
    CHECK(refusal->detail == "the filter has 4097 values; at most 4096");
}

}  // namespace hubtrail::storage
