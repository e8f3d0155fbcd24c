#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/transport_http/parser_harness.h"

namespace hubtrail::transport {
namespace {

struct Refusal {
    std::string bytes;
    std::string verdict;
};

std::string get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
}
std::string with(const std::string& headers) {
    return "POST /a HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}
std::string chunked(const std::string& body) {
    return with("Transfer-Encoding: chunked\r\n") + body;
}
std::string nul(std::string text) {
    std::replace(text.begin(), text.end(), '@', '\0');
    return text;
}

const char* const kLine = "400 malformed request line";
const char* const kLineControl = "400 control character in the request line";
const char* const kControl = "400 control character in the header";
const char* const kName = "400 malformed header name";
const char* const kValue = "400 malformed header value";
const char* const kLength = "400 malformed Content-Length";
const char* const kTwoLengths = "400 two Content-Length headers";
const char* const kEncoding = "400 Transfer-Encoding must be chunked, once";
const char* const kChunk = "400 malformed chunk";
const char* const kTarget = "400 malformed request target";
const char* const kPath = "400 the request target must be a path";
const char* const kPercent = "400 malformed percent sequence in the request target";
const char* const kTargetControl = "400 control character in the request target";
const char* const kTargetUtf8 = "400 the request target is not UTF-8";
const char* const kVersion = "400 malformed HTTP version";
const char* const kSpoken = "505 only HTTP/1.0 and HTTP/1.1 are spoken here";
const char* const kBoth = "400 Content-Length and Transfer-Encoding together";
const char* const kTrailer = "400 header not allowed as a trailer";

void check_all(const std::vector<Refusal>& refusals) {
    for (const auto& [bytes, verdict] : refusals) {
        CAPTURE(bytes);
        CHECK(run_whole(bytes) == verdict);
        CHECK(run_bytewise(bytes) == verdict);
        CHECK(first_bad_cut(bytes, verdict) == std::string_view::npos);
        CHECK(run_whole(bytes + "GET / HTTP/1.1\r\nHost: x\r\n\r\n") == verdict);
    }
}

}  // namespace

TEST_CASE("A request line that is nearly right is refused", "[http]") {
    check_all({
        {" GET / HTTP/1.1\r\nHost: x\r\n\r\n", "400 malformed method"},
        {"/ HTTP/1.1\r\nHost: x\r\n\r\n", kLine},
        {"GET /\r\nHost: x\r\n\r\n", kLine},
        {"GET\r\nHost: x\r\n\r\n", kLine},
        {"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", kLine},
        {"\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", kLineControl},
        {"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", "400 malformed method"},
        {"GE(T / HTTP/1.1\r\nHost: x\r\n\r\n", "400 malformed method"},
        {"GET: / HTTP/1.1\r\nHost: x\r\n\r\n", "400 malformed method"},
        {"\"GET\" / HTTP/1.1\r\nHost: x\r\n\r\n", "400 malformed method"},
        {"G\xC3\x89T / HTTP/1.1\r\nHost: x\r\n\r\n", "400 malformed method"},
        {"GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", kLine},
        {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", kTarget},
        {"GET /  HTTP/1.1\r\nHost: x\r\n\r\n", kTarget},
        {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", kVersion},
        {"GET / \r\nHost: x\r\n\r\n", kVersion},
        {"GET / http/1.1\r\nHost: x\r\n\r\n", kVersion},
        {"GET / HTTP/1\r\nHost: x\r\n\r\n", kVersion},
        {"GET / HTTP/11.1\r\nHost: x\r\n\r\n", kVersion},
        {"GET / HTTP/1.10\r\nHost: x\r\n\r\n", kVersion},
        {"GET / HTTP/1,1\r\nHost: x\r\n\r\n", kVersion},
        {"GET / HTTP/x.1\r\nHost: x\r\n\r\n", kVersion},
        {"GET / HTTPS/1.1\r\nHost: x\r\n\r\n", kVersion},
        {"GET / HTTP/0.9\r\nHost: x\r\n\r\n", kSpoken},
        {"GET / HTTP/1.2\r\nHost: x\r\n\r\n", kSpoken},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", kSpoken},
        {"GET / HTTP/9.9\r\nHost: x\r\n\r\n", kSpoken},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", kSpoken},
        {"ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\nHost: x\r\n\r\n", "501 unknown method"},
        {"GET / HTTP/1.1\nHost: x\r\n\r\n", kLineControl},
        {"GET / HTTP/1.1\rHost: x\r\n\r\n", kLineControl},
        {"GET / HTTP/1.1\r\rHost: x\r\n\r\n", kLineControl},
        {"GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n", kLineControl},
        {"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", kLineControl},
        {nul("GET /@ HTTP/1.1\r\nHost: x\r\n\r\n"), kLineControl},
        {nul("@GET / HTTP/1.1\r\nHost: x\r\n\r\n"), kLineControl},
        {"\x16\x03\x01\x02", kLineControl},  // the begin of a TLS hello
    });
}

TEST_CASE("A target that is no plain path is refused", "[http]") {
    check_all({
        {get("http://evil/"), kPath},
        {get("https://x/a"), kPath},
        {get("x:80"), kPath},
        {"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", kPath},
        {get("a"), kPath},
        {get("?a=b"), kPath},
        {get("*"), kPath},
        {"OPTIONS ** HTTP/1.1\r\nHost: x\r\n\r\n", kPath},
        {get("/a#b"), "400 fragment in the request target"},
        {get("/a?b#c"), "400 fragment in the request target"},
        {get("/a b"), kTarget},
        {get("/a?b c"), kTarget},
        {get("/a\tb"), kTarget},
        {get("/\xC3\xA4"), kTarget},
        {get("/\x80"), kTarget},
        {get("/a?b=\xFF"), kTarget},
        {get("/%"), kPercent},
        {get("/%4"), kPercent},
        {get("/%zz"), kPercent},
        {get("/%4g"), kPercent},
        {get("/%g4"), kPercent},
        {get("/%%41"), kPercent},
        {get("/%-1"), kPercent},
        {get("/%+1"), kPercent},
        {get("/a?%"), kPercent},
        {get("/a?b=%4"), kPercent},
        {get("/a?b=%x1&c=d"), kPercent},
        {get("/a?%zz=1"), kPercent},
        {get("/%00"), kTargetControl},
        {get("/a%00b"), kTargetControl},
        {get("/a?b=%00"), kTargetControl},
        {get("/a?%00=b"), kTargetControl},
        {get("/a%0d%0aSet-Cookie:x"), kTargetControl},
        {get("/a%7F"), kTargetControl},
        {get("/%FF"), kTargetUtf8},
        {get("/%C0%AF"), kTargetUtf8},
        {get("/a?b=%ED%A0%80"), kTargetUtf8},
        {get("/a?b=%C3"), kTargetUtf8},
        {get("/a?b=%C3&c=%A4"), kTargetUtf8},
    });
}

TEST_CASE("A header that is not UTF-8 is refused", "[http]") {
    check_all({
        {with("X-Name: caf\xE9\r\n"), kValue},
        {with("Cookie: a=1; name=\xC3\r\n"), kValue},
        {with("X-Name: \xED\xA0\x80\r\n"), kValue},
    });
    CHECK(run_whole(with("X-Name: caf\xC3\xA9\r\nContent-Length: 0\r\n")).rfind("400", 0) != 0);
}

TEST_CASE("A header that two readers could read in two ways is refused", "[http]") {
    check_all({
        {with("Content-Length : 3\r\n"), kName},
        {with("Content-Length\t: 3\r\n"), kName},
        {with(": empty\r\n"), kName},
        {with("no-colon\r\n"), kName},
        {with("X Y: z\r\n"), kName},
        {with("X(Y): z\r\n"), kName},
        {with("X@Y: z\r\n"), kName},
        {with("X/Y: z\r\n"), kName},
        {with("X\xC3\xA4: z\r\n"), kName},
        {with("\x85X: z\r\n"), kName},
        {with("\"X\": z\r\n"), kName},
        {with("X: a\r\n b\r\n"), "400 folded header line"},
        {with("X: a\r\n\tb\r\n"), "400 folded header line"},
        {with("X: a\r\n : b\r\n"), "400 folded header line"},
        {"POST /a HTTP/1.1\r\n Host: x\r\n\r\n", "400 folded header line"},
        {with("X: a\nY: b\r\n"), kControl},
        {with("X: a\rY: b\r\n"), kControl},
        {with("X: a\r\r\n"), kControl},
        {with("\rX: a\r\n"), kControl},
        {with("\nX: a\r\n"), kControl},
        {"GET / HTTP/1.1\r\nHost: x\n\n", kControl},
        {"GET / HTTP/1.1\r\nHost: x\r\n\n", kControl},
        {"GET / HTTP/1.1\r\nHost: x\r\n\rX", kControl},
        {with(nul("X: a@b\r\n")), kControl},
        {with(nul("X@: a\r\n")), kControl},
        {with("X: a\x01\r\n"), kControl},
        {with("X: a\x0B\r\n"), kControl},
        {with("X: a\x0C\r\n"), kControl},
        {with("X: a\x1F\r\n"), kControl},
        {with("X: a\x7F\r\n"), kControl},
        {"GET / HTTP/1.1\r\n\r\n", "400 no Host header"},
        {"GET / HTTP/1.1\r\nX-Host: x\r\n\r\n", "400 no Host header"},
        {with("Host: x\r\n"), "400 two Host headers"},
        {with("Host: y\r\n"), "400 two Host headers"},
        {with("HOST: y\r\n"), "400 two Host headers"},
        {"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", "400 two Host headers"},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "400 malformed Host"},
        {"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", "400 malformed Host"},
        {"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", "400 malformed Host"},
        {"GET / HTTP/1.1\r\nHost: u@x\r\n\r\n", "400 malformed Host"},
        {"GET / HTTP/1.1\r\nHost: \xC3\xA4\r\n\r\n", "400 malformed Host"},
        {with("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"),
         "400 two Authorization headers"},
        {with("Expect: 200-ok\r\n"), "417 unknown expectation"},
        {with("Expect: 100-continue, x\r\n"), "417 unknown expectation"},
        {with("Connection: close x\r\n"), "400 malformed Connection"},
        {with("Connection: @\r\n"), "400 malformed Connection"},
    });
}

TEST_CASE("A length that is not one plain number is refused", "[http]") {
    check_all({
        {with("Content-Length: 3\r\nContent-Length: 3\r\n") + "abc", kTwoLengths},
        {with("Content-Length: 3\r\nContent-Length: 5\r\n") + "abcde", kTwoLengths},
        {with("Content-Length: 0\r\ncontent-length: 0\r\n"), kTwoLengths},
        {with("Content-Length: 3, 3\r\n") + "abc", kLength},
        {with("Content-Length: 3,5\r\n") + "abcde", kLength},
        {with("Content-Length:\r\n"), kLength},
        {with("Content-Length: 3x\r\n") + "abc", kLength},
        {with("Content-Length: x3\r\n") + "abc", kLength},
        {with("Content-Length: -1\r\n"), kLength},
        {with("Content-Length: +3\r\n") + "abc", kLength},
        {with("Content-Length: 0x3\r\n") + "abc", kLength},
        {with("Content-Length: 3.0\r\n") + "abc", kLength},
        {with("Content-Length: 1 2\r\n"), kLength},
        {with("Content-Length: \"3\"\r\n"), kLength},
        {with("Content-Length: 0000000000000000003\r\n") + "abc", kLength},
        {with("Content-Length: 18446744073709551619\r\n") + "abc", kLength},
        {with("Content-Length: 999999999999999999\r\n"), "413 body too large"},
        {with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n\r\n",
         kBoth},
        {with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "abc", kBoth},
        {with("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), kBoth},
        {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), kEncoding},
        {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), kEncoding},
        {with("Transfer-Encoding:\r\n"), kEncoding},
        {with("Transfer-Encoding: identity\r\n"), kEncoding},
        {with("Transfer-Encoding: xchunked\r\n"), kEncoding},
        {with("Transfer-Encoding: chunkedx\r\n"), kEncoding},
        {with("Transfer-Encoding: gzip, chunked\r\n"), kEncoding},
        {with("Transfer-Encoding: chunked, gzip\r\n"), kEncoding},
        {with("Transfer-Encoding: chunked, chunked\r\n"), kEncoding},
        {with("Transfer-Encoding: chunked,\r\n"), kEncoding},
        {with("Transfer-Encoding: ,chunked\r\n"), kEncoding},
        {with("Transfer-Encoding: \"chunked\"\r\n"), kEncoding},
        {with("Transfer-Encoding: chunked;q=1\r\n"), kEncoding},
        {with("Transfer-Encoding: \x85"
              "chunked\r\n"),
         kValue},
        {with("Transfer-Encoding: chunked\xA0\r\n"), kValue},
        {with("Transfer-Encoding: \x0B"
              "chunked\r\n"),
         kControl},
        {"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "400 Transfer-Encoding in HTTP/1.0"},
    });
}

TEST_CASE("A chunk that is not plain is refused", "[http]") {
    check_all({
        {chunked("-1\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("+3\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked(" 3\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("3 \r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("3\t\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("0x3\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("g\r\n"), kChunk},
        {chunked("\r\n"), kChunk},
        {chunked("\r\n3\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked(";x=y\r\n"), kChunk},
        {chunked("3;\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("3;x=y\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("3 ;x\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("0;x\r\n\r\n"), kChunk},
        {chunked("000000003\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("000000000\r\n\r\n"), kChunk},
        {chunked("FFFFFFFFFFFFFFFF\r\n"), kChunk},
        {chunked("10000000000000003\r\nabc\r\n"), kChunk},
        {chunked("3\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("3\r\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked("3\rXabc\r\n0\r\n\r\n"), kChunk},
        {chunked("3\r\nabcd\r\n0\r\n\r\n"), kChunk},
        {chunked("3\r\nabc0\r\n\r\n"), kChunk},
        {chunked("3\r\nabc\n0\r\n\r\n"), kChunk},
        {chunked("3\r\nabc\r0\r\n\r\n"), kChunk},
        {chunked("3\r\nab\r\n0\r\n\r\n"), kChunk},
        {chunked("3\r\nabc\r\n\r\n"), kChunk},
        {chunked("3,3\r\nabc\r\n0\r\n\r\n"), kChunk},
        {chunked(nul("3@\r\nabc\r\n0\r\n\r\n")), kChunk},
        {chunked("FFFFFFFF\r\n"), "413 body too large"},
        {chunked("0\r\nX\r\n\r\n"), kName},
        {chunked("0\r\nX : y\r\n\r\n"), kName},
        {chunked("0\r\n: y\r\n\r\n"), kName},
        {chunked("0\r\nX: y\r\n z\r\n\r\n"), "400 folded header line"},
        {chunked("0\r\nX: y\n\r\n"), "400 control character in a trailer"},
        {chunked("0\r\nX: y\rz\r\n\r\n"), "400 control character in a trailer"},
        {chunked("0\r\n\n"), "400 control character in a trailer"},
        {chunked(nul("0\r\nX: @\r\n\r\n")), "400 control character in a trailer"},
        {chunked("0\r\nContent-Length: 3\r\n\r\n"), kTrailer},
        {chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n"), kTrailer},
        {chunked("0\r\nHost: y\r\n\r\n"), kTrailer},
        {chunked("0\r\nAuthorization: Bearer z\r\n\r\n"), kTrailer},
    });
}

}  // namespace hubtrail::transport
