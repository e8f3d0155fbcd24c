#include "transport/net/net_loop.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/transport_net/net_fixture.h"

namespace hubtrail::transport {
namespace {

/// Sends back what comes, and holds what the peer does not take. Thread: strand.
class EchoPeer final : public SocketEvents {
public:
    explicit EchoPeer(std::unique_ptr<Socket> accepted) : socket(std::move(accepted)) {
        REQUIRE(socket->start(*this));
    }

    void on_readable() override {
        ++readable;
        char buffer[65536];
        const auto result = socket->read(buffer, sizeof buffer);
        if (result.kind == IoResult::Kind::closed) {
            ended = true;
            socket->want(false, false);
        } else if (result.kind == IoResult::Kind::done) {
            send({buffer, result.bytes});
        }
    }
    void on_writable() override {
        ++writable;
        flush();
    }
    void send(std::string_view bytes) {
        unsent.append(bytes);
        flush();
    }
    void flush() {
        while (!unsent.empty()) {
            const std::string_view slices[] = {
                std::string_view(unsent).substr(0, unsent.size() / 2),
                std::string_view(unsent).substr(unsent.size() / 2)};
            const auto result = socket->write(slices, 2);
            if (result.kind != IoResult::Kind::done) {
                broken = result.kind == IoResult::Kind::closed;
                socket->want(true, !broken);
                return;
            }
            unsent.erase(0, result.bytes);
        }
        socket->want(true, false);
    }

    std::unique_ptr<Socket> socket;
    std::string unsent;
    int readable = 0;
    int writable = 0;
    bool ended = false;
    bool broken = false;
};

/// A loop whose peers are echoes. They end with it, on this side of its thread.
struct EchoServer : NetFixture {
    EchoServer() {
        listen([this](std::unique_ptr<Socket> socket) {
            peers.push_back(std::make_unique<EchoPeer>(std::move(socket)));
        });
        run();
    }
    ~EchoServer() { stop(); }

    /// Until the condition holds on the loop; false when it never does.
    template <typename Condition>
    bool eventually(Condition condition) {
        const auto until =
            std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
        bool holds = false;
        while (!holds && std::chrono::steady_clock::now() < until) {
            call([&] { holds = condition(); });
        }
        return holds;
    }

    std::vector<std::unique_ptr<EchoPeer>> peers;
};

std::string pattern(std::size_t bytes) {
    std::string text(bytes, ' ');
    for (std::size_t i = 0; i < bytes; ++i) {
        text[i] = static_cast<char>('a' + i * i % 23);
    }
    return text;
}

}  // namespace

TEST_CASE("Connections are accepted and their bytes come back", "[net]") {
    EchoServer server;
    NetClient one(server.address.port);
    NetClient two(server.address.port);
    REQUIRE(one.send("one"));
    REQUIRE(two.send("two"));
    CHECK(one.receive(3) == "one");
    CHECK(two.receive(3) == "two");
}

TEST_CASE("Both ends of a connection are named by their addresses", "[net]") {
    EchoServer server;
    NetClient client(server.address.port);
    REQUIRE(client.send("x"));
    client.receive(1);
    sockaddr_in own{};
    socklen_t size = sizeof own;
    ::getsockname(client.descriptor(), reinterpret_cast<sockaddr*>(&own), &size);
    server.call([&] {
        CHECK(server.peers.at(0)->socket->peer_address() ==
              "127.0.0.1:" + std::to_string(ntohs(own.sin_port)));
        CHECK(server.peers.at(0)->socket->local_address() ==
              "127.0.0.1:" + std::to_string(server.address.port));
    });
}

TEST_CASE("More than the peer takes waits until it can be written", "[net]") {
    EchoServer server;
    NetClient client(server.address.port);
    REQUIRE(client.send("x"));
    client.receive(1);
    const auto text = pattern(20'000'000);
    server.call([&] {
        auto& peer = *server.peers.at(0);
        peer.send(text);
        CHECK_FALSE(peer.unsent.empty());
    });
    CHECK(client.receive(text.size()) == text);
    server.call([&] {
        CHECK(server.peers.at(0)->unsent.empty());
        CHECK(server.peers.at(0)->writable > 0);
    });
}

TEST_CASE("A socket that does not want to read is not told of bytes, and then of all of them",
          "[net]") {
    EchoServer server;
    NetClient client(server.address.port);
    REQUIRE(client.send("x"));
    client.receive(1);
    server.call([&] { server.peers.at(0)->socket->want(false, false); });
    REQUIRE(client.send("held"));
    // Another connection's way through the loop: by then the first would have been served.
    NetClient other(server.address.port);
    REQUIRE(other.send("y"));
    CHECK(other.receive(1) == "y");
    server.call([&] {
        CHECK(server.peers.at(0)->readable == 1);
        server.peers.at(0)->socket->want(true, false);
    });
    CHECK(client.receive(4) == "held");
}

TEST_CASE("The end of the peer's side is read as closed, ours leaves what was sent before it",
          "[net]") {
    EchoServer server;
    NetClient client(server.address.port);
    REQUIRE(client.send("x"));
    client.receive(1);
    client.end();
    CHECK(server.eventually([&] { return server.peers.at(0)->ended; }));
    server.call([&] {
        server.peers.at(0)->send("bye");
        server.peers.at(0)->socket->shutdown_send();
    });
    CHECK(client.receive(100) == "bye");
}

TEST_CASE("A broken connection is told even to a socket that wants nothing", "[net]") {
    EchoServer server;
    NetClient client(server.address.port);
    REQUIRE(client.send("x"));
    client.receive(1);
    server.call([&] { server.peers.at(0)->socket->want(false, false); });
    const linger reset{1, 0};
    ::setsockopt(client.descriptor(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    client.close();
    CHECK(server.eventually([&] { return server.peers.at(0)->ended; }));
    server.call([&] {
        const std::string_view text = "x";
        CHECK(server.peers.at(0)->socket->write(&text, 1).kind == IoResult::Kind::closed);
        server.peers.clear();
    });
}

TEST_CASE("A socket moves to another loop with its unread bytes, and back", "[net]") {
    EchoServer server;
    NetFixture other;
    other.run();
    NetClient client(server.address.port);
    REQUIRE(client.send("x"));
    CHECK(client.receive(1) == "x");
    std::unique_ptr<EchoPeer> moved;
    const auto move = [&](auto& from, auto& to, std::string_view sent_meanwhile) {
        std::unique_ptr<Socket> socket;
        from.call([&] {
            auto& peer = moved ? *moved : *server.peers.at(0);
            // What it wanted before counts no more on the other loop.
            peer.socket->want(false, true);
            peer.socket->detach();
            socket = std::move(peer.socket);
        });
        REQUIRE(client.send(sent_meanwhile));
        to.call([&] {
            socket->attach(*to.loop);
            moved = std::make_unique<EchoPeer>(std::move(socket));
        });
        CHECK(client.receive(sent_meanwhile.size()) == sent_meanwhile);
    };
    move(server, other, "while it moves");
    REQUIRE(client.send("there"));
    CHECK(client.receive(5) == "there");
    move(other, server, "and back");
    const auto text = pattern(5'000'000);
    server.call([&] { moved->send(text); });
    CHECK(client.receive(text.size()) == text);
    // The end is seen where it is now.
    client.end();
    CHECK(server.eventually([&] { return moved->ended; }));
    server.call([&] { moved.reset(); });
}

TEST_CASE("Many sockets move between running loops without losing a byte", "[net]") {
    EchoServer server;
    NetFixture other;
    other.run();
    constexpr int kClients = 50;
    std::vector<std::unique_ptr<NetClient>> clients;
    for (int i = 0; i < kClients; ++i) {
        clients.push_back(std::make_unique<NetClient>(server.address.port));
        REQUIRE(clients.back()->send("x"));
        REQUIRE(clients.back()->receive(1) == "x");
    }
    std::vector<std::unique_ptr<EchoPeer>> there;
    for (const auto& client : clients) {
        REQUIRE(client->send("in flight"));
    }
    server.call([&] {
        for (auto& peer : server.peers) {
            peer->socket->detach();
            const auto socket = std::make_shared<std::unique_ptr<Socket>>(std::move(peer->socket));
            other.loop->post([&, socket, unsent = std::move(peer->unsent)] {
                (*socket)->attach(*other.loop);
                there.push_back(std::make_unique<EchoPeer>(std::move(*socket)));
                there.back()->send(unsent);
            });
        }
        server.peers.clear();
    });
    for (const auto& client : clients) {
        REQUIRE(client->receive(9) == "in flight");
    }
    other.call([&] { there.clear(); });
}

TEST_CASE("A destroyed socket hangs up", "[net]") {
    EchoServer server;
    NetClient client(server.address.port);
    REQUIRE(client.send("x"));
    client.receive(1);
    server.call([&] { server.peers.clear(); });
    CHECK(client.receive(1).empty());
}

TEST_CASE("More connections than one turn accepts are all accepted", "[net]") {
    EchoServer server;
    std::vector<std::unique_ptr<NetClient>> clients;
    for (int i = 0; i < 2 * kAcceptsPerTurnMax + 1; ++i) {
        clients.push_back(std::make_unique<NetClient>(server.address.port));
        REQUIRE(clients.back()->send("x"));
    }
    for (const auto& client : clients) {
        REQUIRE(client->receive(1) == "x");
    }
}

TEST_CASE("After stop_listening nobody is accepted, and who is there stays", "[net]") {
    EchoServer server;
    NetClient client(server.address.port);
    REQUIRE(client.send("x"));
    client.receive(1);
    server.loop->stop_listening();
    server.call([] {});
    NetClient late(server.address.port);
    CHECK_FALSE(late.connected());
    REQUIRE(client.send("still"));
    CHECK(client.receive(5) == "still");
}

TEST_CASE("Timers fire in the order of their times, not early, once", "[net]") {
    NetFixture f;
    f.run();
    std::vector<int> order;
    std::promise<void> last;
    std::int64_t begun = 0;
    std::int64_t fired = 0;
    constexpr std::int64_t kMs = 1'000'000;
    f.call([&] {
        begun = f.clock.steady_ns();
        f.loop->call_after(30 * kMs, [&] { order.push_back(3); });
        f.loop->call_after(10 * kMs, [&] {
            order.push_back(1);
            fired = f.clock.steady_ns();
        });
        f.loop->call_after(20 * kMs, [&] { order.push_back(2); });
        f.loop->call_after(60 * kMs, [&] { last.set_value(); });
        f.loop->call_after(0, [&] { order.push_back(0); });
    });
    REQUIRE(last.get_future().wait_for(std::chrono::milliseconds(kPatienceMs)) ==
            std::future_status::ready);
    CHECK(order == std::vector<int>{0, 1, 2, 3});
    CHECK(fired - begun >= 10 * kMs);
}

TEST_CASE("A cancelled timer never fires, even one that is due in the same turn", "[net]") {
    NetFixture f;
    f.run();
    std::vector<int> order;
    std::promise<void> last;
    f.call([&] {
        std::uint64_t late = 0;
        const auto never = f.loop->call_after(1'000'000, [&] { order.push_back(-1); });
        CHECK(never != 0);
        f.loop->cancel(never);
        f.loop->cancel(never);
        f.loop->cancel(987'654'321);
        const auto first = std::make_shared<std::uint64_t>(0);
        const auto second = std::make_shared<std::uint64_t>(0);
        // Both are due when the loop next looks; whichever fires first cancels the other.
        *first = f.loop->call_after(1'000'000, [&, second] {
            order.push_back(1);
            f.loop->cancel(*second);
        });
        *second = f.loop->call_after(1'000'000, [&, first] {
            order.push_back(1);
            f.loop->cancel(*first);
        });
        CHECK(*first != *second);
        const auto until = f.clock.steady_ns() + 5'000'000;
        while (f.clock.steady_ns() < until) {
        }
        late = f.loop->call_after(20'000'000, [&] { last.set_value(); });
        CHECK(late != 0);
    });
    REQUIRE(last.get_future().wait_for(std::chrono::milliseconds(kPatienceMs)) ==
            std::future_status::ready);
    CHECK(order == std::vector<int>{1});
}

TEST_CASE("Tasks of many threads all run on the loop, each thread's in order", "[net]") {
    NetFixture f;
    f.run();
    constexpr int kThreads = 4;
    constexpr int kTasks = 10'000;
    std::vector<std::vector<int>> seen(kThreads);
    std::thread::id loop_thread;
    bool elsewhere = false;
    f.call([&] { loop_thread = std::this_thread::get_id(); });
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < kTasks; ++i) {
                f.loop->post([&, t, i] {
                    seen[static_cast<std::size_t>(t)].push_back(i);
                    elsewhere = elsewhere || std::this_thread::get_id() != loop_thread;
                });
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    f.call([] {});
    CHECK_FALSE(elsewhere);
    for (const auto& list : seen) {
        REQUIRE(list.size() == kTasks);
        CHECK(std::is_sorted(list.begin(), list.end()));
    }
}

TEST_CASE("A task that posts gets its turn, and what it posts a later one", "[net]") {
    NetFixture f;
    f.run();
    std::vector<int> order;
    std::promise<void> done;
    f.call([&] {
        f.loop->post([&] {
            order.push_back(1);
            f.loop->post([&] {
                order.push_back(3);
                done.set_value();
            });
        });
        f.loop->post([&] { order.push_back(2); });
    });
    REQUIRE(done.get_future().wait_for(std::chrono::milliseconds(kPatienceMs)) ==
            std::future_status::ready);
    CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("A turn end that asks again is called again before the loop sleeps", "[net]") {
    struct Hook final : TurnEnd {
        void on_turn_end() override {
            calls.push_back(loop->now_ns());
            if (calls.size() < 5) {
                loop->at_turn_end(*this);
            }
        }
        NetLoop* loop = nullptr;
        std::vector<std::int64_t> calls;
    };
    NetFixture f;
    f.run();
    Hook hook;
    hook.loop = f.loop.get();
    f.call([&] {
        f.loop->at_turn_end(hook);
        CHECK(hook.calls.empty());
    });
    // A second task's turn comes after the first one's end.
    std::vector<std::int64_t> calls;
    f.call([&] { calls = hook.calls; });
    REQUIRE(calls.size() == 5);
    CHECK(calls.front() == calls.back());
}

TEST_CASE("The time stands still within a turn and has moved in the next", "[net]") {
    NetFixture f;
    f.run();
    std::int64_t first = 0;
    f.call([&] {
        first = f.loop->now_ns();
        const auto until = f.clock.steady_ns() + 2'000'000;
        while (f.clock.steady_ns() < until) {
        }
        CHECK(f.loop->now_ns() == first);
    });
    f.call([&] { CHECK(f.loop->now_ns() >= first + 2'000'000); });
    CHECK(f.loop->index() == 3);
}

TEST_CASE("A stopped loop returns and drops what is posted", "[net]") {
    NetFixture f;
    f.run();
    f.call([&] { f.loop->stop(); });
    f.stop();
    bool ran = false;
    const auto held = std::make_shared<int>(1);
    f.loop->post([&ran, held] { ran = true; });
    f.loop.reset();
    CHECK_FALSE(ran);
    CHECK(held.use_count() == 1);
}

}  // namespace hubtrail::transport
