#include "transport/utf8_stream.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::transport {
namespace {

// Encodes any value of up to 21 bits in the given number of bytes, valid or not.
std::string encoded(unsigned value, unsigned bytes) {
    if (bytes == 1) {
        return {static_cast<char>(value)};
    }
    std::string out;
    out.push_back(static_cast<char>((0xF00U >> bytes & 0xFFU) | value >> (6 * (bytes - 1))));
    for (unsigned i = bytes - 1; i > 0; --i) {
        out.push_back(static_cast<char>(0x80U | (value >> (6 * (i - 1)) & 0x3FU)));
    }
    return out;
}

bool valid(std::string_view bytes, std::size_t cut) {
    Utf8Stream stream;
    return stream.feed(bytes.substr(0, cut)) && stream.feed(bytes.substr(cut)) && stream.complete();
}

}  // namespace

TEST_CASE("Exactly the code points of Unicode in their shortest form pass", "[websocket]") {
    unsigned wrong = 0;
    for (unsigned bytes = 1; bytes <= 4; ++bytes) {
        const unsigned limit = bytes == 1   ? 0x80
                               : bytes == 2 ? 0x800
                               : bytes == 3 ? 0x10000
                                            : 0x200000;
        const unsigned shortest = bytes == 1 ? 0 : bytes == 2 ? 0x80 : bytes == 3 ? 0x800 : 0x10000;
        for (unsigned value = 0; value < limit; ++value) {
            const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
            const bool good = value >= shortest && value <= 0x10FFFF && !surrogate;
            const std::string text = encoded(value, bytes);
            wrong += valid(text, 0) != good ? 1U : 0U;
            wrong += valid(text, value % bytes) != good ? 1U : 0U;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("Every pair of bytes gets the same verdict in one piece and in two", "[websocket]") {
    unsigned wrong = 0;
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const bool good = (first < 0x80 && second < 0x80) ||
                              (first >= 0xC2 && first <= 0xDF && second >= 0x80 && second <= 0xBF);
            const std::string text{static_cast<char>(first), static_cast<char>(second)};
            for (std::size_t cut = 0; cut <= 2; ++cut) {
                wrong += valid(text, cut) != good ? 1U : 0U;
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("A bad byte is found at each place of a long text", "[websocket]") {
    const std::string text =
        "plain ascii, \xC3\xA4, \xE2\x82\xAC, \xF0\x9F\x98\x80 and again plain ascii";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        CAPTURE(cut);
        CHECK(valid(text, cut));
        std::string bad = text;
        bad.insert(cut, "\xFF");
        CHECK(!valid(bad, 0));
        CHECK(!valid(bad, cut));
    }
}

}  // namespace hubtrail::transport
