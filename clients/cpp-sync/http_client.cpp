#include "clients/cpp-sync/http_client.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <latch>
#include <utility>

#include <cpprest/http_client.h>
#include <netdb.h>
#include <poll.h>
#include <pplx/pplx.h>
#include <pplx/threadpool.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/check.h"
#include "base/mutex.h"

namespace hubtrail::sync {
namespace {

namespace rest = web::http;

constexpr int kPoolThreads = 2;
constexpr int kDiagnosisMs = 1000;

/// cpprestsdk's pool, which can be waited for. At the end of the process cpprestsdk drops the
/// tasks that it has not run, and what they hold is lost.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // the interface's; nobody deletes through it
class Pool final : public pplx::scheduler_interface {
public:
    void schedule(pplx::TaskProc_t proc, void* parameter) override {
        ++unfinished_;
        post([this, proc, parameter] {
            proc(parameter);
            if (--unfinished_ == 0) {
                unfinished_.notify_all();
            }
        });
    }

    /// Thread: any but the pool's.
    void wait_until_idle() {
        const MutexLock lock(waiting_);
        // Handlers of sockets are not counted, but schedule: when all threads meet, none is in one.
        const auto meeting = std::make_shared<std::latch>(kPoolThreads + 1);
        for (int i = 0; i < kPoolThreads; ++i) {
            post([meeting] { meeting->arrive_and_wait(); });
        }
        meeting->arrive_and_wait();
        for (auto count = unfinished_.load(); count != 0; count = unfinished_.load()) {
            unfinished_.wait(count);
        }
    }

private:
    template <typename Handler>
    static void post(Handler handler) {
        crossplat::threadpool::shared_instance().service().post(std::move(handler));
    }

    std::atomic<std::size_t> unfinished_ = 0;
    Mutex waiting_;  ///< two meetings at once would wait for each other's threads
};
#pragma GCC diagnostic pop

/// The pool of the process. Its default is 40 threads; one request at a time needs one to wait and
/// one to work.
Pool& pool() {
    static const auto pool = [] {
        crossplat::threadpool::initialize_with_threads(kPoolThreads);
        auto created = std::make_shared<Pool>();
        pplx::set_ambient_scheduler(created);
        return created;
    }();
    return *pool;
}

/// First member of a client: when the others are gone, waits for what they left on the pool.
struct PoolUser {
    PoolUser() { pool(); }
    ~PoolUser() { pool().wait_until_idle(); }
    PoolUser(const PoolUser&) = delete;
    PoolUser& operator=(const PoolUser&) = delete;
};

/// Where one request's answer is put by a pool thread and awaited by the caller.
/// Owners: the caller, and the continuations of the request.
class Exchange {
public:
    Exchange() : done_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        HUBTRAIL_CHECK(done_ >= 0, "eventfd");
    }
    ~Exchange() { close(done_); }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    void finish(Result<HttpReply, HttpFailure> result) {
        {
            const MutexLock lock(mutex_);
            result_.emplace(std::move(result));
        }
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = write(done_, &one, sizeof one);
    }

    std::optional<Result<HttpReply, HttpFailure>> take() {
        const MutexLock lock(mutex_);
        return std::exchange(result_, std::nullopt);
    }

    /// True when the answer came; false when `stop` (unless null) came first or time ran out.
    bool wait(const StopSignal* stop, int timeout_ms) const {
        while (true) {
            std::array<pollfd, 2> waiters{pollfd{done_, POLLIN, 0},
                                          pollfd{stop ? stop->descriptor() : -1, POLLIN, 0}};
            const int ready = poll(waiters.data(), waiters.size(), timeout_ms);
            if (ready < 0 && errno == EINTR) {
                continue;
            }
            return (waiters[0].revents & POLLIN) != 0;
        }
    }

private:
    int done_;
    Mutex mutex_;
    std::optional<Result<HttpReply, HttpFailure>> result_ HUBTRAIL_GUARDED_BY(mutex_);
};

/// cpprestsdk says "host unreachable" for every failed connect, so ask the kernel ourselves.
std::string why_unreachable(const web::uri& uri) {
    const int port = uri.port() > 0 ? uri.port() : uri.scheme() == "https" ? 443 : 80;
    auto host = uri.host();
    if (host.size() > 2 && host.front() == '[') {
        host = host.substr(1, host.size() - 2);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
        code != 0) {
        return gai_strerror(code);
    }
    int error = 0;
    for (const auto* address = found; address != nullptr; address = address->ai_next) {
        const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0) {
            error = errno;
            continue;
        }
        error = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
        if (error == EINPROGRESS) {
            pollfd waiter{fd, POLLOUT, 0};
            socklen_t size = sizeof error;
            if (poll(&waiter, 1, kDiagnosisMs) != 1) {
                error = ETIMEDOUT;
            } else {
                getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
            }
        }
        close(fd);
        if (error == 0) {
            break;
        }
    }
    freeaddrinfo(found);
    // It answers by now: the server is just starting.
    std::string text = error == 0 ? "it was not ready" : std::strerror(error);
    text.front() = to_lower(text.front());
    return text;
}

class CpprestHttpClient final : public HttpClient {
public:
    CpprestHttpClient(const HttpClientOptions& options, const StopSignal& stop)
        : shown_url_(options.url),
          uri_(options.url),
          stop_(stop),
          token_(options.token),
          client_(uri_, config(options)) {}

    Result<HttpReply, HttpFailure> get(const std::string& target,
                                       const std::vector<HttpHeader>& headers,
                                       OnStop on_stop) override {
        return run(rest::methods::GET, target, headers, nullptr, on_stop);
    }
    Result<HttpReply, HttpFailure> post(const std::string& target,
                                        const std::vector<HttpHeader>& headers,
                                        const std::string& body, OnStop on_stop) override {
        return run(rest::methods::POST, target, headers, &body, on_stop);
    }

private:
    static rest::client::http_client_config config(const HttpClientOptions& options) {
        rest::client::http_client_config config;
        config.set_max_redirects(0);
        config.set_timeout(std::chrono::milliseconds(options.timeout_ms));
        return config;
    }

    HttpFailure failure(const std::error_code& code, const char* what) const {
        if (code == std::errc::timed_out) {
            return {HttpFailure::Kind::timed_out, "no answer from " + shown_url_ + " in time"};
        }
        if (code == std::errc::host_unreachable || code == std::errc::connection_refused) {
            return {HttpFailure::Kind::unreachable,
                    "cannot reach " + shown_url_ + ": " + why_unreachable(uri_)};
        }
        return {HttpFailure::Kind::broken, "the connection to " + shown_url_ + " broke: " + what};
    }

    /// Ends the connection: cpprestsdk would go on reading a reply that nobody wants.
    static pplx::task<HttpReply> refuse(const rest::http_response& response,
                                        const pplx::cancellation_token_source& cancel,
                                        const char* why) {
        cancel.cancel();
        return response.content_ready().then(
            [why](const pplx::task<rest::http_response>& ended) -> HttpReply {
                try {
                    ended.wait();
                } catch (const std::exception&) {
                    // It was cancelled; `why` says more.
                }
                throw std::length_error(why);
            });
    }

    static pplx::task<HttpReply> read_reply(const rest::http_response& response,
                                            const pplx::cancellation_token_source& cancel) {
        // Our server always says how long its answer is; without that cpprestsdk reads without an
        // end.
        const auto& headers = response.headers();
        if (!headers.has(rest::header_names::content_length) ||
            headers.has(rest::header_names::transfer_encoding)) {
            return refuse(response, cancel,
                          "the reply does not say its length: is this a Hubtrail server?");
        }
        if (headers.content_length() > kReplyBytesMax) {
            return refuse(response, cancel, "the reply is too large");
        }
        HttpReply reply;
        reply.status = response.status_code();
        for (const auto& [name, value] : headers) {
            reply.headers.push_back({name, value});
        }
        return response.extract_vector().then(
            [reply = std::move(reply)](const std::vector<unsigned char>& bytes) mutable {
                reply.body.assign(bytes.begin(), bytes.end());
                return std::move(reply);
            });
    }

    /// Turns the finished task, whatever it threw, into our result.
    Result<HttpReply, HttpFailure> outcome(pplx::task<HttpReply>& task) const {
        try {
            return task.get();
        } catch (const rest::http_exception& error) {
            return Failure{failure(error.error_code(), error.what())};
        } catch (const pplx::task_canceled&) {
            return Failure{HttpFailure{HttpFailure::Kind::cancelled, "stopped"}};
        } catch (const std::length_error& error) {
            return Failure{HttpFailure{HttpFailure::Kind::too_large, error.what()}};
        } catch (const std::exception& error) {
            return Failure{HttpFailure{HttpFailure::Kind::broken, error.what()}};
        }
    }

    Result<HttpReply, HttpFailure> run(const rest::method& method, const std::string& target,
                                       const std::vector<HttpHeader>& headers,
                                       const std::string* body, OnStop on_stop) {
        // Nobody is asked: what cpprestsdk begins goes on for a while on its own threads, cancelled
        // or not.
        if (on_stop == OnStop::cancel && stop_.requested()) {
            return Failure{HttpFailure{HttpFailure::Kind::cancelled, "stopped"}};
        }
        const pplx::cancellation_token_source cancel;
        const auto exchange = std::make_shared<Exchange>();
        try {
            rest::http_request request(method);
            request.set_request_uri(web::uri(target));
            if (body != nullptr) {
                request.set_body(*body, "application/json");
            }
            for (const auto& header : headers) {
                request.headers().add(header.name, header.value);
            }
            request.headers().add("User-Agent", "hubtrail-sync");
            if (!token_.empty()) {
                request.headers().add("Authorization", "Bearer " + token_);
            }
            // `this` outlives the task: the wait below ends only when it has finished.
            client_.request(request, cancel.get_token())
                .then([cancel](const rest::http_response& response) {
                    return read_reply(response, cancel);
                })
                .then([this, exchange](pplx::task<HttpReply> task) {
                    exchange->finish(outcome(task));
                });
        } catch (const std::exception& error) {
            return Failure{HttpFailure{HttpFailure::Kind::broken, error.what()}};
        }
        if (!exchange->wait(on_stop == OnStop::cancel ? &stop_ : nullptr, -1)) {
            cancel.cancel();
            exchange->wait(nullptr, -1);
            return Failure{HttpFailure{HttpFailure::Kind::cancelled, "stopped"}};
        }
        auto result = exchange->take();
        HUBTRAIL_CHECK(result.has_value(), "a finished exchange has a result");
        return std::move(*result);
    }

    PoolUser pool_user_;
    std::string shown_url_;
    web::uri uri_;
    const StopSignal& stop_;
    std::string token_;
    rest::client::http_client client_;
};

bool is_unreserved(char c) {
    return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

}  // namespace

std::optional<std::string_view> HttpReply::find_header(std::string_view name) const {
    for (const auto& header : headers) {
        if (equal_ignoring_case(header.name, name)) {
            return header.value;
        }
    }
    return std::nullopt;
}

Result<void, std::string> check_url(std::string_view url) {
    if (url.size() > kUrlBytesMax) {
        return Failure{std::string("the URL is longer than 2048 bytes")};
    }
    std::string_view rest_of_url;
    if (url.substr(0, 7) == "http://") {
        rest_of_url = url.substr(7);
    } else if (url.substr(0, 8) == "https://") {
        rest_of_url = url.substr(8);
    } else {
        return Failure{"the URL must begin with http:// or https://: " + std::string(url)};
    }
    if (rest_of_url.empty() || rest_of_url.front() == '/' || rest_of_url.front() == ':') {
        return Failure{"the URL names no host: " + std::string(url)};
    }
    if (rest_of_url.find_first_of("@?# ") != std::string_view::npos) {
        return Failure{std::string("the URL may have no user, query, fragment or space")};
    }
    return {};
}

std::string encode_query_value(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c)) {
            out.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 0x0FU]);
    }
    return out;
}

Result<std::unique_ptr<HttpClient>, std::string> make_http_client(const HttpClientOptions& options,
                                                                  const StopSignal& stop) {
    if (auto checked = check_url(options.url); !checked) {
        return Failure{checked.error()};
    }
    if (options.token.find_first_of("\r\n") != std::string::npos) {
        return Failure{std::string("the token contains a line break")};
    }
    try {
        return std::unique_ptr<HttpClient>(std::make_unique<CpprestHttpClient>(options, stop));
    } catch (const std::exception& error) {
        return Failure{"the URL is not usable: " + options.url + ": " + error.what()};
    }
}

}  // namespace hubtrail::sync
