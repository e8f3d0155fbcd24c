#include "protocol/cursor.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

const std::string kKey(32, 'k');

Cursor cursor_at(std::int64_t pos) {
    return Cursor{3, pos, 0x7FFFFFFF, 20'577};
}

TEST_CASE("CursorCodec reads what it wrote at the bounds of every field", "[protocol]") {
    const CursorCodec codec(kKey);
    std::vector<Cursor> cursors{
        {0, 0, 0, 0}, {0xFFFFFFFF, INT64_MAX, 0xFFFFFFFF, 0xFFFF}, {1, 1, 2, 3}};
    for (int bits = 1; bits < 63; ++bits) {
        cursors.push_back(cursor_at((std::int64_t{1} << bits) - 1));
        cursors.push_back(cursor_at(std::int64_t{1} << bits));
    }
    for (const auto& cursor : cursors) {
        CAPTURE(cursor.pos);
        const auto text = codec.encode("tenant", cursor);
        CHECK(text.substr(0, 3) == "c1.");
        CHECK(text.size() <= kCursorCharsMax);
        CHECK(text.find_first_not_of(
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 3) ==
              std::string::npos);
        const auto read = codec.decode("tenant", text);
        REQUIRE(read);
        CHECK(*read == cursor);
    }
}

TEST_CASE("CursorCodec keeps its layout", "[protocol]") {
    // Made with Python's struct, hmac and base64: cursors outlive releases.
    const CursorCodec codec(kKey);
    CHECK(codec.encode("tenant", Cursor{1, 300, 0x01020304, 0x0506}) ==
          "c1.AQAAAAGsAgECAwQFBunahtM1FLm2qfBwGA");
}

TEST_CASE("CursorCodec appends the same text with a kept tenant hash", "[protocol]") {
    const CursorCodec codec(kKey);
    std::string out = "before ";
    codec.append(out, CursorCodec::hash_tenant("tenant"), cursor_at(7));
    CHECK(out == "before " + codec.encode("tenant", cursor_at(7)));
}

TEST_CASE("CursorCodec refuses every single changed bit", "[protocol]") {
    const CursorCodec codec(kKey);
    for (const std::int64_t pos : {std::int64_t{0}, std::int64_t{1000}, INT64_MAX}) {
        const auto text = codec.encode("tenant", cursor_at(pos));
        for (std::size_t at = 0; at < text.size(); ++at) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                auto changed = text;
                changed[at] =
                    static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U << bit));
                CAPTURE(changed);
                CHECK_FALSE(codec.decode("tenant", changed));
            }
        }
    }
}

TEST_CASE("CursorCodec refuses every text that is cut or continued", "[protocol]") {
    const CursorCodec codec(kKey);
    const auto text = codec.encode("tenant", cursor_at(1000));
    for (std::size_t size = 0; size < text.size(); ++size) {
        CHECK_FALSE(codec.decode("tenant", text.substr(0, size)));
    }
    for (const auto* more : {"A", "AA", "AAAA", "=", " ", "."}) {
        CHECK_FALSE(codec.decode("tenant", text + more));
    }
    CHECK(codec.decode("tenant", text + std::string(200, 'A')).error() == CursorErrc::malformed);
}

TEST_CASE("CursorCodec says why it refuses", "[protocol]") {
    const CursorCodec codec(kKey);
    const CursorCodec other_key(std::string(32, 'K'));
    const auto text = codec.encode("tenant", cursor_at(1000));
    CHECK(codec.decode("other", text).error() == CursorErrc::other_tenant);
    CHECK(other_key.decode("tenant", text).error() == CursorErrc::forged);
    for (const auto* bad :
         {"", "c1.", "c1", "1000", "c2.AAAA", "C1.AAAA", "c1.AAAA", "c1.!!!!", "c1.A"}) {
        CAPTURE(bad);
        CHECK(codec.decode("tenant", bad).error() == CursorErrc::malformed);
    }
    const std::string made_by_hand = "c1." + base64url_encode(std::string(24, '\1'));
    CHECK(codec.decode("tenant", made_by_hand).error() == CursorErrc::forged);
}

// A good MAC over a bad layout can only come from another program with our key.
TEST_CASE("CursorCodec refuses other layouts under a good MAC", "[protocol]") {
    const CursorCodec codec(kKey);
    const HmacKey key(kKey);
    const auto sign = [&key](std::string bytes) {
        const auto mac = key.mac(bytes);
        bytes.append(reinterpret_cast<const char*>(mac.data()), 8);
        return "c1." + base64url_encode(bytes);
    };
    const std::string rest(10, '\0');
    const std::string epoch(4, '\0');
    CHECK(codec.decode("tenant", sign("\x01" + epoch + "\x05" + rest)).error() ==
          CursorErrc::other_tenant);
    CHECK(codec.decode("tenant", sign("\x02" + epoch + "\x05" + rest)).error() ==
          CursorErrc::malformed);
    CHECK(codec.decode("tenant", sign("\x01" + epoch + "\x85" + rest)).error() ==
          CursorErrc::malformed);
    CHECK(codec.decode("tenant", sign("\x01" + epoch + "\x05" + rest + "x")).error() ==
          CursorErrc::malformed);
    CHECK(codec.decode("tenant", sign("\x01" + epoch + std::string(9, '\xff') + rest)).error() ==
          CursorErrc::malformed);
}

}  // namespace
}  // namespace hubtrail::protocol
