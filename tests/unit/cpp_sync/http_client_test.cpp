#include "clients/cpp-sync/http_client.h"

#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/catch.h"

namespace hubtrail::sync {
namespace {

/// Listens on a free port of loopback; each connection is read up to the end of its request and
/// answered with the next of `answers`, then closed: at once, or when the client closes after
/// "HANG" and answers that begin with it.
class TinyServer {
public:
    explicit TinyServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        socklen_t size = sizeof address;
        REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        REQUIRE(listen(listener_, 8) == 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~TinyServer() {
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        close(listener_);
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    const std::vector<std::string>& requests() const { return requests_; }

private:
    void serve() {
        for (const auto& answer : answers_) {
            const int peer = accept(listener_, nullptr, nullptr);
            if (peer < 0) {
                return;
            }
            std::string request;
            char chunk[4096];
            while (!is_whole(request)) {
                const auto got = recv(peer, chunk, sizeof chunk, 0);
                if (got <= 0) {
                    break;
                }
                request.append(chunk, static_cast<std::size_t>(got));
            }
            requests_.push_back(request);
            const bool hangs = answer.starts_with(kHang);
            const auto sent = hangs ? answer.substr(kHang.size()) : answer;
            send(peer, sent.data(), sent.size(), MSG_NOSIGNAL);
            while (hangs && recv(peer, chunk, sizeof chunk, 0) > 0) {
            }
            close(peer);
        }
    }
    static constexpr std::string_view kHang = "HANG";
    static bool is_whole(const std::string& request) {
        const auto head = request.find("\r\n\r\n");
        if (head == std::string::npos) {
            return false;
        }
        const auto length = request.find("Content-Length:");
        const auto body = length == std::string::npos ? 0 : std::stoul(request.substr(length + 15));
        return request.size() >= head + 4 + body;
    }

    std::vector<std::string> answers_;
    std::vector<std::string> requests_;
    int listener_ = -1;
    int port_ = 0;
    std::thread thread_;
};

std::unique_ptr<HttpClient> client_of(const std::string& url, const StopSignal& stop,
                                      int timeout_ms = 10'000) {
    auto client = make_http_client({url, "secret", timeout_ms}, stop);
    REQUIRE(client);
    return std::move(*client);
}

}  // namespace

TEST_CASE("A request carries its method, target, headers, body and token", "[sync]") {
    TinyServer server(
        {"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nRetry-After: 5\r\n"
         "Connection: close\r\n\r\n{}"});
    const StopSignal stop;
    const auto client = client_of(server.url() + "/prefix", stop);
    auto reply =
        client->post("/api/v1/events?a=%20b", {{"Idempotency-Key", "k1"}}, "[1]", OnStop::finish);
    REQUIRE(reply);
    CHECK(reply->status == 201);
    CHECK(reply->body == "{}");
    CHECK(reply->find_header("retry-after") == "5");
    CHECK_FALSE(reply->find_header("missing"));
    REQUIRE(server.requests().size() == 1);
    const auto& request = server.requests()[0];
    CAPTURE(request);
    CHECK(request.find("POST /prefix/api/v1/events?a=%20b HTTP/1.1\r\n") == 0);
    CHECK(request.find("Idempotency-Key:k1\r\n") != std::string::npos);
    CHECK(request.find("Authorization:Bearer secret\r\n") != std::string::npos);
    CHECK(request.find("Content-Type:application/json") != std::string::npos);
    CHECK(request.substr(request.size() - 3) == "[1]");
}

TEST_CASE("A redirect is an answer like another and is not followed", "[sync]") {
    TinyServer server(
        {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n"
         "Connection: close\r\n\r\n"});
    const StopSignal stop;
    auto reply = client_of(server.url(), stop)->get("/x", {}, OnStop::cancel);
    REQUIRE(reply);
    CHECK(reply->status == 302);
    CHECK(server.requests().size() == 1);
}

TEST_CASE("A closed port is told as connection refused", "[sync]") {
    std::string url;
    {
        const TinyServer gone({});
        url = gone.url();
    }
    const StopSignal stop;
    const auto reply = client_of(url, stop)->get("/x", {}, OnStop::cancel);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == HttpFailure::Kind::unreachable);
    CHECK(reply.error().text == "cannot reach " + url + ": connection refused");
}

TEST_CASE("An answer cut short is a failure, whatever its status said", "[sync]") {
    TinyServer server({"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"results\"", ""});
    const StopSignal stop;
    const auto client = client_of(server.url(), stop);
    for (int i = 0; i < 2; ++i) {
        const auto reply = client->get("/x", {}, OnStop::cancel);
        REQUIRE_FALSE(reply);
        CHECK(reply.error().kind == HttpFailure::Kind::broken);
    }
}

TEST_CASE("A reply that announces more than the limit is not read", "[sync]") {
    const auto announcing = [](std::size_t bytes) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\nx";
    };
    TinyServer server({announcing(kReplyBytesMax), announcing(kReplyBytesMax + 1)});
    const StopSignal stop;
    const auto cut_short = client_of(server.url(), stop)->get("/x", {}, OnStop::cancel);
    REQUIRE_FALSE(cut_short);
    CHECK(cut_short.error().kind == HttpFailure::Kind::broken);
    const auto refused = client_of(server.url(), stop)->get("/x", {}, OnStop::cancel);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == HttpFailure::Kind::too_large);
}

TEST_CASE("A refused reply ends the connection at once", "[sync]") {
    const std::string unwanted = GENERATE("Content-Length: 67108865", "Transfer-Encoding: chunked");
    CAPTURE(unwanted);
    TinyServer server({"HANGHTTP/1.1 200 OK\r\n" + unwanted + "\r\n\r\n"});
    const StopSignal stop;
    // Longer than a test may take: neither the client nor the server waits for it.
    const auto client = client_of(server.url(), stop, 600'000);
    const auto refused = client->get("/x", {}, OnStop::cancel);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == HttpFailure::Kind::too_large);
}

TEST_CASE("A silent server ends in a timeout", "[sync]") {
    TinyServer server({"HANG"});
    const StopSignal stop;
    const auto reply = client_of(server.url(), stop, 300)->get("/x", {}, OnStop::cancel);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == HttpFailure::Kind::timed_out);
    CHECK(reply.error().text == "no answer from " + server.url() + " in time");
}

TEST_CASE("A stop cancels a long poll", "[sync]") {
    TinyServer server({"HANG"});
    StopSignal stop;
    const auto client = client_of(server.url(), stop);
    std::thread user([&] { stop.request(); });
    const auto reply = client->get("/x", {}, OnStop::cancel);
    user.join();
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == HttpFailure::Kind::cancelled);
}

TEST_CASE("A URL or token that cannot be used is refused at once", "[sync]") {
    const StopSignal stop;
    for (const char* url : {"", "127.0.0.1:80", "ftp://x", "http://", "http:///x", "http://:80",
                            "http://u@h/", "http://h/?q", "http://h/#f", "http://h /"}) {
        CAPTURE(url);
        CHECK_FALSE(make_http_client({url, ""}, stop));
    }
    CHECK_FALSE(make_http_client({"http://h", "a\r\nX: y"}, stop));
    const auto url_of = [](std::size_t bytes) { return "http://h/" + std::string(bytes - 9, 'x'); };
    CHECK(check_url(url_of(kUrlBytesMax)));
    CHECK_FALSE(check_url(url_of(kUrlBytesMax + 1)));
}

}  // namespace hubtrail::sync
