// Goal: no bytes crash the parser or make it read beyond one request, the cuts of the bytes do not
// change the verdict, and an accepted request keeps the promises of its interface.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "transport/http/http_parser.h"
#include "transport/utf8_stream.h"

namespace hubtrail::transport {
namespace {

struct Outcome {
    std::vector<std::string> requests;
    int status = 0;
    std::string_view text;

    bool operator==(const Outcome& other) const {
        return requests == other.requests && status == other.status && text == other.text;
    }
};

bool is_utf8(std::string_view text) {
    Utf8Stream stream;
    return stream.feed(text) && stream.complete() && text.find('\0') == std::string_view::npos;
}

std::string checked(HttpRequest request) {
    HUBTRAIL_CHECK(request.path == "*" || request.path.front() == '/', "path");
    HUBTRAIL_CHECK(is_utf8(request.path), "path is not text");
    HUBTRAIL_CHECK(request.body.size() <= kBodyBytesMax, "body");
    HUBTRAIL_CHECK(request.headers.size() <= kHeaderCountMax, "headers");
    HUBTRAIL_CHECK(!request.header("authorization").has_value(), "authorization left");
    extract_token(request, TokenInQuery::accepted);
    HUBTRAIL_CHECK(!request.query_value("access_token").has_value(), "token left");
    std::string all =
        request.method + '\n' + request.path + '\n' + request.body + '\n' + request.token;
    for (const auto& [name, value] : request.query) {
        HUBTRAIL_CHECK(is_utf8(name) && is_utf8(value), "query is not text");
        all += '\n' + name + '\n' + value;
    }
    for (const auto& [name, value] : request.headers) {
        HUBTRAIL_CHECK(!name.empty() && value.find_first_of("\r\n") == std::string::npos, "header");
        HUBTRAIL_CHECK(
            std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }),
            "name in lower case");
        all += '\n' + name + '\n' + value;
    }
    return all + (request.keep_alive ? "k" : "c") + (request.token_conflict ? "t" : "-");
}

// Pieces of `step` bytes; 0: all at once.
Outcome run(std::string_view bytes, std::size_t step) {
    const auto parser = make_http_parser();
    Outcome outcome;
    while (!bytes.empty()) {
        std::string_view piece = bytes.substr(0, step == 0 ? bytes.size() : step);
        bytes.remove_prefix(piece.size());
        while (!piece.empty()) {
            std::size_t consumed = 0;
            const auto state = parser->feed(piece, consumed);
            if (state == RequestParser::State::failed) {
                outcome.status = parser->error().status;
                outcome.text = parser->error().text;
                HUBTRAIL_CHECK(outcome.status >= 400 && !outcome.text.empty(), "an error says why");
                return outcome;
            }
            HUBTRAIL_CHECK(consumed > 0 && consumed <= piece.size(), "progress");
            piece.remove_prefix(consumed);
            if (state == RequestParser::State::complete) {
                outcome.requests.push_back(checked(parser->take()));
                HUBTRAIL_CHECK(!parser->started(), "a taken request leaves nothing");
            } else {
                HUBTRAIL_CHECK(piece.empty(), "more is asked for only when all is taken");
            }
        }
    }
    return outcome;
}

}  // namespace
}  // namespace hubtrail::transport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using hubtrail::transport::run;
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = run(bytes, 0);
    HUBTRAIL_CHECK(run(bytes, 1) == whole, "byte by byte as in one piece");
    HUBTRAIL_CHECK(run(bytes, 2U + data[0]) == whole, "in pieces as in one piece");
    return 0;
}
