#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "clients/cpp-sync/stop_signal.h"

namespace hubtrail::sync {

struct HttpHeader {
    std::string name;
    std::string value;

    bool operator==(const HttpHeader&) const = default;
};

struct HttpReply {
    int status = 0;
    std::vector<HttpHeader> headers;
    std::string body;

    /// The first header of that name, whatever its case.
    std::optional<std::string_view> find_header(std::string_view name) const;
};

/// Why there is no reply. Every kind but `cancelled` is worth another attempt.
struct HttpFailure {
    enum class Kind { unreachable, timed_out, broken, too_large, cancelled };
    Kind kind;
    std::string text;  ///< "cannot reach http://127.0.0.1:8080: connection refused"
};

/// Whether a request in flight is given up when the user wants to stop.
enum class OnStop { cancel, finish };

/// Talks to one Hubtrail server, one request at a time. Never follows a redirect.
/// Thread: any, one request at a time; the caller waits.
class HttpClient {
public:
    virtual ~HttpClient() = default;

    /// `target` is path and query, already percent-encoded.
    virtual Result<HttpReply, HttpFailure> get(const std::string& target,
                                               const std::vector<HttpHeader>& headers,
                                               OnStop on_stop) = 0;
    virtual Result<HttpReply, HttpFailure> post(const std::string& target,
                                                const std::vector<HttpHeader>& headers,
                                                const std::string& body, OnStop on_stop) = 0;
};

struct HttpClientOptions {
    std::string url;    ///< "http://127.0.0.1:8080", https too; a path is a prefix
    std::string token;  ///< sent as Bearer; never printed
    /// Longest silence of the server; must exceed the `wait` of a long poll.
    int timeout_ms = 40'000;
};

inline constexpr std::size_t kReplyBytesMax = 64UL * 1024 * 1024;
inline constexpr std::size_t kUrlBytesMax = 2048;

/// The client on cpprestsdk. It is only for a server that we trust not to attack us (design D4).
/// Fails with a sentence when `url` is not an http or https URL. `stop` must outlive the client.
Result<std::unique_ptr<HttpClient>, std::string> make_http_client(const HttpClientOptions& options,
                                                                  const StopSignal& stop);

/// The URL's scheme, host and shape, checked before anything is sent.
Result<void, std::string> check_url(std::string_view url);

/// Percent-encodes everything but unreserved characters (RFC 3986 2.3).
std::string encode_query_value(std::string_view text);

}  // namespace hubtrail::sync
