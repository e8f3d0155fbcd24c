#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "tests/unit/transport_net/net_fixture.h"
#include "transport/http/http_parser.h"
#include "transport/hub_endpoint.h"
#include "transport/session/session_server.h"
#include "transport/websocket/hybi_frame_decoder.h"

namespace hubtrail::transport {
namespace {

// Catch2's assertions are for one thread: what runs on several has none.

/// Sends back what comes. Thread: strand.
class EchoHandler final : public ConnectionHandler {
public:
    void on_open(Connection& connection) override { connection_ = &connection; }
    void on_bytes(std::string_view bytes) override { connection_->send(bytes, 0); }
    void on_tick(std::int64_t) override {}
    void on_congested() override {}
    void on_drained() override {}
    void on_shutdown() override { connection_->close(); }
    void on_close(CloseReason) override {}

private:
    Connection* connection_ = nullptr;
};

/// Thread: strand.
class EchoHub final : public HubEndpoint {
public:
    const EndpointOptions& options() const override { return options_; }
    std::optional<HttpResponse> check(const HttpRequest&) override { return std::nullopt; }
    void open(HttpRequest, std::string, std::function<void(OpenResult)> done) override {
        ++opened;
        done(std::make_unique<EchoHandler>());
    }
    int opened = 0;

private:
    EndpointOptions options_;
};

/// One loop of a process: a real one in its own thread, with its own port, so that a test chooses
/// where it begins.
struct Node {
    explicit Node(ConnectionTokens& tokens) {
        routes.add_hub("/hub", hub, "the hub at /hub");
        SessionOptions options;
        options.make_parser = make_http_parser;
        options.make_decoder = make_frame_decoder;
        server = std::make_unique<SessionServer>(scheduler, routes, tokens, net.clock, *net.log,
                                                 std::move(options));
        net.listen([this](std::unique_ptr<Socket> socket) { server->accept(std::move(socket)); });
        net.run();
    }
    ~Node() { net.stop(); }

    NetFixture net;
    OutputScheduler scheduler{*net.loop};
    EchoHub hub;
    RouteTable routes;
    std::unique_ptr<SessionServer> server;
};

std::string request(const std::string& method, const std::string& target,
                    const std::string& body = "") {
    return method + " " + target +
           " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
}

/// The next answer on the connection: status and body; empty when none comes.
std::string answer(const NetClient& client) {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
        const auto byte = client.receive(1);
        if (byte.empty()) {
            return {};
        }
        head += byte;
    }
    const std::string name = "\r\nContent-Length: ";
    const auto at = head.find(name);
    const auto size = at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
    return head.substr(9, 3) + " " + client.receive(size);
}

std::string ask(const NetClient& client, const std::string& bytes) {
    return client.send(bytes) ? answer(client) : "";
}

std::string negotiate(const NetClient& client) {
    const auto text = ask(client, request("POST", "/hub/negotiate?negotiateVersion=1"));
    const std::string name = "\"connectionToken\":\"";
    const auto at = text.find(name);
    return at == std::string::npos ? "" : "/hub?id=" + text.substr(at + name.size(), 22);
}

}  // namespace

TEST_CASE("Polls and POSTs find their connection over two real loops", "[session][net]") {
    SystemRandom random;
    ConnectionTokens tokens(random);
    Node a(tokens);
    Node b(tokens);
    constexpr int kClients = 20;
    constexpr int kRounds = 20;
    // Each client polls where it began and posts from the other loop, all at once.
    std::vector<std::thread> threads;
    std::atomic<int> echoes{0};
    std::atomic<int> ended{0};
    for (int i = 0; i < kClients; ++i) {
        threads.emplace_back([&, i] {
            auto& home = i % 2 == 0 ? a : b;
            auto& other = i % 2 == 0 ? b : a;
            const NetClient poll(home.net.address.port);
            const auto target = negotiate(poll);
            bool good = ask(poll, request("GET", target)) == "200 ";
            for (int round = 0; round < kRounds && good; ++round) {
                const NetClient post(other.net.address.port);
                const auto text = std::to_string(i) + "/" + std::to_string(round);
                good = poll.send(request("GET", target)) &&
                       ask(post, request("POST", target, text)) == "200 " &&
                       answer(poll) == "200 " + text;
                echoes += good ? 1 : 0;
            }
            ended += good && ask(poll, request("DELETE", target)) == "202 " ? 1 : 0;
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(echoes == kClients * kRounds);
    CHECK(ended == kClients);
    for (auto* node : {&a, &b}) {
        node->net.call([&] {
            CHECK(node->hub.opened == kClients / 2);
            CHECK(node->server->counters().active(TransportKind::long_polling) == 0);
        });
    }
}

}  // namespace hubtrail::transport
