#include "protocol/length_splitter.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using namespace std::string_literals;
using Records = std::vector<std::string>;

/// Feeds and takes all records; the last entry is "!" and the detail when the splitter refused.
void feed(LengthSplitter& splitter, std::string_view bytes, Records& records) {
    splitter.feed(bytes);
    while (true) {
        const auto record = splitter.next();
        if (!record) {
            CHECK(record.error().code == ProtocolErrc::too_large);
            records.push_back("!" + record.error().detail);
            return;
        }
        if (!*record) {
            return;
        }
        records.emplace_back(**record);
    }
}

Records split(std::size_t record_bytes_max, std::string_view bytes) {
    LengthSplitter splitter(record_bytes_max);
    Records records;
    feed(splitter, bytes, records);
    return records;
}

const std::string kLong(200, 'x');  // its length takes two bytes
const std::string kStream =
    "\x02\x91\x06\x00\x03"
    "abc\xC8\x01"s +
    kLong + "\x01z";
const Records kRecords{"\x91\x06", "", "abc", kLong, "z"};

// Goal: TCP may cut the stream anywhere, in the middle of a length too. Method: every cut into two
// feeds.
TEST_CASE("LengthSplitter finds the same records however the stream is cut in two", "[protocol]") {
    for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
        CAPTURE(cut);
        LengthSplitter splitter(202);
        Records records;
        feed(splitter, std::string_view{kStream}.substr(0, cut), records);
        feed(splitter, std::string_view{kStream}.substr(cut), records);
        CHECK(records == kRecords);
        CHECK_FALSE(splitter.has_partial_record());
    }
}

TEST_CASE("LengthSplitter finds the same records in pieces of every size", "[protocol]") {
    for (std::size_t piece = 1; piece <= kStream.size(); ++piece) {
        CAPTURE(piece);
        LengthSplitter splitter(202);
        Records records;
        for (std::size_t at = 0; at < kStream.size(); at += piece) {
            // A copy that dies at once: nothing may be kept by view over a feed.
            const std::string part = kStream.substr(at, piece);
            feed(splitter, part, records);
        }
        CHECK(records == kRecords);
    }
}

TEST_CASE("LengthSplitter hands out whole records as views into what was fed", "[protocol]") {
    LengthSplitter splitter(64);
    splitter.feed(std::string_view{kStream}.substr(0, 3));
    const auto record = splitter.next();
    REQUIRE(record);
    REQUIRE(*record);
    CHECK((*record)->data() == kStream.data() + 1);
}

TEST_CASE("LengthSplitter knows a record that was cut off", "[protocol]") {
    struct Row {
        std::string bytes;
        bool partial;
    };
    const Row rows[] = {{"", false},         {"\x01z", false},   {"\x00"s, false},
                        {"\x02", true},      {"\x02z", true},    {"\x80", true},
                        {"\x01z\x01", true}, {"\x81\x00"s, true}};
    for (const auto& row : rows) {
        CAPTURE(row.bytes);
        LengthSplitter splitter(64);
        Records records;
        feed(splitter, row.bytes, records);
        CHECK(splitter.has_partial_record() == row.partial);
    }
}

TEST_CASE("LengthSplitter takes a record of the limit and refuses one byte more", "[protocol]") {
    const auto too_large = [](const char* size) {
        return "!The maximum message size of "s + size +
               "B was exceeded. The message size can be configured in AddHubOptions.";
    };
    CHECK(split(4,
                "\x03"
                "abc") == Records{"abc"});
    CHECK(split(4,
                "\x04"
                "abcd") == Records{too_large("4")});
    CHECK(split(202, kStream) == kRecords);
    CHECK(split(201, kStream) == Records{"\x91\x06", "", "abc", too_large("201")});
    // The length alone is enough to know, and so is its first half.
    CHECK(split(32768, "\xFD\xFF\x01") == Records{});
    CHECK(split(32768, "\xFE\xFF\x01") == Records{too_large("32768")});
    CHECK(split(100, "\xE4") == Records{too_large("100")});
    CHECK(split(0, "\xC8\x01" + kLong) == Records{kLong});
}

TEST_CASE("LengthSplitter refuses lengths that are not 31 bits", "[protocol]") {
    const auto bytes = GENERATE(as<std::string>{}, "\x80\x80\x80\x80\x08", "\xFF\xFF\xFF\xFF\x0F",
                                "\x80\x80\x80\x80\x80", "\xFF\xFF\xFF\xFF\xFF");
    LengthSplitter splitter(0);
    Records records;
    for (const char byte : bytes) {
        feed(splitter, std::string(1, byte), records);
    }
    CHECK(records == Records{"!Messages over 2GB in size are not supported."});
    feed(splitter, "\x01z", records);  // spent
    CHECK(records.size() == 2);
}

TEST_CASE("LengthSplitter reads the largest length without making room for it", "[protocol]") {
    LengthSplitter splitter(0);
    Records records;
    feed(splitter, "\xFF\xFF\xFF\xFF\x07", records);
    feed(splitter, "abc", records);
    CHECK(records.empty());
    CHECK(splitter.has_partial_record());
}

TEST_CASE("LengthSplitter reads a length with groups that add nothing", "[protocol]") {
    CHECK(split(64,
                "\x83\x80\x80\x80\x00"
                "abc"s) == Records{"abc"});
}

}  // namespace
}  // namespace hubtrail::protocol
