#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "transport/http_message.h"

namespace hubtrail::transport {

// Limits inside those of http_message.h.
inline constexpr std::size_t kMethodBytesMax = 16;  ///< over it: 501
inline constexpr std::size_t kQueryItemsMax =
    256;  ///< over it: 400; bounds the memory of one target
inline constexpr std::size_t kContentLengthDigitsMax = 18;  ///< over it: 400; fits 64 bits
inline constexpr std::size_t kChunkSizeDigitsMax = 8;       ///< over it: 400

/// Why a request was refused. Answer with `status`, then close. `text` is static, quotes nothing of
/// the peer and may be sent.
struct HttpError {
    int status = 400;
    std::string_view text;
};

/// One peer's HTTP/1.1 requests, one after another, strict (RFC 9112): what two parsers could read
/// in two ways is refused. Bytes may be cut anywhere; a request's last byte is the last one taken,
/// so that a pipelined next request stays with the caller. A `+` in a query is a plus sign. Path
/// and query of a completed request are valid UTF-8 without NUL. Thread: strand.
class RequestParser {
public:
    enum class State { need_more, complete, failed };

    virtual ~RequestParser() = default;

    /// Takes bytes from the front and says in `consumed` how many. After `complete` call take()
    /// before the next feed(); after `failed` the connection is of no more use.
    virtual State feed(std::string_view bytes, std::size_t& consumed) = 0;

    /// A byte of the next request has come: the header deadline runs.
    virtual bool started() const = 0;
    /// The header is complete and good; the body deadline runs until `complete`.
    virtual bool header_complete() const = 0;
    /// The client waits for "100 Continue" and has not sent a byte of the body yet. True after at
    /// most one non-empty feed() a request: answer each time that it is.
    virtual bool wants_continue() const = 0;

    /// The request so far, to decide by its header while the body is still coming. Needs
    /// header_complete(). The query still has its access_token: take() and extract_token() before
    /// logging.
    virtual const HttpRequest& peek() const = 0;
    /// The complete request; the parser is ready for the next. The bearer token of the
    /// Authorization header is already in `token`; extract_token() deals with the query.
    virtual HttpRequest take() = 0;
    /// Needs `failed`.
    virtual const HttpError& error() const = 0;
};

/// One parser a connection.
using RequestParserFactory = std::function<std::unique_ptr<RequestParser>()>;

}  // namespace hubtrail::transport
