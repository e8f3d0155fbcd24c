#include "bench/http_wire.h"

#include <string>

#include "tests/support/catch.h"

using namespace hubtrail::bench;

// Goal: TCP may cut an answer anywhere. Method: try every cut.
TEST_CASE("parse_response waits until the answer is whole", "[bench]") {
    const std::string whole =
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\ncontent-LENGTH: 4\r\n\r\nbody";
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CAPTURE(cut);
        auto part = parse_response(std::string_view(whole).substr(0, cut));
        REQUIRE(part);
        CHECK(!part->has_value());
    }
    const std::string and_more = whole + "HTTP/1.1 200";
    auto response = parse_response(and_more);
    REQUIRE(response);
    REQUIRE(response->has_value());
    CHECK((*response)->status == 201);
    CHECK((*response)->body == "body");
    CHECK((*response)->bytes == whole.size());
}

TEST_CASE("parse_response refuses what it cannot frame", "[bench]") {
    CHECK(!parse_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    CHECK(!parse_response("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"));
    CHECK(!parse_response("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
    CHECK(!parse_response("HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n"));
    const auto with_length = [](std::size_t bytes) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n";
    };
    CHECK(parse_response(with_length(kResponseBytesMax)));
    CHECK(!parse_response(with_length(kResponseBytesMax + 1)));
}

TEST_CASE("a POST says its length and its token", "[bench]") {
    Target target;
    target.port = 81;
    CHECK(post_head(target, "/a", 5) ==
          "POST /a HTTP/1.1\r\nHost: 127.0.0.1:81\r\nContent-Type: application/json\r\n"
          "Content-Length: 5\r\n\r\n");
    target.tokens = {"t"};
    CHECK(get_request(target, "/a") ==
          "GET /a HTTP/1.1\r\nHost: 127.0.0.1:81\r\nAuthorization: Bearer t\r\n\r\n");
}
