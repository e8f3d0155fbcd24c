#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "transport/request_parser.h"

namespace hubtrail::transport {

/// What the strict scan learned from a header block, for the body and for the connection.
struct HeaderFacts {
    std::size_t begin =
        0;  ///< the request line; an empty line in front is skipped once (RFC 9112 2.2)
    std::size_t end = 0;            ///< after the empty line
    std::size_t header_count = 0;   ///< trailers included
    std::size_t trailer_bytes = 0;  ///< of a trailer section, its empty line included
    int http_minor = 1;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool expect_continue = false;
    bool keep_alive = true;
};

/// The strict reading of a header block, in front of the parser that takes it apart (RFC 9112, 9110
/// 5). Resumable: each call gets the block from its first byte, longer than the last time; no byte
/// is looked at twice. Verdicts follow the order of the bytes, so that the cuts do not matter.
/// Thread: strand.
class HeaderScan {
public:
    enum class State { need_more, complete, failed };

    State scan(std::string_view block);
    const HeaderFacts& facts() const { return facts_; }
    const HttpError& error() const { return error_; }
    /// Headers and trailers of one request share their limits: `block` is the trailer section, and
    /// `used` the bytes of header before it.
    State scan_trailer(std::string_view block, std::size_t used);
    void reset() { *this = HeaderScan(); }

private:
    enum class Line { need_more, found, bad, too_long };

    Line next_line(std::string_view block, std::size_t cr_index_max, std::string_view& line);
    State scan_request_line(std::string_view block);
    State scan_field(std::string_view line);
    State check_known(std::string_view name, std::string_view value);
    State check_connection(std::string_view value);
    State check_content_length(std::string_view value);
    State finish();
    State fail(int status, std::string_view text);

    HeaderFacts facts_;
    HttpError error_;
    std::size_t line_begin_ = 0;
    std::size_t seen_ = 0;  // up to here there is no end of line and no bad byte
    bool request_line_done_ = false;
    bool in_trailer_ = false;
    bool host_ = false;
    bool authorization_ = false;
    bool close_ = false;
    bool persist_ = false;
};

}  // namespace hubtrail::transport
