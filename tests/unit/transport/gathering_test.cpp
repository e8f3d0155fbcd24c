#include "transport/gathering.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/catch.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_socket.h"
#include "transport/outbox.h"

namespace hubtrail::transport {
namespace {

constexpr std::int64_t kMs = 1'000'000;

/// Each write keeps the loop busy, as the kernel does.
class CostlySocket final : public Socket {
public:
    explicit CostlySocket(FakeLoop& loop) : loop_(loop) {}

    IoResult write(const std::string_view* slices, std::size_t count) override {
        loop_.work_for(cost_ns);
        return fake.write(slices, count);
    }
    bool start(SocketEvents& events) override { return fake.start(events); }
    IoResult read(char* into, std::size_t bytes_max) override { return fake.read(into, bytes_max); }
    void want(bool read, bool write) override { fake.want(read, write); }
    void shutdown_send() override { fake.shutdown_send(); }
    std::string peer_address() const override { return fake.peer_address(); }
    std::string local_address() const override { return fake.local_address(); }
    void detach() override { fake.detach(); }
    void attach(Loop& loop) override { fake.attach(loop); }

    FakeSocket fake;
    std::int64_t cost_ns = 0;

private:
    FakeLoop& loop_;
};

/// A connection whose output is watched.
struct Peer final : OutboxOwner {
    Peer(FakeLoop& loop, OutputScheduler& scheduler)
        : socket(loop), outbox(scheduler, socket, *this) {}

    void on_blocked() override {}
    void on_congested() override {}
    void on_drained() override {}
    void on_flushed() override { flushed_with = socket.fake.sent_bytes; }
    void on_write_failed() override {}

    const std::string& got() const { return socket.fake.sent_bytes; }
    int writes() const { return socket.fake.writes; }

    CostlySocket socket;
    Outbox outbox;
    std::string flushed_with;
};

/// A loop that writes one stream to one peer, `cost_ns` a write.
struct Fixture {
    explicit Fixture(std::int64_t gather_ns_max, std::int64_t cost_ns = 4 * kMs)
        : scheduler(loop, gather_ns_max) {
        peer.socket.cost_ns = cost_ns;
        peer.outbox.join(stream);
    }
    ~Fixture() {
        if (!stream.empty()) {
            peer.outbox.leave(stream);
        }
    }

    /// A frame every `interval_ns`, one turn for each; the longest that one has waited for its
    /// turn's end.
    std::int64_t send(int count, std::int64_t interval_ns) {
        std::int64_t longest_ns = 0;
        auto due_ns = loop.now_ns();
        std::vector<std::int64_t> waiting;
        const auto note = [&] {
            if (peer.got() == expected) {
                for (const auto since_ns : waiting) {
                    longest_ns = std::max(longest_ns, loop.now_ns() - since_ns);
                }
                waiting.clear();
            }
        };
        for (int i = 0; i < count; ++i, due_ns += interval_ns) {
            while (loop.now_ns() < due_ns) {
                const auto timer_ns = loop.next_timer_ns();
                const auto until_ns = timer_ns < 0 ? due_ns : std::min(due_ns, timer_ns);
                loop.advance(until_ns - loop.now_ns());
                note();
            }
            append();
            waiting.push_back(loop.now_ns());
            loop.run_turn();
            note();
        }
        return longest_ns;
    }
    void append() {
        const auto frame = std::to_string(frames++) + ";";
        expected += frame;
        stream.append(frame, "");
    }
    /// A frame that comes right after a round of a busy loop.
    void append_while_busy() {
        send(100, 1 * kMs);
        while (peer.got() != expected) {
            loop.advance(loop.next_timer_ns() - loop.now_ns());
        }
        append();
        loop.run_turn();
    }

    FakeLoop loop;
    OutputScheduler scheduler;
    Peer peer{loop, scheduler};
    SharedStream stream{scheduler};
    std::string expected;
    int frames = 0;
};

}  // namespace

TEST_CASE("Below half load every turn ends with its writes", "[transport]") {
    Fixture f(10 * kMs);
    f.send(100, 10 * kMs);
    CHECK(f.peer.writes() == 100);
    CHECK(f.peer.got() == f.expected);
    CHECK(f.loop.timers() == 0);
}

TEST_CASE("Over half load frames wait for others and leave together, in order", "[transport]") {
    Fixture alone(0);
    alone.send(200, 5 * kMs);
    CHECK(alone.peer.writes() == 200);

    Fixture f(10 * kMs);
    f.send(200, 5 * kMs);
    f.loop.advance(100 * kMs);
    CHECK(f.peer.got() == f.expected);
    CHECK(f.peer.writes() < 180);
    CHECK(f.peer.writes() > 100);
    CHECK(f.loop.work().busy_ns < alone.loop.work().busy_ns * 9 / 10);
}

TEST_CASE("A frame waits no longer than the round before it took", "[transport]") {
    Fixture f(1'000 * kMs);
    const auto longest_ns = f.send(400, 2 * kMs);
    CHECK(longest_ns > 4 * kMs);
    // Its wait, and the round that it then leaves in.
    CHECK(longest_ns <= 4 * kMs + 4 * kMs);
}

TEST_CASE("A frame waits no longer than it is told to", "[transport]") {
    Fixture f(1 * kMs);
    f.append_while_busy();
    REQUIRE(f.peer.got() != f.expected);
    CHECK(f.loop.next_timer_ns() - f.loop.now_ns() <= 1 * kMs);
    f.loop.advance(1 * kMs);
    CHECK(f.peer.got() == f.expected);
}

TEST_CASE("What comes while a frame waits moves nothing on", "[transport]") {
    Fixture f(10 * kMs);
    f.append_while_busy();
    REQUIRE(f.peer.got() != f.expected);
    const auto due_ns = f.loop.next_timer_ns();
    f.loop.advance((due_ns - f.loop.now_ns()) / 2);
    f.append();
    f.loop.run_turn();
    CHECK(f.loop.next_timer_ns() == due_ns);
    f.loop.advance(due_ns - f.loop.now_ns());
    CHECK(f.peer.got() == f.expected);
}

TEST_CASE("A wait that is shorter than its timer is worth is none", "[transport]") {
    Fixture f(10 * kMs, kGatherWaitMinNs / 2);
    f.send(5'000, kGatherWaitMinNs / 2 + 1'000);
    CHECK(f.peer.writes() == 5'000);
    CHECK(f.loop.timers() == 0);
}

TEST_CASE("A loop that was idle for a while writes at once again", "[transport]") {
    Fixture f(10 * kMs);
    f.append_while_busy();
    f.loop.advance(1'000 * kMs);
    const auto writes = f.peer.writes();
    f.append();
    f.loop.run_turn();
    CHECK(f.peer.writes() == writes + 1);
    CHECK(f.peer.got() == f.expected);
}

TEST_CASE("An answer to one connection does not wait, and comes after what was shared before it",
          "[transport]") {
    Fixture f(10 * kMs);
    Peer caller(f.loop, f.scheduler);
    caller.outbox.join(f.stream);
    f.append_while_busy();
    REQUIRE(f.peer.got() != f.expected);
    const auto shared = f.expected;
    caller.outbox.send("answer", "");
    f.loop.run_turn();
    CHECK(caller.got() == shared + "answer");
    CHECK(f.peer.got() != f.expected);
    f.append();
    f.loop.advance(10 * kMs);
    CHECK(f.peer.got() == f.expected);
    CHECK(caller.got() == shared + "answer" + f.expected.substr(shared.size()));
    caller.outbox.leave(f.stream);
}

TEST_CASE("A connection is flushed when it also has what still waited for more", "[transport]") {
    Fixture f(10 * kMs);
    f.append_while_busy();
    REQUIRE(f.peer.got() != f.expected);
    f.peer.outbox.tell_when_flushed();
    f.loop.run_turn();
    CHECK(f.peer.flushed_with == f.expected);
}

TEST_CASE("A connection that leaves gets what still waited", "[transport]") {
    Fixture f(10 * kMs);
    f.append_while_busy();
    REQUIRE(f.peer.got() != f.expected);
    f.peer.outbox.leave(f.stream);
    f.loop.run_turn();
    CHECK(f.peer.got() == f.expected);
    f.loop.advance(10 * kMs);
    CHECK(f.peer.got() == f.expected);
}

TEST_CASE("What waits is bounded in bytes as a turn's is", "[transport]") {
    Fixture f(10 * kMs);
    f.append_while_busy();
    REQUIRE(f.peer.got() != f.expected);
    const std::string large(kSharedTurnBytesMax, 'x');
    f.stream.append(large, "");
    CHECK(f.peer.got() == f.expected + large);
}

TEST_CASE("A scheduler that ends while something waits takes its timer along", "[transport]") {
    FakeLoop loop;
    {
        OutputScheduler scheduler(loop, 10 * kMs);
        Peer peer(loop, scheduler);
        peer.socket.cost_ns = 4 * kMs;
        SharedStream stream(scheduler);
        peer.outbox.join(stream);
        for (int i = 0; loop.timers() == 0 && i < 1'000; ++i) {
            stream.append("x", "");
            loop.run_turn();
        }
        REQUIRE(loop.timers() == 1);
        peer.outbox.leave(stream);
    }
    CHECK(loop.timers() == 0);
}

TEST_CASE("Random traffic that gathers arrives exactly and in order", "[transport]") {
    const auto seed = GENERATE(1U, 2U, 3U, 4U, 5U);
    CAPTURE(seed);
    SeededRandom random(seed);
    FakeLoop loop;
    OutputScheduler scheduler(loop, 5 * kMs);
    SendOrder order;
    std::array<SharedStream, 2> streams{SharedStream{scheduler, &order},
                                        SharedStream{scheduler, &order}};
    std::vector<std::unique_ptr<Peer>> peers;
    std::vector<std::string> expected(4);
    std::vector<std::array<bool, 2>> joined(4, {false, false});
    for (std::size_t i = 0; i < expected.size(); ++i) {
        peers.push_back(std::make_unique<Peer>(loop, scheduler));
        peers.back()->socket.cost_ns = kMs;
    }
    for (int step = 0; step < 4'000; ++step) {
        const auto peer = random.below(peers.size());
        const auto stream = random.below(streams.size());
        auto& outbox = peers[peer]->outbox;
        const auto text = std::to_string(step) + ";";
        switch (random.below(8)) {
            case 0:
                joined[peer][stream] ? outbox.leave(streams[stream]) : outbox.join(streams[stream]);
                joined[peer][stream] = !joined[peer][stream];
                break;
            case 1:
                outbox.send(text);
                expected[peer] += text;
                break;
            case 2:
                loop.advance(static_cast<std::int64_t>(random.below(3)) * kMs);
                break;
            default:
                streams[stream].append(text, "");
                for (std::size_t i = 0; i < peers.size(); ++i) {
                    expected[i] += joined[i][stream] ? text : "";
                }
                loop.run_turn();
        }
    }
    for (std::size_t i = 0; i < peers.size(); ++i) {
        for (std::size_t stream = 0; stream < streams.size(); ++stream) {
            if (joined[i][stream]) {
                peers[i]->outbox.leave(streams[stream]);
            }
        }
    }
    loop.advance(10 * kMs);
    for (std::size_t i = 0; i < peers.size(); ++i) {
        CHECK(peers[i]->got() == expected[i]);
    }
}

}  // namespace hubtrail::transport
