#include "protocol/timestamp_text.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

std::string text_of(Timestamp time) {
    std::string out;
    return append_timestamp(out, time) ? out : "refused" + out;
}

TEST_CASE("append_timestamp writes no more digits than needed", "[protocol]") {
    CHECK(text_of({0, 0}) == "1970-01-01T00:00:00Z");
    CHECK(text_of({946684800, 0}) == "2000-01-01T00:00:00Z");
    CHECK(text_of({946684800, 500'000'000}) == "2000-01-01T00:00:00.5Z");
    CHECK(text_of({946684800, 123'456'700}) == "2000-01-01T00:00:00.1234567Z");
    CHECK(text_of({946684800, 1}) == "2000-01-01T00:00:00.000000001Z");
    CHECK(text_of({951782399, 0}) == "2000-02-28T23:59:59Z");
    CHECK(text_of({951782400, 0}) == "2000-02-29T00:00:00Z");
    CHECK(text_of({-1, 999'000'000}) == "1969-12-31T23:59:59.999Z");
    CHECK(text_of({-86401, 0}) == "1969-12-30T23:59:59Z");
}

TEST_CASE("append_timestamp writes the years 1 to 9999", "[protocol]") {
    CHECK(text_of({-62135596800, 0}) == "0001-01-01T00:00:00Z");
    CHECK(text_of({-62135596801, 0}) == "refused");
    CHECK(text_of({253402300799, 999'999'999}) == "9999-12-31T23:59:59.999999999Z");
    CHECK(text_of({253402300800, 0}) == "refused");
    CHECK(text_of({0, 1'000'000'000}) == "refused");
    CHECK(text_of({INT64_MIN, 0}) == "refused");
    CHECK(text_of({INT64_MAX, 0}) == "refused");
}

TEST_CASE("parse_timestamp reads the forms of ISO 8601 that the reference reads", "[protocol]") {
    struct Row {
        const char* text;
        Timestamp time;
    };
    const Row rows[] = {
        {"2000-01-01T00:00:00Z", {946684800, 0}},
        {"2000-01-01T00:00:00.000Z", {946684800, 0}},
        {"2000-01-01T00:00:00.1234567Z", {946684800, 123'456'700}},
        {"2000-01-01T00:00:00.1234567899Z", {946684800, 123'456'789}},
        {"2000-01-01T00:00:00", {946684800, 0}},
        {"2000-01-01T00:00Z", {946684800, 0}},
        {"2000-01-01", {946684800, 0}},
        {"2000-01-01T01:30:00+01:30", {946684800, 0}},
        {"1999-12-31T23:00:00.5-01:00", {946684800, 500'000'000}},
        {"2000-02-29T00:00:00Z", {951782400, 0}},
        {"0001-01-01T00:00:00Z", {-62135596800, 0}},
        {"9999-12-31T23:59:59.999999999Z", {253402300799, 999'999'999}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        Timestamp time{7, 7};
        CHECK(parse_timestamp(row.text, time));
        CHECK(time == row.time);
    }
}

TEST_CASE("parse_timestamp refuses everything else and leaves the time alone", "[protocol]") {
    const auto text = GENERATE(
        as<std::string>{}, "", "2000", "2000-01", "2000-1-1", "2000-01-01T", "2000-01-01T00",
        "2000-01-01t00:00:00Z", "2000-01-01 00:00:00Z", "2000-01-01T00:00:00z",
        "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00ZZ", "2000-01-01T00:00:00+1",
        "2000-01-01T00:00:00+24:00", "2000-01-01T00:00:00+00:60", "2000-13-01", "2000-00-01",
        "2000-01-32", "2000-01-00", "2001-02-29", "0000-01-01", "2000-01-01T24:00:00Z",
        "2000-01-01T00:60:00Z", "2000-01-01T00:00:60Z", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01", "2000-01-01Z", " 2000-01-01");
    CAPTURE(text);
    Timestamp time{7, 7};
    CHECK_FALSE(parse_timestamp(text, time));
    CHECK(time == Timestamp{7, 7});
}

}  // namespace
}  // namespace hubtrail::protocol
