#include "transport/http/request_target.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "transport/utf8_stream.h"

namespace hubtrail::transport {
namespace {

// What a decoded byte may not be: a path is compared, logged and shown, a query value is data.
enum class Part { path, query };

std::string_view decode(std::string_view text, Part part, std::string& out) {
    auto percent = text.find('%');
    if (percent == std::string_view::npos) {
        out.assign(text);
        return {};
    }
    out.clear();
    out.reserve(text.size());
    bool ascii = true;
    for (; percent != std::string_view::npos; percent = text.find('%')) {
        out.append(text, 0, percent);
        const int high = percent + 2 < text.size() ? hex_value(text[percent + 1]) : -1;
        const int low = percent + 2 < text.size() ? hex_value(text[percent + 2]) : -1;
        if (high < 0 || low < 0) {
            return "malformed percent sequence in the request target";
        }
        const auto byte = static_cast<unsigned char>(high * 16 + low);
        if (byte == 0 || (part == Part::path && (byte < 0x20 || byte == 0x7F))) {
            return "control character in the request target";
        }
        ascii = ascii && byte < 0x80;
        out.push_back(static_cast<char>(byte));
        text.remove_prefix(percent + 3);
    }
    out.append(text);
    if (!ascii) {
        Utf8Stream utf8;
        if (!utf8.feed(out) || !utf8.complete()) {
            return "the request target is not UTF-8";
        }
    }
    return {};
}

std::string_view parse_query(std::string_view text, HttpRequest& request) {
    request.query.reserve(std::min(
        static_cast<std::size_t>(std::count(text.begin(), text.end(), '&')) + 1, kQueryItemsMax));
    while (!text.empty()) {
        const auto end = std::min(text.find('&'), text.size());
        const auto item = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (item.empty()) {
            continue;
        }
        if (request.query.size() == kQueryItemsMax) {
            return "too many query items";
        }
        const auto equals = std::min(item.find('='), item.size());
        auto& [name, value] = request.query.emplace_back();
        auto error = decode(item.substr(0, equals), Part::query, name);
        if (error.empty()) {
            error = decode(item.substr(std::min(equals + 1, item.size())), Part::query, value);
        }
        if (!error.empty()) {
            return error;
        }
    }
    return {};
}

}  // namespace

std::string_view read_target(std::string_view target, HttpRequest& request) {
    if (target == "*" && request.method == "OPTIONS") {
        request.path = "*";
        return {};
    }
    if (target.empty() || target.front() != '/') {
        return "the request target must be a path";
    }
    if (target.find('#') != std::string_view::npos) {
        return "fragment in the request target";
    }
    const auto question = std::min(target.find('?'), target.size());
    if (const auto error = decode(target.substr(0, question), Part::path, request.path);
        !error.empty()) {
        return error;
    }
    return question == target.size() ? std::string_view()
                                     : parse_query(target.substr(question + 1), request);
}

}  // namespace hubtrail::transport
