#include "transport/http/chunk_scan.h"

#include <string>

#include "tests/support/catch.h"

namespace hubtrail::transport {

TEST_CASE("A chunk line gives its size and stops after its line feed", "[http]") {
    ChunkScan scan;
    std::size_t consumed = 0;
    REQUIRE(scan.feed("1aB\r\nrest", consumed) == ChunkScan::State::complete);
    CHECK(consumed == 5);
    CHECK(scan.size() == 0x1AB);
    CHECK(scan.line() == "1aB\r\n");
    scan.next();
    REQUIRE(scan.feed("\r\n0\r\n", consumed) == ChunkScan::State::complete);
    CHECK(scan.size() == 0);
    CHECK(scan.line() == "\r\n0\r\n");
}

TEST_CASE("A chunk size has at most its digits", "[http]") {
    std::size_t consumed = 0;
    ChunkScan fits;
    REQUIRE(fits.feed(std::string(kChunkSizeDigitsMax, 'F') + "\r\n", consumed) ==
            ChunkScan::State::complete);
    CHECK(fits.size() == 0xFFFFFFFF);
    ChunkScan over;
    CHECK(over.feed(std::string(kChunkSizeDigitsMax + 1, '0'), consumed) ==
          ChunkScan::State::failed);
}

TEST_CASE("Only the second chunk line on begins with the end of the chunk before", "[http]") {
    std::size_t consumed = 0;
    ChunkScan first;
    CHECK(first.feed("\r\n1\r\n", consumed) == ChunkScan::State::failed);
    ChunkScan second;
    second.next();
    CHECK(second.feed("1\r\n", consumed) == ChunkScan::State::failed);
}

}  // namespace hubtrail::transport
