#include "protocol/utf8.h"

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

TEST_CASE("Characters that can be shown are counted, and control characters are none",
          "[protocol]") {
    CHECK(count_printable("") == 0);
    CHECK(count_printable(" ~") == 2);
    CHECK(count_printable("a\xC3\xA9\xF0\x9F\x98\x80") == 3);
    CHECK_FALSE(count_printable("a\x1F"));
    CHECK_FALSE(count_printable("\x7F"));
    CHECK_FALSE(count_printable("caf\xE9"));
    CHECK_FALSE(count_printable(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace hubtrail::protocol
