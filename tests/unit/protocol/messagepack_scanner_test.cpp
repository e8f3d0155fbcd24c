#include "protocol/messagepack_scanner.h"

#include <random>
#include <string>
#include <vector>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include "protocol/utf8.h"
#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using namespace std::string_literals;
using Kind = MessagePackToken::Kind;

/// What msgpack-c's own parser says about one value, with our limits.
struct LibraryVisitor : msgpack::null_visitor {
    std::size_t depth_max;
    std::size_t depth = 0;

    explicit LibraryVisitor(std::size_t max) : depth_max(max) {}
    bool visit_str(const char* text, std::uint32_t size) {
        return is_utf8({size == 0 ? "" : text, size});
    }
    bool start_array(std::uint32_t /*count*/) { return ++depth <= depth_max; }
    bool start_map(std::uint32_t /*count*/) { return ++depth <= depth_max; }
    bool end_array() { return depth-- > 0; }
    bool end_map() { return depth-- > 0; }
};

/// The bytes of the first value, 0: none that is good.
std::size_t library_size(std::string_view bytes, std::size_t depth_max) {
    std::size_t offset = 0;
    LibraryVisitor visitor(depth_max);
    try {
        return msgpack::parse(bytes.data(), bytes.size(), offset, visitor) ? offset : 0;
    } catch (const msgpack::size_overflow&) {
        return 0;
    }
}

std::size_t our_size(std::string_view bytes, std::size_t depth_max) {
    MessagePackScanner scanner(bytes);
    std::string_view raw;
    return scanner.skip_value(depth_max, raw) ? raw.size() : 0;
}

// Goal: our scanner takes what msgpack-c takes, byte for byte. Method: random bytes with a liking
// for heads of containers and texts, so that many are good.
TEST_CASE("MessagePackScanner agrees with msgpack-c on random bytes", "[protocol]") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::string heads =
        "\x80\x81\x82\x90\x91\x92\x93\xA0\xA1\xA2\xC0\xC2\xC4\xC7\xCA\xCC\xD0\xD4\xD9\xDC\xDE\x01"s;
    std::size_t good = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes(1 + random() % 24, '\0');
        for (auto& byte : bytes) {
            byte = random() % 4 == 0 ? static_cast<char>(random()) : heads[random() % heads.size()];
        }
        const std::size_t depth_max = random() % 6;
        const auto size = our_size(bytes, depth_max);
        if (size != library_size(bytes, depth_max)) {
            CAPTURE(round, bytes, depth_max);
            CHECK(size == library_size(bytes, depth_max));
        }
        good += size > 0 ? 1U : 0U;
    }
    CHECK(good > 1000);
}

TEST_CASE("MessagePackScanner reads every head", "[protocol]") {
    struct Row {
        std::string bytes;
        Kind kind;
        std::int64_t integer = 0;
        double number = 0;
        std::size_t count = 0;
        std::string payload{};
    };
    const Row rows[] = {
        {"\xC0", Kind::nil},
        {"\xC2", Kind::boolean},
        {"\x00"s, Kind::unsigned_integer, 0},
        {"\x7F", Kind::unsigned_integer, 127},
        {"\xE0", Kind::negative_integer, -32},
        {"\xFF", Kind::negative_integer, -1},
        {"\xCC\xFF", Kind::unsigned_integer, 255},
        {"\xCD\xFF\xFE", Kind::unsigned_integer, 65534},
        {"\xCE\xFF\xFF\xFF\xFF", Kind::unsigned_integer, 4294967295},
        {"\xCF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", Kind::unsigned_integer, INT64_MAX},
        {"\xD0\x80", Kind::negative_integer, -128},
        {"\xD0\x7F", Kind::unsigned_integer, 127},
        {"\xD1\x80\x00"s, Kind::negative_integer, -32768},
        {"\xD2\x80\x00\x00\x00"s, Kind::negative_integer, INT32_MIN},
        {"\xD3\x80\x00\x00\x00\x00\x00\x00\x00"s, Kind::negative_integer, INT64_MIN},
        {"\xD3\x00\x00\x00\x00\x00\x00\x00\x05"s, Kind::unsigned_integer, 5},
        {"\xCA\x42\x28\x00\x00"s, Kind::number, 0, 42.0},
        {"\xCB\x3F\xB9\x99\x99\x99\x99\x99\x9A", Kind::number, 0, 0.1},
        {"\xA0", Kind::string},
        {"\xA2\xC3\xA9", Kind::string, 0, 0, 0, "\xC3\xA9"},
        {"\xD9\x01x", Kind::string, 0, 0, 0, "x"},
        {"\xDA\x00\x01x"s, Kind::string, 0, 0, 0, "x"},
        {"\xDB\x00\x00\x00\x01x"s, Kind::string, 0, 0, 0, "x"},
        {"\xC4\x01\xFF", Kind::binary, 0, 0, 0, "\xFF"},
        {"\xC5\x00\x01\xFF"s, Kind::binary, 0, 0, 0, "\xFF"},
        {"\xC6\x00\x00\x00\x01\xFF"s, Kind::binary, 0, 0, 0, "\xFF"},
        {"\xC7\x01\x05x", Kind::extension, 0, 0, 0, "x"},
        {"\xC8\x00\x01\x05x"s, Kind::extension, 0, 0, 0, "x"},
        {"\xC9\x00\x00\x00\x01\x05x"s, Kind::extension, 0, 0, 0, "x"},
        {"\xD4\x05x", Kind::extension, 0, 0, 0, "x"},
        {"\xD5\x05xx", Kind::extension, 0, 0, 0, "xx"},
        {"\xD6\x05xxxx", Kind::extension, 0, 0, 0, "xxxx"},
        {"\xD7\x05xxxxxxxx", Kind::extension, 0, 0, 0, "xxxxxxxx"},
        {"\xD8\x05xxxxxxxxxxxxxxxx", Kind::extension, 0, 0, 0, "xxxxxxxxxxxxxxxx"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.bytes);
        MessagePackScanner scanner(row.bytes);
        MessagePackToken token;
        REQUIRE(scanner.next(token));
        CHECK(token.kind == row.kind);
        CHECK(static_cast<std::int64_t>(token.integer) == row.integer);
        CHECK(token.number == row.number);
        CHECK(token.bytes == row.payload);
        CHECK(scanner.at_end());
        for (std::size_t cut = 0; cut < row.bytes.size(); ++cut) {
            MessagePackScanner shorter(std::string_view{row.bytes}.substr(0, cut));
            CHECK_FALSE(shorter.next(token));
            CHECK(shorter.problem() != nullptr);
        }
    }
    const std::pair<std::string, Kind> containers[] = {
        {"\x91\xC0", Kind::array},
        {"\xDC\x00\x01\xC0"s, Kind::array},
        {"\xDD\x00\x00\x00\x01\xC0"s, Kind::array},
        {"\x81\xC0\xC0", Kind::map},
        {"\xDE\x00\x01\xC0\xC0"s, Kind::map},
        {"\xDF\x00\x00\x00\x01\xC0\xC0"s, Kind::map},
    };
    for (const auto& [bytes, kind] : containers) {
        CAPTURE(bytes);
        MessagePackScanner scanner(bytes);
        MessagePackToken token;
        REQUIRE(scanner.next(token));
        CHECK(token.kind == kind);
        CHECK(token.count == 1);
        CHECK(our_size(bytes, 1) == bytes.size());
        CHECK(our_size(bytes, 0) == 0);
    }
}

}  // namespace
}  // namespace hubtrail::protocol
