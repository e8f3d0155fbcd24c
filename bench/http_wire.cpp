#include "bench/http_wire.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "bench/json_scan.h"
#include "bench/process_probe.h"
#include "bench/target.h"

namespace hubtrail::bench {
namespace {

constexpr std::size_t kReadBytes = 256U << 10U;
constexpr std::size_t kQuotedBytesMax = 300;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

Failure<BenchError> failure(std::string text) {
    return Failure{BenchError{std::move(text)}};
}

/// The value of a header in a head; `name` in lower case with its colon.
std::optional<std::string_view> header_value(std::string_view head, std::string_view name) {
    for (auto line = head.find("\r\n"); line != std::string_view::npos;
         line = head.find("\r\n", line)) {
        line += 2;
        const std::string_view text = head.substr(line, name.size());
        if (equal_ignoring_case(text, name)) {
            std::string_view value = head.substr(line + name.size());
            value = value.substr(0, value.find("\r\n"));
            value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
            return value;
        }
    }
    return std::nullopt;
}

std::string request_head(const Target& target, std::string_view method, std::string_view path) {
    std::string out(method);
    out.append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(target.host);
    out += ":" + std::to_string(target.port) + "\r\n";
    if (const auto token = token_of(target, 0); !token.empty()) {
        out.append("Authorization: Bearer ").append(token).append("\r\n");
    }
    return out;
}

/// Waits for `events`; an error when the deadline passes first.
Result<void, BenchError> wait_for(int fd, short events, std::int64_t deadline_ns) {
    for (;;) {
        const auto left_ms = (deadline_ns - now_ns()) / 1'000'000;
        if (left_ms <= 0) {
            return failure("no answer in time");
        }
        pollfd poll_fd{fd, events, 0};
        const int ready =
            poll(&poll_fd, 1, static_cast<int>(std::min<std::int64_t>(left_ms, 60'000)));
        if (ready > 0) {
            return {};
        }
        if (ready < 0 && errno != EINTR) {
            return failure(std::string("poll: ") + std::strerror(errno));
        }
    }
}

}  // namespace

Result<std::optional<HttpResponse>, BenchError> parse_response(std::string_view buffer) {
    const auto head_end = buffer.find(kHeadEnd);
    if (head_end == std::string_view::npos) {
        return std::optional<HttpResponse>();
    }
    HttpResponse response;
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    const std::string_view code = buffer.substr(std::min(kVersion.size(), buffer.size()), 3);
    const auto [end, error] =
        std::from_chars(code.data(), code.data() + code.size(), response.status);
    if (buffer.substr(0, kVersion.size()) != kVersion || error != std::errc{} ||
        end != code.data() + code.size()) {
        return failure("not an HTTP/1.1 answer: " + std::string(buffer.substr(0, 80)));
    }
    const auto head = buffer.substr(0, head_end + 2);
    const auto length_text = header_value(head, "content-length:");
    const auto length = length_text ? json_unsigned(*length_text) : std::nullopt;
    if (!length || *length > kResponseBytesMax) {
        return failure("an answer without a usable Content-Length");
    }
    response.last = header_value(head, "connection:") == "close";
    response.bytes = head_end + kHeadEnd.size() + static_cast<std::size_t>(*length);
    if (buffer.size() < response.bytes) {
        return std::optional<HttpResponse>();
    }
    response.body = buffer.substr(head_end + kHeadEnd.size(), static_cast<std::size_t>(*length));
    return std::optional<HttpResponse>(response);
}

std::string get_request(const Target& target, std::string_view path) {
    return request_head(target, "GET", path) + "\r\n";
}

std::string post_head(const Target& target, std::string_view path, std::size_t body_bytes) {
    return request_head(target, "POST", path) +
           "Content-Type: application/json\r\nContent-Length: " + std::to_string(body_bytes) +
           "\r\n\r\n";
}

HttpClient::~HttpClient() {
    if (socket_ >= 0) {
        close(socket_);
    }
}

Result<std::string_view, BenchError> HttpClient::get(std::string_view path,
                                                     std::int64_t deadline_ns) {
    return exchange("GET " + std::string(path), get_request(target_, path), deadline_ns);
}

Result<std::string_view, BenchError> HttpClient::post(std::string_view path, std::string_view body,
                                                      std::int64_t deadline_ns) {
    return exchange("POST " + std::string(path), post_head(target_, path, body.size()).append(body),
                    deadline_ns);
}

Result<std::string_view, BenchError> HttpClient::exchange(std::string_view what,
                                                          const std::string& request,
                                                          std::int64_t deadline_ns) {
    if (socket_ < 0) {
        auto fd = start_connect(target_, 0);
        if (!fd) {
            return Failure{fd.error()};
        }
        socket_ = *fd;
    }
    for (std::size_t sent = 0; sent < request.size();) {
        if (auto ready = wait_for(socket_, POLLOUT, deadline_ns); !ready) {
            return Failure{ready.error()};
        }
        const auto count =
            send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN) {
            return failure(std::string("send: ") + std::strerror(errno));
        }
        sent += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    }
    buffer_.clear();
    for (;;) {
        auto response = parse_response(buffer_);
        if (!response) {
            return Failure{response.error()};
        }
        if (*response) {
            const HttpResponse& whole = **response;
            if (whole.last) {
                close(std::exchange(socket_, -1));
            }
            if (whole.status / 100 != 2) {
                return failure(std::string(what) + " answered " + std::to_string(whole.status) +
                               ": " + std::string(whole.body.substr(0, kQuotedBytesMax)));
            }
            return whole.body;
        }
        if (auto ready = wait_for(socket_, POLLIN, deadline_ns); !ready) {
            return Failure{ready.error()};
        }
        const std::size_t had = buffer_.size();
        buffer_.resize(had + kReadBytes);
        const auto got = recv(socket_, buffer_.data() + had, kReadBytes, 0);
        buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            return failure("the server closed the connection instead of answering");
        }
    }
}

Result<LogBounds, BenchError> read_log_bounds(HttpClient& client, std::int64_t deadline_ns) {
    auto body = client.get("/api/v1/sync/cursor", deadline_ns);
    if (!body) {
        return Failure{body.error()};
    }
    const auto first = json_unsigned(json_member(*body, "first_pos").value_or(""));
    const auto last = json_unsigned(json_member(*body, "last_pos").value_or(""));
    const auto latest = json_plain_string(json_member(*body, "latest_cursor").value_or(""));
    if (!first || !last || !latest) {
        return failure("not a cursor answer: " + std::string(body->substr(0, kQuotedBytesMax)));
    }
    return LogBounds{*first, *last, std::string(*latest)};
}

}  // namespace hubtrail::bench
