#include "protocol/time_span_text.h"

#include <limits>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

TEST_CASE("A duration is written and read as .NET's TimeSpan", "[protocol]") {
    const std::pair<std::int64_t, const char*> rows[] = {
        {0, "00:00:00"},
        {1, "00:00:00.0000001"},
        {-kTicksPerSecond / 2, "-00:00:00.5000000"},
        {86'399 * kTicksPerSecond, "23:59:59"},
        {86'400 * kTicksPerSecond, "1.00:00:00"},
        {937'840'050'000, "1.02:03:04.0050000"},
        {kMax, "10675199.02:48:05.4775807"},
        {kMin, "-10675199.02:48:05.4775808"},
    };
    for (const auto& [ticks, text] : rows) {
        CAPTURE(text);
        std::string out;
        append_time_span(out, ticks);
        CHECK(out == text);
        std::int64_t read = 1;
        CHECK((parse_time_span(text, read) && read == ticks));
    }
    std::int64_t read = 0;
    CHECK((parse_time_span("00:00:01.5", read) && read == 15'000'000));
}

TEST_CASE("What is nearly a duration is none", "[protocol]") {
    std::int64_t ticks = 7;
    for (const auto* text :
         {"", "-", "1", "00:00", "24:00:00", "00:60:00", "00:00:60", "1:00:00", ".00:00:00",
          "00:00:00.", "00:00:00Z", "+00:00:01", "1.2.00:00:00", "123456789.00:00:00",
          "10675199.02:48:05.4775808", "-10675199.02:48:05.4775809"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_time_span(text, ticks));
    }
    CHECK(ticks == 7);
}

}  // namespace
}  // namespace hubtrail::protocol
