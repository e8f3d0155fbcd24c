#include "bench/target.h"

#include <string>

#include "tests/support/catch.h"

using namespace hubtrail::bench;

TEST_CASE("parse_target reads host, port and path of this machine", "[bench]") {
    auto full = parse_target("http://localhost:65535/hub?a=b");
    REQUIRE(full);
    CHECK(full->host == "127.0.0.1");
    CHECK(full->port == 65535);
    CHECK(full->path == "/hub?a=b");
    auto ready_line = parse_target("http://127.0.0.9:1/");
    REQUIRE(ready_line);
    CHECK(ready_line->host == "127.0.0.9");
    CHECK(ready_line->port == 1);
    CHECK(ready_line->path == "/bench");
    CHECK(parse_target("127.0.0.1:8080"));
}

TEST_CASE("parse_target refuses other machines and bad ports", "[bench]") {
    for (const char* url :
         {"", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:8x", "https://127.0.0.1:1",
          "10.0.0.1:80", "128.0.0.1:80", "example.org:80"}) {
        CAPTURE(url);
        CHECK(!parse_target(url));
    }
}

TEST_CASE("connections take the tokens in turn", "[bench]") {
    Target target;
    CHECK(token_of(target, 3).empty());
    target.tokens = {"a", "b"};
    CHECK(token_of(target, 0) == "a");
    CHECK(token_of(target, 3) == "b");
}
