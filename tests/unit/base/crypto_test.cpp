#include "base/crypto.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail {
namespace {

std::string hex(const Sha256Digest& digest) {
    return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string repeated(char byte, std::size_t count) {
    return std::string(count, byte);
}

TEST_CASE("sha256 gives the digests of FIPS 180", "[base]") {
    struct Row {
        std::string bytes;
        const char* digest;
    };
    const std::vector<Row> rows{
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {repeated('a', 1'000'000),
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (const auto& row : rows) {
        CHECK(hex(sha256(row.bytes)) == row.digest);
    }
    CHECK(hex(sha256(std::string_view{})) == rows[0].digest);
}

TEST_CASE("HmacKey gives the codes of RFC 4231", "[base]") {
    struct Row {
        std::string key;
        std::string bytes;
        const char* code;
    };
    std::string counting;
    for (char c = 1; c <= 25; ++c) {
        counting.push_back(c);
    }
    const std::vector<Row> rows{
        {repeated('\x0b', 20), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {repeated('\xaa', 20), repeated('\xdd', 50),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {counting, repeated('\xcd', 50),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {repeated('\xaa', 131), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {repeated('\xaa', 131),
         "This is a test using a larger than block-size key and a larger than block-size data. The "
         "key needs to be "
         "hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        // Empty key and text; the digest of Python's hmac module.
        {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (const auto& row : rows) {
        const HmacKey key(row.key);
        CHECK(hex(key.mac(row.bytes)) == row.code);
        CHECK(hex(key.mac(row.bytes)) == row.code);  // a key serves many times
    }
    CHECK(hex(HmacKey(std::string_view{}).mac({})) == rows.back().code);
}

TEST_CASE("HmacKey tells keys of exactly a block from keys one byte longer", "[base]") {
    const auto block = repeated('k', 64);
    const auto longer = repeated('k', 65);
    const auto digest = sha256(longer);
    const std::string hashed(reinterpret_cast<const char*>(digest.data()), digest.size());
    CHECK(HmacKey(longer).mac("x") == HmacKey(hashed).mac("x"));
    CHECK_FALSE(HmacKey(block).mac("x") == HmacKey(longer).mac("x"));
}

TEST_CASE("equal_constant_time compares length and bytes", "[base]") {
    CHECK(equal_constant_time("", ""));
    CHECK(equal_constant_time("abc", "abc"));
    CHECK_FALSE(equal_constant_time("abc", "abd"));
    CHECK_FALSE(equal_constant_time("xbc", "abc"));
    CHECK_FALSE(equal_constant_time("abc", "ab"));
    CHECK_FALSE(equal_constant_time("", "a"));
}

TEST_CASE("base64 and base64url give the vectors of RFC 4648", "[base]") {
    struct Row {
        const char* bytes;
        const char* padded;
        const char* url;
    };
    const Row rows[] = {{"", "", ""},
                        {"f", "Zg==", "Zg"},
                        {"fo", "Zm8=", "Zm8"},
                        {"foo", "Zm9v", "Zm9v"},
                        {"foob", "Zm9vYg==", "Zm9vYg"},
                        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                        {"\xfb\xff\xbe", "+/++", "-_--"}};
    for (const auto& row : rows) {
        CAPTURE(row.padded);
        CHECK(base64_encode(row.bytes) == row.padded);
        CHECK(base64_decode(row.padded) == row.bytes);
        CHECK(base64url_encode(row.bytes) == row.url);
        CHECK(base64url_decode(row.url) == row.bytes);
        std::string appended = "before ";
        append_base64url(appended, row.bytes, std::string_view{row.bytes}.size());
        CHECK(appended == std::string("before ") + row.url);
    }
}

// Goal: no byte value is lost. Method: all lengths up to 64 of a text that holds every byte.
TEST_CASE("base64url decodes what it encoded at every length", "[base]") {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes.push_back(static_cast<char>(i * 7));
    }
    for (std::size_t from = 0; from + 64 <= bytes.size(); from += 64) {
        for (std::size_t length = 0; length <= 64; ++length) {
            const auto part = bytes.substr(from, length);
            CHECK(base64url_decode(base64url_encode(part)) == part);
            CHECK(base64_decode(base64_encode(part)) == part);
        }
    }
}

TEST_CASE("base64url_decode refuses every second spelling of a value", "[base]") {
    const auto text =
        GENERATE(as<std::string>{}, "A", "Zg=", "Zg==", "Zh", "Zm9", "Zm9vYmF", "Zm+v", "Zm/v",
                 "Zm 9v", "Zm9v\n", "Zm9v!", "AAAAA", "\x80\x80\x80\x80", std::string("Zm9\0", 4));
    CAPTURE(text);
    CHECK_FALSE(base64url_decode(text).has_value());
}

TEST_CASE("base64_decode refuses missing padding and the other alphabet", "[base]") {
    const auto text =
        GENERATE(as<std::string>{}, "Zg", "Zg=", "Zm8", "Zh==", "Zm9=", "=",
                 "==", "===", "====", "A===", "Zg==Zg==", "Zm9v====", "-_--", "Zm9v\n", "Zg=g");
    CAPTURE(text);
    CHECK_FALSE(base64_decode(text).has_value());
}

TEST_CASE("sha1_for_websocket gives the accept key of RFC 6455", "[base]") {
    CHECK(base64_encode(
              sha1_for_websocket("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) ==
          "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("hex_encode writes two lower-case digits per byte", "[base]") {
    CHECK(hex_encode("") == "");
    CHECK(hex_encode(std::string_view("\x00\x7f\xff", 3)) == "007fff");
}

}  // namespace
}  // namespace hubtrail
