#include "transport/http/request_target.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::transport {
namespace {

std::string parsed(std::string_view target, const std::string& method = "GET") {
    HttpRequest request;
    request.method = method;
    const auto error = read_target(target, request);
    if (!error.empty()) {
        return "error: " + std::string(error);
    }
    std::string text = request.path;
    for (const auto& [name, value] : request.query) {
        text += "|" + name + "=" + value;
    }
    return text;
}

}  // namespace

TEST_CASE("A target is split and decoded once", "[http]") {
    const std::vector<std::pair<std::string, std::string>> rows{
        {"/", "/"},
        {"/a%2Fb", "/a/b"},
        {"/a%2fb%3Fc", "/a/b?c"},
        {"/%2541", "/%41"},
        {"/%C3%A4%E2%82%AC%F0%9F%98%80", "/\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"/a/../b/.", "/a/../b/."},
        {"/a|b^c{d}", "/a|b^c{d}"},
        {"/a?", "/a"},
        {"/a?b", "/a|b="},
        {"/a?b=", "/a|b="},
        {"/a?=c", "/a|=c"},
        {"/a?b=c=d", "/a|b=c=d"},
        {"/a?b=c&b=d&e", "/a|b=c|b=d|e="},
        {"/a?&&b=c&", "/a|b=c"},
        {"/a?b?c=d/e", "/a|b?c=d/e"},
        {"/a?x%3Dy=z%26", "/a|x=y=z&"},
        {"/a?t=2026-01-02T03:04:05+02:00", "/a|t=2026-01-02T03:04:05+02:00"},
        {"/a?t=a%20b%0A", "/a|t=a b\n"},
        {"/a?b=%C3%A4", "/a|b=\xC3\xA4"},
    };
    for (const auto& [target, expected] : rows) {
        CAPTURE(target);
        CHECK(parsed(target) == expected);
    }
    CHECK(parsed("*", "OPTIONS") == "*");
    CHECK(parsed("*") == "error: the request target must be a path");
    CHECK(parsed("") == "error: the request target must be a path");
}

TEST_CASE("A percent sequence is not completed by what lies behind the target", "[http]") {
    const std::string_view target = "/%41";
    CHECK(parsed(target) == "/A");
    CHECK(parsed(target.substr(0, 3)) == "error: malformed percent sequence in the request target");
    CHECK(parsed(target.substr(0, 2)) == "error: malformed percent sequence in the request target");
}

}  // namespace hubtrail::transport
