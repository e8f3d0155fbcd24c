#include "storage/idempotent_result.h"

#include "tests/support/catch.h"

namespace hubtrail::storage {

TEST_CASE("Stored results of a key round-trip and damage is noticed", "[storage]") {
    const std::vector<AppendedEvent> events = {{"a b\n1", 5'000'000'000, 2, 0x7FFF'FFFF, -1, false},
                                               {"", 1, 1, 1, 0, true}};
    const std::string text = encode_results(events);
    REQUIRE(decode_results(text).has_value());
    CHECK(*decode_results(text) == events);
    CHECK(decode_results("")->empty());
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
        CAPTURE(cut);
        const auto decoded = decode_results(text.substr(0, cut));
        CHECK((!decoded.has_value() || decoded->size() == 1));
    }
    CHECK_FALSE(decode_results("1 1 1 1 0 99 short\n").has_value());
    CHECK_FALSE(decode_results("x 1 1 1 0 1 a\n").has_value());
}

}  // namespace hubtrail::storage
