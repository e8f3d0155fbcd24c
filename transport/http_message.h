#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubtrail::transport {

// Limits of a request (docs/limits.md). Over a limit: the status named here, then close.
inline constexpr std::size_t kRequestLineBytesMax = 8 * 1024;   ///< 414
inline constexpr std::size_t kHeaderBytesMax = 16 * 1024;       ///< 431, request line included
inline constexpr std::size_t kHeaderCountMax = 64;              ///< 431
inline constexpr std::size_t kBodyBytesMax = 1024 * 1024;       ///< 413
inline constexpr std::size_t kRequestsPerConnectionMax = 1000;  ///< then Connection: close
inline constexpr std::int64_t kHeaderDeadlineNs =
    5'000'000'000;  ///< 408, from the first byte, not reset by bytes
inline constexpr std::int64_t kBodyDeadlineNs = 30'000'000'000;   ///< 408
inline constexpr std::int64_t kKeepAliveIdleNs = 60'000'000'000;  ///< closed silently

/// One request, complete. Names of headers are lower case. The bearer token was taken out of
/// headers and query before anything else could see it.
struct HttpRequest {
    std::string method;
    std::string path;  ///< percent-decoded, without query
    std::vector<std::pair<std::string, std::string>>
        query;  ///< percent-decoded, in order, without access_token
    std::vector<std::pair<std::string, std::string>> headers;  ///< without Authorization
    std::string body;
    std::string token;            ///< bearer token; empty: none
    bool token_conflict = false;  ///< header and query had different tokens
    bool keep_alive = true;
    int http_minor = 1;  ///< HTTP/1.0 or HTTP/1.1
    std::string
        peer_address;  ///< `127.0.0.1:50312`; only of a request that opens a hub's connection
    std::string local_address;  ///< ours; likewise

    /// The first value, or nothing. `name` in lower case for headers; query names ignore case.
    std::optional<std::string_view> header(std::string_view name) const;
    std::optional<std::string_view> query_value(std::string_view name) const;
    std::vector<std::string_view> query_values(std::string_view name) const;
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// Answers one request, once. Safe to call after the peer has gone (the answer is dropped), and
/// from the connection's loop only. Copies share the one answer.
using HttpReply = std::function<void(HttpResponse)>;

/// Serves requests of some paths. May answer within handle() or later on the same loop.
/// Thread: strand. One handler per loop.
class HttpHandler {
public:
    virtual ~HttpHandler() = default;
    virtual void handle(HttpRequest request, HttpReply reply) = 0;
};

/// Whether a token in the query may stand for the Authorization header.
enum class TokenInQuery { refused, accepted };

/// Takes every `access_token` out of the query, so that nothing can log it. Where accepted (hub
/// paths, whose browser clients cannot set headers) it becomes `token` if the header gave none.
/// Different tokens in two places set token_conflict.
void extract_token(HttpRequest& request, TokenInQuery in_query);

/// Whether an application may send this header: its name is a token and its value visible ASCII,
/// spaces and tabs (RFC 9110 5), and it does not say where the message ends or whether the
/// connection stays, which is the server's to say.
bool is_application_header(std::string_view name, std::string_view value);

/// The standard reason phrase; "Unknown" for others.
std::string_view reason_phrase(int status);

/// The one error body (docs/api.md 2). `details_json` is a JSON object text or empty.
HttpResponse make_problem(int status, std::string_view code, std::string_view text,
                          std::string_view details_json = {});
/// A 503 that says when to come back, in the header and in the body.
HttpResponse make_retry_problem(std::string_view code, std::string_view text, int retry_after_s);

}  // namespace hubtrail::transport
