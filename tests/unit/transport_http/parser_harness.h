#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "transport/http/http_parser.h"

namespace hubtrail::transport {

/// One line for everything that a parser made of some bytes.
inline std::string describe(const HttpRequest& request) {
    std::string text = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) {
        text += " ?" + name + "=" + value;
    }
    for (const auto& [name, value] : request.headers) {
        if (name != "host") {
            text += " [" + name + ": " + value + "]";
        }
    }
    if (!request.token.empty()) {
        text += " token=" + request.token;
    }
    if (request.http_minor != 1) {
        text += " minor=" + std::to_string(request.http_minor);
    }
    if (!request.keep_alive) {
        text += " close";
    }
    if (!request.body.empty()) {
        text += " body=" + request.body;
    }
    return text;
}

/// Feeds the pieces to one parser until the first verdict: a described request and how many bytes
/// were left over, a refusal, or "more". Ends with the number of pieces' bytes that were not taken.
inline std::string run_pieces(const std::vector<std::string_view>& pieces) {
    const auto parser = make_http_parser();
    std::size_t left = 0;
    bool done = false;
    std::string verdict = "more";
    for (std::string_view piece : pieces) {
        if (done) {
            left += piece.size();
            continue;
        }
        std::size_t consumed = 0;
        switch (parser->feed(piece, consumed)) {
            case RequestParser::State::need_more:
                break;
            case RequestParser::State::complete:
                verdict = describe(parser->take());
                left = piece.size() - consumed;
                done = true;
                break;
            case RequestParser::State::failed:
                return std::to_string(parser->error().status) + " " +
                       std::string(parser->error().text);
        }
    }
    return left == 0 ? verdict : verdict + " left=" + std::to_string(left);
}

inline std::string run_whole(std::string_view bytes) {
    return run_pieces({bytes});
}

inline std::string run_bytewise(std::string_view bytes) {
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        pieces.push_back(bytes.substr(i, 1));
    }
    return run_pieces(pieces);
}

/// The first cut into two at which the verdict is another than `expected`, or npos. Long inputs are
/// cut at every place near their ends and at every 61st between.
inline std::size_t first_bad_cut(std::string_view bytes, const std::string& expected) {
    constexpr std::size_t kEveryCut = 1200;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const bool middle = cut > kEveryCut && cut + 40 < bytes.size();
        if (middle && cut % 61 != 0) {
            continue;
        }
        if (run_pieces({bytes.substr(0, cut), bytes.substr(cut)}) != expected) {
            return cut;
        }
    }
    return std::string_view::npos;
}

}  // namespace hubtrail::transport
