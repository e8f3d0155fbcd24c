#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/bench.h"

namespace hubtrail::bench {

constexpr std::size_t kResponseBytesMax = 256U << 20U;

struct HttpResponse {
    int status = 0;
    std::string_view body;
    std::size_t bytes = 0;  ///< of the whole response in the buffer
    bool last = false;      ///< the server ends the connection after it
};

/// The first response in `buffer`: nothing while it is not whole. Only Content-Length framing,
/// which is what Hubtrail's REST answers have; anything else is an error.
Result<std::optional<HttpResponse>, BenchError> parse_response(std::string_view buffer);

std::string get_request(const Target& target, std::string_view path);
/// Everything of a POST up to the body, Content-Length included.
std::string post_head(const Target& target, std::string_view path, std::size_t body_bytes);

/// One keep-alive connection that waits for each answer. Thread: main.
class HttpClient {
public:
    explicit HttpClient(const Target& target) : target_(target) {}
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// The body of a 2xx answer; the view dies at the next call. Another status is an error.
    Result<std::string_view, BenchError> get(std::string_view path, std::int64_t deadline_ns);
    /// The same with a body to send.
    Result<std::string_view, BenchError> post(std::string_view path, std::string_view body,
                                              std::int64_t deadline_ns);

private:
    Result<std::string_view, BenchError> exchange(std::string_view what, const std::string& request,
                                                  std::int64_t deadline_ns);

    Target target_;
    int socket_ = -1;
    std::string buffer_;
};

/// Where the log of the target's tenant begins and ends.
struct LogBounds {
    std::uint64_t first_pos = 0;
    std::uint64_t last_pos = 0;
    std::string latest_cursor;
};

Result<LogBounds, BenchError> read_log_bounds(HttpClient& client, std::int64_t deadline_ns);

}  // namespace hubtrail::bench
