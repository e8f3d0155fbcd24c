#include <string>

#include "protocol/json.h"
#include "protocol/json_scanner.h"
#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    append_json_escaped(out, text);
    return out;
}

TEST_CASE("append_json_escaped escapes quotes, backslashes and control characters only",
          "[protocol]") {
    CHECK(escaped("") == "");
    CHECK(escaped("plain") == "plain");
    CHECK(escaped("a\"b\\c") == R"(a\"b\\c)");
    CHECK(escaped("\b\f\n\r\t") == R"(\b\f\n\r\t)");
    CHECK(escaped(std::string("\0\x01\x1f\x7f", 4)) == "\\u0000\\u0001\\u001F\x7f");
    CHECK(escaped("/<>&'\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80") ==
          "/<>&'\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80");
}

TEST_CASE("append_json_string adds to what is there", "[protocol]") {
    std::string out = "{\"a\":";
    append_json_string(out, "x\"");
    CHECK(out == R"({"a":"x\"")");
}

TEST_CASE("append_json_string writes U+FFFD for each byte that is no UTF-8", "[protocol]") {
    const auto written = [](const std::string& text) {
        std::string out;
        append_json_string(out, text);
        return out;
    };
    const std::string mark = "\xEF\xBF\xBD";
    CHECK(written("caf\xE9") == "\"caf" + mark + "\"");
    CHECK(written("\xFF") == "\"" + mark + "\"");
    CHECK(written("\xED\xA0\x80.") == "\"" + mark + mark + mark + ".\"");  // half a surrogate
    CHECK(written("\xF0\x9F\x98") == "\"" + mark + mark + mark + "\"");    // cut
    // Wherever it stands, beside whatever.
    const std::string around = "0123456\xC3\xA9 9abcdef\"\xE2\x82\xAC";
    for (std::size_t at = 0; at <= around.size(); ++at) {
        if (at < around.size() && (static_cast<unsigned char>(around[at]) & 0xC0U) == 0x80U) {
            continue;
        }
        CAPTURE(at);
        const auto left = written(around.substr(0, at));
        const auto right = written(around.substr(at));
        CHECK(written(around.substr(0, at) + "\xC0" + around.substr(at)) ==
              left.substr(0, left.size() - 1) + mark + right.substr(1));
    }
}

TEST_CASE("append_json_string writes characters outside of the basic plane as two units",
          "[protocol]") {
    const auto written = [](const std::string& text) {
        std::string out;
        append_json_string(out, text);
        return out;
    };
    const std::string grin = "\xF0\x9F\x98\x80";
    const std::string units = R"(\uD83D\uDE00)";
    CHECK(written(grin) == "\"" + units + "\"");
    CHECK(written("\xF0\x90\x80\x80") == R"("\uD800\uDC00")");
    CHECK(written("\xF4\x8F\xBF\xBF") == R"("\uDBFF\uDFFF")");
    CHECK(written("\xEF\xBF\xBF\xC3\xBC") == "\"\xEF\xBF\xBF\xC3\xBC\"");
    for (std::size_t before = 0; before < 20; ++before) {
        for (std::size_t after = 0; after < 10; ++after) {
            const std::string front(before, 'a');
            const std::string back(after, '\n');
            std::string escaped_back;
            append_json_escaped(escaped_back, back);
            CHECK(written(front + grin + grin + back) ==
                  "\"" + front + units + units + escaped_back + "\"");
        }
    }
    // Cut off: not UTF-8, and not read beyond.
    CHECK(written("aaaaaaa\xF0\x9F") == "\"aaaaaaa\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

// Goal: words, tails and the inner buffer agree. Method: each special byte at each place of texts
// of growing length, read back by the scanner, which shares no code with the writer.
TEST_CASE("append_json_escaped is undone by the scanner at every offset and length", "[protocol]") {
    const std::string specials("\"\\\n\0\x1f\x7f ", 7);
    for (const std::size_t length : {1U, 7U, 8U, 9U, 15U, 16U, 17U, 31U}) {
        for (std::size_t at = 0; at < length; ++at) {
            for (const char special : specials) {
                std::string text(length, 'x');
                text[at] = special;
                std::string json;
                append_json_string(json, text);
                JsonScanner in(json);
                JsonString string;
                REQUIRE(in.read_string(string));
                REQUIRE(in.finish());
                std::string decoded;
                append_decoded(decoded, string);
                CHECK(decoded == text);
            }
        }
    }
}

TEST_CASE("append_json_escaped handles long texts of only specials and of none", "[protocol]") {
    for (std::size_t length = 150; length < 1100; length += 37) {
        CHECK(escaped(std::string(length, '\x01')).size() == 6 * length);
        CHECK(escaped(std::string(length, '"')).size() == 2 * length);
        CHECK(escaped(std::string(length, 'x')) == std::string(length, 'x'));
    }
}

}  // namespace
}  // namespace hubtrail::protocol
