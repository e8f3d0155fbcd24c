#include "server/config_nearest.h"

#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

TEST_CASE("a distance counts insertions, deletions, replacements and swaps", "[server]") {
    struct Row {
        const char* left;
        const char* right;
        std::size_t distance;
    };
    const auto row = GENERATE(values<Row>({{"", "", 0},
                                           {"listen", "listen", 0},
                                           {"", "abc", 3},
                                           {"listen", "lisen", 1},
                                           {"listen", "listenn", 1},
                                           {"listen", "lasten", 1},
                                           {"listen", "lisetn", 1},
                                           {"ab", "ba", 1},
                                           {"ca", "abc", 3},
                                           {"kitten", "sitting", 3}}));
    CAPTURE(row.left, row.right);
    CHECK(name_distance(row.left, row.right) == row.distance);
    CHECK(name_distance(row.right, row.left) == row.distance);
}

TEST_CASE("the nearest name is the one with the smallest distance, the first of equals",
          "[server]") {
    CHECK(nearest_name("serv", {"token", "serve", "version"}) == "serve");
    CHECK(nearest_name("x", {"ab", "cd"}) == "ab");
    CHECK(nearest_name("--tokne", {"--url", "--token"}) == "--token");
}

TEST_CASE("a name of any length is compared without great cost", "[server]") {
    CHECK(name_distance(std::string(1'000'000, 'a'), std::string(1'000'000, 'a')) == 0);
    CHECK(name_distance(std::string(1'000'000, 'a'), "") == 128);
}

}  // namespace
}  // namespace hubtrail::server
