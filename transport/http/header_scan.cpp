#include "transport/http/header_scan.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/ascii.h"
#include "base/utf8.h"

namespace hubtrail::transport {
namespace {

constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c) {
        table[c] = true;
    }
    for (unsigned c = 'a'; c <= 'z'; ++c) {
        table[c] = true;
        table[c - 'a' + 'A'] = true;
    }
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

constexpr std::array<bool, 256> make_host_table() {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c) {
        table[c] = true;
    }
    for (unsigned c = 'a'; c <= 'z'; ++c) {
        table[c] = true;
        table[c - 'a' + 'A'] = true;
    }
    for (const char c : std::string_view("-._~%!$&'()*+,;=:[]")) {
        table[static_cast<unsigned char>(c)] = true;
    }
    return table;
}

constexpr auto kToken = make_token_table();
constexpr auto kHost = make_host_table();

bool all_of_table(std::string_view text, const std::array<bool, 256>& table) {
    return std::all_of(text.begin(), text.end(),
                       [&](char c) { return table[static_cast<unsigned char>(c)]; });
}

// No early exit, so that the compiler can do many bytes at a time.
bool has_control(std::string_view text) {
    unsigned bad = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        bad |= static_cast<unsigned>(byte < 0x20) & static_cast<unsigned>(byte != '\t');
        bad |= static_cast<unsigned>(byte == 0x7F);
    }
    return bad != 0;
}

}  // namespace

HeaderScan::State HeaderScan::fail(int status, std::string_view text) {
    error_ = {status, text};
    return State::failed;
}

HeaderScan::Line HeaderScan::next_line(std::string_view block, std::size_t cr_index_max,
                                       std::string_view& line) {
    const std::size_t end = std::min(block.size(), cr_index_max + 1);
    const auto fresh = block.substr(seen_, end - seen_);
    const auto cr = fresh.find('\r');
    if (has_control(fresh.substr(0, cr))) {
        return Line::bad;
    }
    if (cr == std::string_view::npos) {
        seen_ = end;
        return end == cr_index_max + 1 ? Line::too_long : Line::need_more;
    }
    seen_ += cr;
    if (seen_ + 1 == block.size()) {
        return Line::need_more;
    }
    if (block[seen_ + 1] != '\n') {
        return Line::bad;
    }
    line = block.substr(line_begin_, seen_ - line_begin_);
    seen_ += 2;
    line_begin_ = seen_;
    return Line::found;
}

HeaderScan::State HeaderScan::scan(std::string_view block) {
    const bool at_limit = block.size() >= kHeaderBytesMax;
    block = block.substr(0, kHeaderBytesMax);
    while (!request_line_done_) {
        const State state = scan_request_line(block);
        if (state != State::complete) {
            return state;
        }
    }
    for (;;) {
        std::string_view line;
        switch (next_line(block, kHeaderBytesMax, line)) {
            case Line::found:
                break;
            case Line::bad:
                return fail(400, "control character in the header");
            case Line::too_long:
            case Line::need_more:
                return at_limit ? fail(431, "header too large") : State::need_more;
        }
        if (line.empty()) {
            return finish();
        }
        if (const State state = scan_field(line); state != State::complete) {
            return state;
        }
    }
}

HeaderScan::State HeaderScan::scan_trailer(std::string_view block, std::size_t used) {
    if (!in_trailer_) {
        in_trailer_ = true;
        line_begin_ = 0;
        seen_ = 0;
    }
    // The empty line is free: a header at its limit may have a chunked body without trailers.
    const std::size_t bytes_max = kHeaderBytesMax + 2 - std::min(used, kHeaderBytesMax);
    const bool at_limit = block.size() >= bytes_max;
    block = block.substr(0, bytes_max);
    for (;;) {
        std::string_view line;
        switch (next_line(block, kHeaderBytesMax, line)) {
            case Line::found:
                break;
            case Line::bad:
                return fail(400, "control character in a trailer");
            case Line::too_long:
            case Line::need_more:
                return at_limit ? fail(431, "header and trailers too large") : State::need_more;
        }
        if (line.empty()) {
            facts_.trailer_bytes = line_begin_;
            return State::complete;
        }
        if (const State state = scan_field(line); state != State::complete) {
            return state;
        }
    }
}

HeaderScan::State HeaderScan::scan_request_line(std::string_view block) {
    std::string_view line;
    switch (next_line(block, line_begin_ + kRequestLineBytesMax, line)) {
        case Line::found:
            break;
        case Line::bad:
            return fail(400, "control character in the request line");
        case Line::too_long:
            return fail(414, "request line too long");
        case Line::need_more:
            return State::need_more;
    }
    if (line.empty() && facts_.begin == 0) {
        facts_.begin = line_begin_;
        return State::complete;
    }
    const auto method_end = line.find(' ');
    const auto target_end = line.rfind(' ');
    if (method_end == std::string_view::npos || method_end == target_end) {
        return fail(400, "malformed request line");
    }
    const auto method = line.substr(0, method_end);
    const auto target = line.substr(method_end + 1, target_end - method_end - 1);
    const auto version = line.substr(target_end + 1);
    if (method.empty() || !all_of_table(method, kToken)) {
        return fail(400, "malformed method");
    }
    const bool is_version = version.size() == 8 && version.substr(0, 5) == "HTTP/" &&
                            is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
    if (!is_version) {
        return fail(400, "malformed HTTP version");
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    if (method.size() > kMethodBytesMax) {
        return fail(501, "unknown method");
    }
    const bool plain =
        std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (target.empty() || !plain) {
        return fail(400, "malformed request target");
    }
    facts_.http_minor = version.back() - '0';
    request_line_done_ = true;
    return State::complete;
}

HeaderScan::State HeaderScan::scan_field(std::string_view line) {
    if (++facts_.header_count > kHeaderCountMax) {
        return fail(431, "too many header fields");
    }
    if (line.front() == ' ' || line.front() == '\t') {
        return fail(400, "folded header line");
    }
    const auto name_end = std::find_if(
        line.begin(), line.end(), [](char c) { return !kToken[static_cast<unsigned char>(c)]; });
    if (name_end == line.begin() || name_end == line.end() || *name_end != ':') {
        return fail(400, "malformed header name");
    }
    const auto name_size = static_cast<std::size_t>(name_end - line.begin());
    const auto value = trim(line.substr(name_size + 1));
    if (!is_utf8(value)) {
        return fail(400, "malformed header value");  // as in the reference; hubs hand it on as text
    }
    return check_known(line.substr(0, name_size), value);
}

HeaderScan::State HeaderScan::check_known(std::string_view name, std::string_view value) {
    if (in_trailer_) {
        // Trailers are dropped, but a proxy in front may have merged these into the header it saw.
        const bool framing = equal_ignoring_case(name, "host") ||
                             equal_ignoring_case(name, "content-length") ||
                             equal_ignoring_case(name, "transfer-encoding") ||
                             equal_ignoring_case(name, "authorization");
        return framing ? fail(400, "header not allowed as a trailer") : State::complete;
    }
    if (equal_ignoring_case(name, "host")) {
        if (host_) {
            return fail(400, "two Host headers");
        }
        host_ = true;
        if (value.empty() || !all_of_table(value, kHost)) {
            return fail(400, "malformed Host");
        }
    } else if (equal_ignoring_case(name, "content-length")) {
        return check_content_length(value);
    } else if (equal_ignoring_case(name, "transfer-encoding")) {
        if (facts_.chunked || !equal_ignoring_case(value, "chunked")) {
            return fail(400, "Transfer-Encoding must be chunked, once");
        }
        facts_.chunked = true;
    } else if (equal_ignoring_case(name, "connection")) {
        return check_connection(value);
    } else if (equal_ignoring_case(name, "expect")) {
        if (!equal_ignoring_case(value, "100-continue")) {
            return fail(417, "unknown expectation");
        }
        facts_.expect_continue = true;
    } else if (equal_ignoring_case(name, "authorization")) {
        if (authorization_) {
            return fail(400, "two Authorization headers");
        }
        authorization_ = true;
    }
    return State::complete;
}

HeaderScan::State HeaderScan::check_connection(std::string_view value) {
    while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        const auto option = trim(value.substr(0, comma));
        if (!all_of_table(option, kToken)) {
            return fail(400, "malformed Connection");
        }
        close_ = close_ || equal_ignoring_case(option, "close");
        persist_ = persist_ || equal_ignoring_case(option, "keep-alive");
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return State::complete;
}

HeaderScan::State HeaderScan::check_content_length(std::string_view value) {
    if (facts_.content_length.has_value()) {
        return fail(400, "two Content-Length headers");
    }
    // The digits are counted before anything is computed with them.
    if (value.empty() || value.size() > kContentLengthDigitsMax ||
        !std::all_of(value.begin(), value.end(), is_digit)) {
        return fail(400, "malformed Content-Length");
    }
    std::uint64_t length = 0;
    for (const char digit : value) {
        length = length * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    facts_.content_length = length;
    return State::complete;
}

HeaderScan::State HeaderScan::finish() {
    facts_.end = line_begin_;
    if (!host_ && facts_.http_minor == 1) {
        return fail(400, "no Host header");
    }
    if (facts_.chunked && facts_.content_length.has_value()) {
        return fail(400, "Content-Length and Transfer-Encoding together");
    }
    // A 1.0 peer or proxy may not know chunks and see another end of the message than we do.
    if (facts_.chunked && facts_.http_minor == 0) {
        return fail(400, "Transfer-Encoding in HTTP/1.0");
    }
    if (facts_.content_length.value_or(0) > kBodyBytesMax) {
        return fail(413, "body too large");
    }
    facts_.keep_alive = !close_ && (facts_.http_minor == 1 || persist_);
    return State::complete;
}

}  // namespace hubtrail::transport
