#include "base/ascii.h"

#include <cctype>
#include <cstdint>
#include <limits>

#include "tests/support/catch.h"

namespace hubtrail {
namespace {

TEST_CASE("Classes of characters are those of the C locale for every byte", "[base]") {
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        const char c = static_cast<char>(byte);
        CHECK(is_digit(c) == (std::isdigit(byte) != 0));
        CHECK(is_upper(c) == (std::isupper(byte) != 0));
        CHECK(is_lower(c) == (std::islower(byte) != 0));
        CHECK(is_letter(c) == (std::isalpha(byte) != 0));
        CHECK(is_letter_or_digit(c) == (std::isalnum(byte) != 0));
        CHECK((hex_value(c) >= 0) == (std::isxdigit(byte) != 0));
        CHECK(static_cast<unsigned char>(to_lower(c)) == std::tolower(byte));
        CHECK(static_cast<unsigned char>(to_upper(c)) == std::toupper(byte));
    }
}

TEST_CASE("hex_value knows both cases", "[base]") {
    const std::string_view digits = "0123456789abcdef0123456789ABCDEF";
    for (std::size_t i = 0; i < digits.size(); ++i) {
        CHECK(hex_value(digits[i]) == static_cast<int>(i % 16));
    }
}

TEST_CASE("lower_case and equal_ignoring_case fold letters of ASCII only", "[base]") {
    CHECK(lower_case("Az@[`{9\xC3\x84") == "az@[`{9\xC3\x84");
    CHECK(equal_ignoring_case("", ""));
    CHECK(equal_ignoring_case("Text/Event-Stream", "text/EVENT-stream"));
    CHECK_FALSE(equal_ignoring_case("abc", "abcd"));
    CHECK_FALSE(equal_ignoring_case("abcd", "abc"));
    CHECK_FALSE(equal_ignoring_case("@", "`"));
    CHECK_FALSE(equal_ignoring_case("[", "{"));
    CHECK_FALSE(equal_ignoring_case("\xC3\x84", "\xC3\xA4"));
}

TEST_CASE("trim takes spaces and tabs from both ends and leaves the middle", "[base]") {
    CHECK(trim("") == "");
    CHECK(trim(" \t ") == "");
    CHECK(trim("\t a \t b ") == "a \t b");
    CHECK(trim("a") == "a");
    CHECK(trim("\na\r") == "\na\r");
}

TEST_CASE("to_integer takes the whole text or nothing", "[base]") {
    CHECK(to_integer<std::int64_t>("9223372036854775807") ==
          std::numeric_limits<std::int64_t>::max());
    CHECK(to_integer<std::int64_t>("-9223372036854775808") ==
          std::numeric_limits<std::int64_t>::min());
    CHECK(to_integer<std::uint16_t>("65535") == 65535);
    CHECK(to_integer<std::uint64_t>("007") == 7U);
    CHECK(to_integer<unsigned>("fF", 16) == 255U);
    for (const auto* text : {"", " 1", "1 ", "+1", "1.0", "1x", "x", "0x1", "--1", "-",
                             "9223372036854775808", "-9223372036854775809"}) {
        CAPTURE(text);
        CHECK_FALSE(to_integer<std::int64_t>(text));
    }
    CHECK_FALSE(to_integer<std::uint16_t>("65536"));
    CHECK_FALSE(to_integer<std::uint64_t>("-1"));
    CHECK_FALSE(to_integer<unsigned>("fg", 16));
    CHECK_FALSE(to_integer<int>(std::string_view("1\0", 2)));
}

TEST_CASE("take_until takes parts until nothing is left", "[base]") {
    std::string_view rest = "a,,b";
    CHECK(take_until(rest, ',') == "a");
    CHECK(take_until(rest, ',') == "");
    CHECK(rest == "b");
    CHECK(take_until(rest, ',') == "b");
    CHECK(rest.empty());
    CHECK(take_until(rest, ',') == "");
}

TEST_CASE("split gives one part more than there are separators", "[base]") {
    using Parts = std::vector<std::string_view>;
    CHECK(split("", ',') == Parts{""});
    CHECK(split("a", ',') == Parts{"a"});
    CHECK(split("a,b", ',') == Parts{"a", "b"});
    CHECK(split(",a,,", ',') == Parts{"", "a", "", ""});
}

}  // namespace
}  // namespace hubtrail
