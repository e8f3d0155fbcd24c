#include <string>
#include <vector>

#include "protocol/event.h"
#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kLastUs = 253'402'300'799'999'999;  // 9999-12-31T23:59:59.999999Z

std::string written(std::int64_t us) {
    std::string out;
    append_time(out, us);
    return out;
}

TEST_CASE("append_time and parse_time agree on known instants", "[protocol]") {
    // Seconds from Python's calendar.timegm.
    struct Row {
        std::int64_t us;
        const char* text;
    };
    const Row rows[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {1, "1970-01-01T00:00:00.000001Z"},
        {68'169'600 * kSecond, "1972-02-29T00:00:00.000000Z"},
        {68'256'000 * kSecond, "1972-03-01T00:00:00.000000Z"},
        {951'782'400 * kSecond, "2000-02-29T00:00:00.000000Z"},
        {951'868'800 * kSecond, "2000-03-01T00:00:00.000000Z"},
        {978'307'199 * kSecond + 999'999, "2000-12-31T23:59:59.999999Z"},
        {1'777'881'601 * kSecond, "2026-05-04T08:00:01.000000Z"},
        {4'107'542'399 * kSecond, "2100-02-28T23:59:59.000000Z"},
        {4'107'542'400 * kSecond, "2100-03-01T00:00:00.000000Z"},
        {kLastUs, "9999-12-31T23:59:59.999999Z"},
    };
    for (const auto& row : rows) {
        CHECK(written(row.us) == row.text);
        CHECK(time_text(row.us) == row.text);
        const auto parsed = parse_time(row.text);
        REQUIRE(parsed);
        CHECK(*parsed == row.us);
    }
}

// Goal: the calendar arithmetic has no bad day. Method: count days by hand through all years and
// compare.
TEST_CASE("append_time and parse_time agree on every day of 1970 to 9999", "[protocol]") {
    std::int64_t day_us = 0;
    std::size_t wrong = 0;
    const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
    for (int year = 1970; year <= 9999; ++year) {
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        const int days[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        for (int month = 1; month <= 12; ++month) {
            for (int day = 1; day <= days[month - 1]; ++day) {
                const auto text =
                    std::to_string(year) + "-" + two(month) + "-" + two(day) + "T12:34:56.789012Z";
                const auto us = day_us + 45'296'789'012;
                const auto parsed = parse_time(text);
                wrong += written(us) != text || !parsed || *parsed != us ? 1U : 0U;
                day_us += 86'400 * kSecond;
            }
        }
    }
    CHECK(wrong == 0);
    CHECK(day_us == kLastUs + 1);
}

TEST_CASE("append_time holds times outside its years at their edge", "[protocol]") {
    CHECK(written(-1) == "1969-12-31T23:59:59.999999Z");
    CHECK(written(-62'135'596'800 * kSecond) == "0001-01-01T00:00:00.000000Z");
    CHECK(written(-62'135'596'800 * kSecond - 1) == "0001-01-01T00:00:00.000000Z");
    CHECK(written(INT64_MIN) == "0001-01-01T00:00:00.000000Z");
    CHECK(written(kLastUs + 1) == "9999-12-31T23:59:59.999999Z");
    CHECK(written(INT64_MAX) == "9999-12-31T23:59:59.999999Z");
}

TEST_CASE("parse_time reads offsets, fractions and leap seconds", "[protocol]") {
    struct Row {
        const char* text;
        const char* utc;
    };
    const Row rows[] = {
        {"2026-05-04T08:00:01Z", "2026-05-04T08:00:01.000000Z"},
        {"2026-05-04t08:00:01z", "2026-05-04T08:00:01.000000Z"},
        {"2026-05-04T08:00:01.5Z", "2026-05-04T08:00:01.500000Z"},
        {"2026-05-04T08:00:01.123456789Z", "2026-05-04T08:00:01.123456Z"},
        {"2026-05-04T08:00:01.0000009999999999999999999999Z", "2026-05-04T08:00:01.000000Z"},
        {"2026-05-04T08:00:01+00:00", "2026-05-04T08:00:01.000000Z"},
        {"2026-05-04T08:00:01-00:00", "2026-05-04T08:00:01.000000Z"},
        {"2026-05-04T08:00:01+02:00", "2026-05-04T06:00:01.000000Z"},
        {"2026-01-01T00:30:00+05:45", "2025-12-31T18:45:00.000000Z"},
        {"2026-12-31T23:30:00-03:30", "2027-01-01T03:00:00.000000Z"},
        {"2026-05-04T08:00:00+23:59", "2026-05-03T08:01:00.000000Z"},
        {"1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00.000000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
        {"2016-12-31T15:59:60.5-08:00", "2017-01-01T00:00:00.500000Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        const auto parsed = parse_time(row.text);
        REQUIRE(parsed);
        CHECK(written(*parsed) == row.utc);
    }
}

TEST_CASE("parse_time refuses other forms", "[protocol]") {
    const auto text = GENERATE(
        as<std::string>{}, "", "2026", "2026-05-04", "2026-05-04T08:00Z", "2026-05-04T08:00:01",
        "2026-05-04 08:00:01Z", "2026-05-04T08:00:01.Z", "2026-05-04T08:00:01,5Z",
        "2026-05-04T08:00:01+02", "2026-05-04T08:00:01+0200", "2026-05-04T08:00:01+2:00",
        "2026-05-04T08:00:01+24:00", "2026-05-04T08:00:01+02:60", "2026-05-04T08:00:01ZZ",
        "2026-05-04T08:00:01Z ", " 2026-05-04T08:00:01Z", "26-05-04T08:00:01Z",
        "+2026-05-04T08:00:01Z", "12026-05-04T08:00:01Z", "2026-5-4T08:00:01Z",
        "2026/05/04T08:00:01Z", "20260504T080001Z", "1777881601", "2026-05-04T08:00:01.5",
        "2026-05-04T0a:00:01Z", "-026-05-04T08:00:01Z");
    CAPTURE(text);
    const auto parsed = parse_time(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error() == "a time of RFC 3339 such as 2026-05-04T08:00:01.5Z");
}

TEST_CASE("parse_time refuses times that do not exist", "[protocol]") {
    const auto text =
        GENERATE(as<std::string>{}, "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
                 "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-04-31T00:00:00Z",
                 "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-02-30T00:00:00Z",
                 "2026-05-04T24:00:00Z", "2026-05-04T08:60:00Z", "2026-05-04T08:00:61Z",
                 "2026-05-04T08:00:60Z", "2016-12-31T23:59:60+01:00");
    CAPTURE(text);
    const auto parsed = parse_time(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error() == "a time that exists");
}

TEST_CASE("parse_time refuses instants outside 1970 to 9999", "[protocol]") {
    CHECK(parse_time("1970-01-01T00:00:00Z"));
    CHECK(parse_time("9999-12-31T23:59:59.999999999Z"));
    const auto text =
        GENERATE(as<std::string>{}, "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00+00:01",
                 "0000-01-01T00:00:00Z", "0000-02-29T00:00:00Z", "9999-12-31T23:59:59-00:01",
                 "9999-12-31T23:59:60Z");
    CAPTURE(text);
    const auto parsed = parse_time(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error() == "a time of the years 1970 to 9999");
}

}  // namespace
}  // namespace hubtrail::protocol
