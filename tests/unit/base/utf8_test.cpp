#include "protocol/utf8.h"

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

TEST_CASE("is_utf8 takes well-formed sequences only", "[protocol]") {
    for (const char* good :
         {"", "plain text", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
          "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        CAPTURE(good);
        CHECK(is_utf8(good));
        CHECK(replace_bad_utf8(good) == good);
    }
    // Overlong, surrogate and beyond U+10FFFF (RFC 3629 3), cut short, and out of place.
    for (const char* bad :
         {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\x80", "12345678\xFF"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_utf8(bad));
        CHECK(is_utf8(replace_bad_utf8(bad)));
        CHECK(replace_bad_utf8(bad) != bad);
        CHECK_FALSE(count_printable(bad));
    }
}

TEST_CASE("Each bad byte is replaced by one character and the rest stays", "[protocol]") {
    const std::string mark = "\xEF\xBF\xBD";
    CHECK(replace_bad_utf8("a\xFF\x62") == "a" + mark + "b");
    CHECK(replace_bad_utf8("\xE2\x82z") == mark + mark + "z");
    CHECK(replace_bad_utf8("\xC3\xA9\xC3") == "\xC3\xA9" + mark);
}

TEST_CASE("Characters that can be shown are counted, and control characters are none",
          "[protocol]") {
    CHECK(count_printable("") == 0);
    CHECK(count_printable(" ~") == 2);
    CHECK(count_printable("a\xC3\xA9\xF0\x9F\x98\x80") == 3);
    CHECK_FALSE(count_printable("a\x1F"));
    CHECK_FALSE(count_printable("\x7F"));
    CHECK_FALSE(count_printable(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace hubtrail::protocol
