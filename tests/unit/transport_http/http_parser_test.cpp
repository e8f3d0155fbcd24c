#include "transport/http/http_parser.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/transport_http/parser_harness.h"

namespace hubtrail::transport {
namespace {

struct Accepted {
    std::string bytes;
    std::string description;
};

std::string with(const std::string& headers) {
    return "POST /a HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}
std::string chunked(const std::string& body) {
    return with("Transfer-Encoding: chunked\r\n") + body;
}

constexpr const char* kChunkedPost = "POST /a [transfer-encoding: chunked]";

void check_all(const std::vector<Accepted>& rows) {
    for (const auto& [bytes, description] : rows) {
        CAPTURE(bytes);
        CHECK(run_whole(bytes) == description);
        CHECK(run_bytewise(bytes) == description);
        CHECK(first_bad_cut(bytes, description) == std::string_view::npos);
        // No byte of a next request is taken, and none but the last completes this one.
        CHECK(run_whole(bytes + "GET") == description + " left=3");
        CHECK(run_whole(bytes.substr(0, bytes.size() - 1)) == "more");
    }
}

// A request whose header block, up to and with the empty line, has exactly `bytes` bytes.
std::string header_block_of(std::size_t bytes) {
    const std::string begin = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    return begin + std::string(bytes - begin.size() - 4, 'v') + "\r\n\r\n";
}

std::string request_line_of(std::size_t bytes) {
    const std::string begin = "GET /";
    const std::string end = " HTTP/1.1";
    return begin + std::string(bytes - begin.size() - end.size(), 'p') + end +
           "\r\nHost: x\r\n\r\n";
}

std::string repeated(const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += text;
    }
    return out;
}

bool starts_with(const std::string& text, const std::string& prefix) {
    return text.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

TEST_CASE("A plain request is taken apart", "[http]") {
    check_all({
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /"},
        {"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /"},
        {"GET /a/b.c HTTP/1.1\r\nHost: x:8080\r\n\r\n", "GET /a/b.c"},
        {"GET //a HTTP/1.1\r\nhOsT: [::1]:80\r\n\r\n", "GET //a"},
        {"GET / HTTP/1.1\r\nHost:x\r\n\r\n", "GET /"},
        {"GET / HTTP/1.1\r\nHost: \t x\t \r\n\r\n", "GET /"},
        {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS *"},
        {"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /a"},
        {"get /a HTTP/1.1\r\nHost: x\r\n\r\n", "get /a"},
        {"M-SEARCH!x /a HTTP/1.1\r\nHost: x\r\n\r\n", "M-SEARCH!x /a"},
        {"ABCDEFGHIJKLMNOP /a HTTP/1.1\r\nHost: x\r\n\r\n", "ABCDEFGHIJKLMNOP /a"},
        {"GET / HTTP/1.0\r\n\r\n", "GET / minor=0 close"},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
         "GET / [connection: keep-alive] minor=0"},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n",
         "GET / [connection: Keep-Alive, close] minor=0 close"},
        {with("Connection: close\r\n"), "POST /a [connection: close] close"},
        {with("Connection: x,\tCLOSE ,y\r\n"), "POST /a [connection: x,\tCLOSE ,y] close"},
        {with("Connection: closed\r\n"), "POST /a [connection: closed]"},
        {with("Connection: keep-alive\r\n"), "POST /a [connection: keep-alive]"},
        {with("Connection: x\r\nConnection: close\r\n"),
         "POST /a [connection: x] [connection: close] close"},
        {with("Proxy-Connection: close\r\n"), "POST /a [proxy-connection: close]"},
    });
}

TEST_CASE("Headers come in lower case, trimmed, in order, without Authorization", "[http]") {
    check_all({
        {with("X-One: a\r\nx-TWO:b\r\n"), "POST /a [x-one: a] [x-two: b]"},
        {with("X:\r\nY: \t \r\n"), "POST /a [x: ] [y: ]"},
        {with("X: a\r\nX: b\r\n"), "POST /a [x: a] [x: b]"},
        {with("X:  a b\tc  \r\n"), "POST /a [x: a b\tc]"},
        {with("X: a: b\r\n"), "POST /a [x: a: b]"},
        {with("X: \xC3\xA4\r\n"), "POST /a [x: \xC3\xA4]"},
        {with("!#$%&'*+-.^_`|~09aZ: v\r\n"), "POST /a [!#$%&'*+-.^_`|~09az: v]"},
        {with("Authorization: Bearer abc.def\r\n"), "POST /a token=abc.def"},
        {with("AUTHORIZATION:bEaReR  abc\r\n"), "POST /a token=abc"},
        {with("Authorization: Basic dTpw\r\n"), "POST /a"},
        {with("Authorization: Bearer\r\n"), "POST /a"},
        {with("Authorization: Bearerabc\r\n"), "POST /a"},
        {with("Authorization:\r\n"), "POST /a"},
        {with("Authorization: Bearer a b\r\n"), "POST /a token=a b"},
        {with("X-Authorization: Bearer abc\r\n"), "POST /a [x-authorization: Bearer abc]"},
        {with("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"),
         "POST /a [upgrade: h2c] [connection: Upgrade, HTTP2-Settings]"},
    });
}

TEST_CASE("A body ends where its length says", "[http]") {
    check_all({
        {with("Content-Length: 0\r\n"), "POST /a [content-length: 0]"},
        {with("Content-Length: 3\r\n") + "abc", "POST /a [content-length: 3] body=abc"},
        {with("Content-Length:3\t\r\n") + "\r\n\r", "POST /a [content-length: 3] body=\r\n\r"},
        {with("Content-Length: 000000000000000003\r\n") + "abc",
         "POST /a [content-length: 000000000000000003] body=abc"},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi",
         "GET / [content-length: 2] body=hi"},
        {"POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi",
         "POST / [content-length: 2] minor=0 close body=hi"},
        {with("Content-Length: 16\r\n") + "GET / HTTP/1.1\r\n",
         "POST /a [content-length: 16] body=GET / HTTP/1.1\r\n"},
    });
}

TEST_CASE("Chunks are joined and trailers dropped", "[http]") {
    const std::string post = kChunkedPost;
    check_all({
        {chunked("0\r\n\r\n"), post},
        {chunked("00000000\r\n\r\n"), post},
        {chunked("5\r\nhello\r\n0\r\n\r\n"), post + " body=hello"},
        {chunked("00000005\r\nhello\r\n0\r\n\r\n"), post + " body=hello"},
        {chunked("a\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\n\r\n"),
         post + " body=0123456789abcdefghij"},
        {chunked("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"), post + " body=abc"},
    });
}

TEST_CASE("Trailers are checked and dropped", "[http]") {
    const std::string post = kChunkedPost;
    check_all({
        {chunked("1\r\na\r\n0\r\nX: y\r\n\r\n"), post + " body=a"},
        {chunked("0\r\nX: y\r\nZ:\r\n\r\n"), post},
        {chunked("0\r\nConnection: close\r\nExpect: x\r\n\r\n"), post},
        {with("transfer-encoding: CHUNKED\r\n") + "1\r\na\r\n0\r\n\r\n",
         "POST /a [transfer-encoding: CHUNKED] body=a"},
        {chunked("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), post + " body=0\r\n\r\n"},
    });
}

TEST_CASE("Each limit of a header lets n pass and refuses n + 1", "[http]") {
    struct Row {
        std::string fits;
        std::string over;
        std::string verdict;
    };
    const std::string headers_63 = repeated("X: y\r\n", kHeaderCountMax - 1);
    const std::string host = "GET / HTTP/1.1\r\nHost: x\r\n";
    const std::string post = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
    const std::string trailers_62 = repeated("X: y\r\n", kHeaderCountMax - 2);
    const std::string items_255 = repeated("a&", kQueryItemsMax - 1);
    const std::vector<Row> rows{
        {request_line_of(kRequestLineBytesMax), request_line_of(kRequestLineBytesMax + 1),
         "414 request line too long"},
        {"\r\n" + request_line_of(kRequestLineBytesMax),
         "\r\n" + request_line_of(kRequestLineBytesMax + 1), "414 request line too long"},
        {header_block_of(kHeaderBytesMax), header_block_of(kHeaderBytesMax + 1),
         "431 header too large"},
        {host + headers_63 + "\r\n", host + headers_63 + "X: y\r\n\r\n",
         "431 too many header fields"},
        {post + "\r\n0\r\n" + trailers_62 + "\r\n",
         post + "\r\n0\r\n" + trailers_62 + "X: y\r\n\r\n", "431 too many header fields"},
        {"GET /?" + items_255 + "a HTTP/1.1\r\nHost: x\r\n\r\n",
         "GET /?" + items_255 + "a&a HTTP/1.1\r\nHost: x\r\n\r\n", "400 too many query items"},
        {std::string(kMethodBytesMax, 'M') + " / HTTP/1.1\r\nHost: x\r\n\r\n",
         std::string(kMethodBytesMax + 1, 'M') + " / HTTP/1.1\r\nHost: x\r\n\r\n",
         "501 unknown method"},
    };
    for (const auto& [fits, over, verdict] : rows) {
        const std::string accepted = run_whole(fits);
        CAPTURE(verdict, fits.size());
        CHECK(!starts_with(accepted, "4"));
        CHECK(!starts_with(accepted, "5"));
        CHECK(accepted != "more");
        CHECK(first_bad_cut(fits, accepted) == std::string_view::npos);
        CHECK(run_whole(over) == verdict);
        CHECK(first_bad_cut(over, verdict) == std::string_view::npos);
        CHECK(run_bytewise(over) == verdict);
    }
}

TEST_CASE("Header and trailers share one limit of bytes", "[http]") {
    const std::string begin = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::size_t room = kHeaderBytesMax - begin.size();
    const auto request = [&](std::size_t trailer_bytes) {
        return begin + "0\r\nX: " + std::string(trailer_bytes - 5, 'v') + "\r\n\r\n";
    };
    CHECK(starts_with(run_whole(request(room)), "POST /"));
    CHECK(run_whole(request(room + 1)) == "431 header and trailers too large");
    CHECK(first_bad_cut(request(room + 1), "431 header and trailers too large") ==
          std::string_view::npos);
}

TEST_CASE("A header that never ends is refused as soon as it passes its limit", "[http]") {
    const auto parser = make_http_parser();
    std::size_t consumed = 0;
    std::size_t sent = 0;
    const std::string begin = "GET /a HTTP/1.1\r\nX: ";
    REQUIRE(parser->feed(begin, consumed) == RequestParser::State::need_more);
    sent += begin.size();
    const std::string drip(100, 'a');
    while (parser->feed(drip, consumed) == RequestParser::State::need_more) {
        sent += drip.size();
        REQUIRE(sent < kHeaderBytesMax);
    }
    CHECK(parser->error().status == 431);
    CHECK(parser->feed(drip, consumed) == RequestParser::State::failed);
}

TEST_CASE("A body may have its largest size and no more, told by its length or by its chunks",
          "[http]") {
    const std::string largest(kBodyBytesMax, 'b');
    const auto sized = [](std::size_t bytes) {
        return with("Content-Length: " + std::to_string(bytes) + "\r\n");
    };
    const auto parser = make_http_parser();
    std::size_t consumed = 0;
    REQUIRE(parser->feed(sized(kBodyBytesMax) + largest, consumed) ==
            RequestParser::State::complete);
    CHECK(parser->take().body == largest);
    // Refused by the announcement: not a byte of the body is there yet.
    CHECK(run_whole(sized(kBodyBytesMax + 1)) == "413 body too large");

    REQUIRE(parser->feed(chunked("100000\r\n" + largest + "\r\n0\r\n\r\n"), consumed) ==
            RequestParser::State::complete);
    CHECK(parser->take().body == largest);
    CHECK(run_whole(chunked("100001\r\n")) == "413 body too large");
    CHECK(run_whole(chunked("FFFFF\r\n" + largest.substr(1) + "\r\n2\r\n")) ==
          "413 body too large");
    REQUIRE(parser->feed(chunked("FFFFF\r\n" + largest.substr(1) + "\r\n1\r\nb\r\n0\r\n\r\n"),
                         consumed) == RequestParser::State::complete);
    CHECK(parser->take().body == largest);
}

TEST_CASE("Pipelined requests come out one by one, however they are cut", "[http]") {
    const std::string one = with("Content-Length: 3\r\n") + "abc";
    const std::string two = chunked("1\r\nz\r\n0\r\nT: t\r\n\r\n");
    const std::string three =
        "\r\nGET /c?d=e HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n";
    const std::string four = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const std::string stream = one + two + three + four;
    const std::vector<std::string> expected{"POST /a [content-length: 3] body=abc",
                                            "POST /a [transfer-encoding: chunked] body=z",
                                            "GET /c ?d=e token=t", "GET /"};
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        CAPTURE(cut);
        const auto parser = make_http_parser();
        std::vector<std::string> got;
        for (std::string_view piece :
             {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}) {
            while (!piece.empty()) {
                std::size_t consumed = 0;
                const auto state = parser->feed(piece, consumed);
                REQUIRE(state != RequestParser::State::failed);
                piece.remove_prefix(consumed);
                if (state == RequestParser::State::complete) {
                    got.push_back(describe(parser->take()));
                }
            }
        }
        CHECK(got == expected);
        CHECK(!parser->started());
    }
}

TEST_CASE("Nothing of one request is left in the next", "[http]") {
    const auto parser = make_http_parser();
    std::size_t consumed = 0;
    REQUIRE(parser->feed("POST /a?b=c HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer t\r\nX: y\r\n"
                         "Content-Length: 1\r\n\r\nz",
                         consumed) == RequestParser::State::complete);
    parser->take();
    REQUIRE(parser->feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n", consumed) ==
            RequestParser::State::complete);
    CHECK(describe(parser->take()) == "GET /");
}

TEST_CASE("The parser tells how far a request has come", "[http]") {
    const auto parser = make_http_parser();
    std::size_t consumed = 0;
    CHECK(!parser->started());
    CHECK(!parser->header_complete());
    CHECK(parser->feed("", consumed) == RequestParser::State::need_more);
    CHECK(!parser->started());
    parser->feed("P", consumed);
    CHECK(parser->started());
    CHECK(!parser->header_complete());
    parser->feed(
        "OST /up?x=1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n",
        consumed);
    CHECK(parser->header_complete());
    CHECK(!parser->wants_continue());
    CHECK(describe(parser->peek()) == "POST /up ?x=1 [upgrade: websocket] [content-length: 2]");
    CHECK(parser->feed("ab", consumed) == RequestParser::State::complete);
    CHECK(parser->started());
    CHECK(parser->header_complete());
    CHECK(parser->feed("x", consumed) == RequestParser::State::complete);
    CHECK(consumed == 0);
    parser->take();
    CHECK(!parser->started());
    CHECK(!parser->header_complete());
}

TEST_CASE("100-continue is wanted from the end of the header to the first byte of the body",
          "[http]") {
    const std::string expect = "Expect: 100-Continue\r\n";
    for (const std::string& request :
         {with("Content-Length: 3\r\n" + expect) + "abc",
          with("Transfer-Encoding: chunked\r\n" + expect) + "1\r\na\r\n0\r\n\r\n"}) {
        CAPTURE(request);
        const std::size_t header_end = request.find("\r\n\r\n") + 4;
        const auto parser = make_http_parser();
        std::size_t wanted = 0;
        for (std::size_t i = 0; i < request.size(); ++i) {
            std::size_t consumed = 0;
            parser->feed(request.substr(i, 1), consumed);
            CHECK(parser->wants_continue() == (i + 1 == header_end));
            wanted += parser->wants_continue() ? 1U : 0U;
        }
        CHECK(wanted == 1);
        CHECK(parser->header_complete());
    }
    const auto wants = [](const std::string& request) {
        const auto parser = make_http_parser();
        std::size_t consumed = 0;
        parser->feed(request, consumed);
        return parser->wants_continue();
    };
    CHECK(wants(with("Content-Length: 3\r\n" + expect)));
    CHECK(!wants(with("Content-Length: 3\r\n" + expect) + "a"));
    CHECK(!wants(with("Content-Length: 0\r\n" + expect)));
    CHECK(!wants(with(expect)));
    CHECK(!wants("POST / HTTP/1.0\r\nContent-Length: 3\r\n" + expect + "\r\n"));
}

TEST_CASE("A request that wanted 100-continue leaves no wish to the next", "[http]") {
    const auto parser = make_http_parser();
    std::size_t consumed = 0;
    parser->feed(with("Content-Length: 1\r\nExpect: 100-continue\r\n"), consumed);
    REQUIRE(parser->wants_continue());
    REQUIRE(parser->feed("z", consumed) == RequestParser::State::complete);
    parser->take();
    CHECK(!parser->wants_continue());
    parser->feed("POST /a HTTP/1.1\r\n", consumed);
    CHECK(!parser->wants_continue());
    parser->feed("Host: x\r\nContent-Length: 1\r\n\r\n", consumed);
    CHECK(parser->header_complete());
    CHECK(!parser->wants_continue());
}

TEST_CASE("A failed parser stays failed and offers no request", "[http]") {
    const auto parser = make_http_parser();
    std::size_t consumed = 0;
    REQUIRE(parser->feed("bad\r\n", consumed) == RequestParser::State::failed);
    CHECK(!parser->header_complete());
    CHECK(!parser->wants_continue());
    CHECK(parser->feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n", consumed) ==
          RequestParser::State::failed);
    CHECK(parser->error().status == 400);
}

}  // namespace hubtrail::transport
