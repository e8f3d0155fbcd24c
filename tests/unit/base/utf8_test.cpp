#include "base/utf8.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail {
namespace {

TEST_CASE("is_utf8 takes well-formed sequences only", "[base]") {
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
    }
}

TEST_CASE("Each bad byte is replaced by one character and the rest stays", "[base]") {
    const std::string mark = "\xEF\xBF\xBD";
    CHECK(replace_bad_utf8("a\xFF\x62") == "a" + mark + "b");
    CHECK(replace_bad_utf8("\xE2\x82z") == mark + mark + "z");
    CHECK(replace_bad_utf8("\xC3\xA9\xC3") == "\xC3\xA9" + mark);
}

TEST_CASE("valid_utf8 copies only what it has to mend", "[base]") {
    std::string buffer;
    const std::string good = "caf\xC3\xA9";
    CHECK(valid_utf8(good, buffer).data() == good.data());
    CHECK(valid_utf8("caf\xE9", buffer) == "caf\xEF\xBF\xBD");
}

}  // namespace
}  // namespace hubtrail
