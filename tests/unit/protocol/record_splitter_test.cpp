#include "protocol/record_splitter.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::protocol {
namespace {

using Records = std::vector<std::string>;

/// Feeds and takes all records; the last entry is "!" when the splitter refused.
void feed(RecordSplitter& splitter, std::string_view bytes, Records& records) {
    splitter.feed(bytes);
    while (true) {
        const auto record = splitter.next();
        if (!record) {
            CHECK(record.error().code == ProtocolErrc::too_large);
            records.emplace_back("!");
            return;
        }
        if (!*record) {
            return;
        }
        records.emplace_back(**record);
    }
}

const std::string kStream = "{\"type\":6}\x1e{}\x1e\x1e{\"type\":1,\"target\":\"x\"}\x1e";
const Records kRecords{"{\"type\":6}", "{}", "", "{\"type\":1,\"target\":\"x\"}"};

// Goal: TCP may cut the stream anywhere. Method: try every cut of one stream into two feeds.
TEST_CASE("RecordSplitter finds the same records however the stream is cut in two", "[protocol]") {
    for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
        CAPTURE(cut);
        RecordSplitter splitter(64);
        Records records;
        feed(splitter, std::string_view{kStream}.substr(0, cut), records);
        feed(splitter, std::string_view{kStream}.substr(cut), records);
        CHECK(records == kRecords);
        CHECK_FALSE(splitter.has_partial_record());
    }
}

TEST_CASE("RecordSplitter finds the same records in pieces of every size", "[protocol]") {
    for (std::size_t piece = 1; piece <= kStream.size(); ++piece) {
        CAPTURE(piece);
        RecordSplitter splitter(64);
        Records records;
        for (std::size_t at = 0; at < kStream.size(); at += piece) {
            // A copy that dies at once: nothing may be kept by view over a feed.
            const std::string part = kStream.substr(at, piece);
            feed(splitter, part, records);
        }
        CHECK(records == kRecords);
    }
}

TEST_CASE("RecordSplitter hands out whole records as views into what was fed", "[protocol]") {
    const std::string bytes =
        "ab\x1e"
        "cd\x1e"
        "e";
    RecordSplitter splitter(64);
    splitter.feed(bytes);
    const auto first = splitter.next();
    REQUIRE(first);
    CHECK((**first).data() == bytes.data());
    const auto second = splitter.next();
    REQUIRE(second);
    CHECK((**second).data() == bytes.data() + 3);
    CHECK_FALSE((*splitter.next()).has_value());

    // The record that was cut is a copy, the one behind it a view again.
    const std::string more = "f\x1eg\x1e";
    splitter.feed(more);
    const auto third = splitter.next();
    REQUIRE(third);
    CHECK(**third == "ef");
    const auto fourth = splitter.next();
    REQUIRE(fourth);
    CHECK((**fourth).data() == more.data() + 2);
}

TEST_CASE("RecordSplitter takes a record of exactly the limit, separator included", "[protocol]") {
    struct Row {
        std::vector<std::string> feeds;
        Records records;
    };
    // The limit is 5 bytes.
    const std::vector<Row> rows{
        {{"1234\x1e"}, {"1234"}},
        {{"1234\x1e"
          "5678\x1e"},
         {"1234", "5678"}},
        {{"1234"}, {}},
        {{"1234", "\x1e"}, {"1234"}},
        {{"12", "34\x1e"}, {"1234"}},
        {{"12345\x1e"}, {"!"}},
        {{"12345"}, {"!"}},
        {{"1234", "5"}, {"!"}},
        {{"12", "345\x1e"}, {"!"}},
        {{"1\x1e"
          "23456"},
         {"1", "!"}},
        {{"1\x1e"
          "23456\x1e"
          "7\x1e"},
         {"1", "!"}},
        {{"1\x1e"
          "2345",
          "6"},
         {"1", "!"}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.feeds);
        RecordSplitter splitter(5);
        Records records;
        for (const auto& bytes : row.feeds) {
            feed(splitter, bytes, records);
        }
        CHECK(records == row.records);
    }
}

TEST_CASE("RecordSplitter says the limit in the reference's words", "[protocol]") {
    RecordSplitter splitter(32768);
    const std::string exact(32767, 'x');
    Records records;
    feed(splitter, exact + "\x1e", records);
    CHECK(records.size() == 1);
    const std::string over(32768, 'x');
    splitter.feed(over);
    const auto refused = splitter.next();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().detail ==
          "The maximum message size of 32768B was exceeded. The message size can be configured in "
          "AddHubOptions.");
}

TEST_CASE("RecordSplitter that refused stays spent", "[protocol]") {
    RecordSplitter splitter(2);
    Records records;
    feed(splitter, "long\x1e", records);
    feed(splitter, "a\x1e", records);
    CHECK(records == Records{"!", "!"});
}

TEST_CASE("RecordSplitter knows whether a record was cut off", "[protocol]") {
    RecordSplitter splitter(64);
    Records records;
    CHECK_FALSE(splitter.has_partial_record());
    feed(splitter, "a\x1e", records);
    CHECK_FALSE(splitter.has_partial_record());
    feed(splitter, "b", records);
    CHECK(splitter.has_partial_record());
    feed(splitter, "\x1e", records);
    CHECK_FALSE(splitter.has_partial_record());
}

TEST_CASE("RecordSplitter without a limit takes a record of any size", "[protocol]") {
    RecordSplitter splitter(0);
    Records records;
    const std::string half(100'000, 'x');
    feed(splitter, half, records);
    feed(splitter, half + "\x1e", records);
    CHECK(records == Records{half + half});
}

}  // namespace
}  // namespace hubtrail::protocol
