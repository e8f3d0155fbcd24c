#include "transport/outbox.h"

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/catch.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_socket.h"

namespace hubtrail::transport {
namespace {

/// One connection's output end, with what its owner was told.
struct End final : OutboxOwner {
    explicit End(OutputScheduler& scheduler) : outbox(scheduler, socket, *this) {}

    void on_blocked() override { socket.want(true, true); }
    void on_congested() override { ++congested; }
    void on_drained() override { ++drained; }
    void on_flushed() override { ++flushed; }
    void on_write_failed() override { ++failed; }

    FakeSocket socket;
    Outbox outbox;
    int congested = 0;
    int drained = 0;
    int flushed = 0;
    int failed = 0;
};

struct Fixture {
    FakeLoop loop;
    OutputScheduler scheduler{loop};

    std::unique_ptr<End> make_end() { return std::make_unique<End>(scheduler); }
    void take(End& end, std::size_t bytes) {
        end.socket.room = bytes;
        end.outbox.on_writable(true);
        loop.run_turn();
    }
};

}  // namespace

TEST_CASE("Everything sent within a turn leaves in one write when it ends", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    end->outbox.send("ab", "cd");
    end->outbox.send("ef");
    CHECK(end->socket.writes == 0);
    f.loop.run_turn();
    CHECK(end->socket.sent_bytes == "abcdef");
    CHECK(end->socket.writes == 1);
    CHECK(end->outbox.unsent() == 0);
}

TEST_CASE("A shared frame reaches every member that joined before it, once", "[transport]") {
    Fixture f;
    auto early = f.make_end();
    auto late = f.make_end();
    {
        SharedStream stream(f.scheduler);
        early->outbox.join(stream);
        stream.append("1", "x");
        late->outbox.join(stream);
        stream.append("2", "y");
        f.loop.run_turn();
        CHECK(early->socket.sent_bytes == "1x2y");
        CHECK(late->socket.sent_bytes == "2y");
        CHECK(early->socket.writes == 1);
        early->outbox.leave(stream);
        late->outbox.leave(stream);
    }
}

TEST_CASE("A direct send comes after the shared frames that were appended before it", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    SharedStream stream(f.scheduler);
    end->outbox.join(stream);
    stream.append("shared", "");
    end->outbox.send("direct");
    stream.append("again", "");
    f.loop.run_turn();
    CHECK(end->socket.sent_bytes == "shareddirectagain");
    end->outbox.leave(stream);
}

TEST_CASE("Leaving a stream keeps what was appended before and drops what comes after", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    auto other = f.make_end();
    SharedStream stream(f.scheduler);
    end->outbox.join(stream);
    other->outbox.join(stream);
    stream.append("before", "");
    end->outbox.leave(stream);
    stream.append("after", "");
    f.loop.run_turn();
    CHECK(end->socket.sent_bytes == "before");
    CHECK(other->socket.sent_bytes == "beforeafter");
    other->outbox.leave(stream);
}

TEST_CASE("A slow member costs the others nothing and gets every byte in order", "[transport]") {
    Fixture f;
    auto slow = f.make_end();
    auto quick = f.make_end();
    SharedStream stream(f.scheduler);
    slow->outbox.join(stream);
    quick->outbox.join(stream);
    slow->socket.room = 3;
    std::string expected;
    for (int i = 0; i < 50; ++i) {
        const auto text = std::to_string(i) + ";";
        expected += text;
        stream.append(text, "");
        f.loop.run_turn();
        CHECK(quick->socket.sent_bytes == expected);
    }
    CHECK(slow->socket.sent_bytes == expected.substr(0, 3));
    CHECK(slow->outbox.unsent() == expected.size() - 3);
    while (slow->outbox.unsent() > 0) {
        f.take(*slow, 7);
    }
    CHECK(slow->socket.sent_bytes == expected);
    slow->outbox.leave(stream);
    quick->outbox.leave(stream);
}

TEST_CASE("Congestion is told just over the soft limit, and its end at the low water", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    end->socket.room = 0;
    end->outbox.send(std::string(kUnsentSoftMax, 'x'));
    f.loop.run_turn();
    CHECK(end->congested == 0);
    end->outbox.send("y");
    f.loop.run_turn();
    CHECK(end->congested == 1);
    CHECK(end->outbox.congested());
    f.take(*end, kUnsentSoftMax - kUnsentLowWater);
    CHECK(end->outbox.unsent() == kUnsentLowWater + 1);
    CHECK(end->drained == 0);
    f.take(*end, 1);
    CHECK(end->drained == 1);
    CHECK_FALSE(end->outbox.congested());
}

TEST_CASE("A stream with a member behind the low water is backlogged until it has caught up", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    SharedStream stream(f.scheduler);
    end->outbox.join(stream);
    end->socket.room = 0;
    stream.append(std::string(kUnsentLowWater, 'x'), "");
    f.loop.run_turn();
    CHECK_FALSE(stream.backlogged());
    stream.append("y", "");
    f.loop.run_turn();
    CHECK(stream.backlogged());
    f.take(*end, 1);
    CHECK_FALSE(stream.backlogged());
    end->outbox.leave(stream);
}

TEST_CASE("A stream flushes in mid-turn rather than hold more than its limit", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    SharedStream stream(f.scheduler);
    end->outbox.join(stream);
    stream.append(std::string(kSharedTurnBytesMax, 'x'), "");
    CHECK(end->socket.sent_bytes.empty());
    stream.append("y", "");
    CHECK(end->socket.sent_bytes.size() == kSharedTurnBytesMax + 1);
    f.loop.run_turn();
    CHECK(end->socket.sent_bytes.size() == kSharedTurnBytesMax + 1);
    end->outbox.leave(stream);
}

TEST_CASE("A peer that is gone is told to its owner once, after the turn", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    SharedStream stream(f.scheduler);
    end->outbox.join(stream);
    end->socket.vanish();
    stream.append("x", "");
    CHECK(end->failed == 0);
    f.loop.run_turn();
    CHECK(end->failed == 1);
    CHECK(end->outbox.unsent() == 0);
    stream.append("y", "");
    end->outbox.send("z");
    f.loop.run_turn();
    CHECK(end->failed == 1);
    end->outbox.leave(stream);
}

TEST_CASE("The owner learns when all is flushed", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    end->socket.room = 2;
    end->outbox.send("abc");
    end->outbox.tell_when_flushed();
    f.loop.run_turn();
    CHECK(end->flushed == 0);
    f.take(*end, 1);
    CHECK(end->flushed == 1);
}

TEST_CASE("A write that takes a congested peer to empty tells both, drained and flushed", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    end->socket.room = 0;
    end->outbox.send(std::string(kUnsentSoftMax + 1, 'x'));
    end->outbox.tell_when_flushed();
    f.loop.run_turn();
    CHECK(end->congested == 1);
    f.take(*end, FakeSocket::kUnlimited);
    CHECK(end->drained == 1);
    CHECK(end->flushed == 1);
}

// The letters of one sender: each stream and the direct sends have their own.
std::string only(std::string_view text, char first, char last) {
    std::string kept;
    for (const char c : text) {
        if (c >= first && c <= last) {
            kept.push_back(c);
        }
    }
    return kept;
}

// Goal: whatever the order of joins, leaves, sends and short writes, each end receives exactly what each sender had
// for it, in order. Method: random operations on a model beside the real thing, then everything is let through.
TEST_CASE("Random traffic over streams and short writes arrives exactly", "[transport]") {
    SeededRandom random(20261122);
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        Fixture f;
        std::vector<std::unique_ptr<SharedStream>> streams;
        std::vector<std::unique_ptr<End>> ends;
        std::vector<std::string> due(6);
        std::vector<std::vector<bool>> member(6, std::vector<bool>(3, false));
        for (int i = 0; i < 3; ++i) {
            streams.push_back(std::make_unique<SharedStream>(f.scheduler));
        }
        for (int i = 0; i < 6; ++i) {
            ends.push_back(f.make_end());
        }
        for (int step = 0; step < 400; ++step) {
            const auto e = random.below(6);
            const auto s = random.below(3);
            switch (random.below(6)) {
                case 0:
                    if (!member[e][s]) {
                        ends[e]->outbox.join(*streams[s]);
                    } else {
                        ends[e]->outbox.leave(*streams[s]);
                    }
                    member[e][s] = !member[e][s];
                    break;
                case 1:
                case 2: {
                    const auto letter = static_cast<char>('a' + 8 * s + random.below(8));
                    const std::string text(1 + random.below(3000), letter);
                    streams[s]->append(text.substr(0, 1), text);
                    for (std::size_t i = 0; i < 6; ++i) {
                        if (member[i][s]) {
                            due[i] += text.substr(0, 1) + text;
                        }
                    }
                    break;
                }
                case 3: {
                    const std::string text(1 + random.below(200), static_cast<char>('A' + random.below(26)));
                    ends[e]->outbox.send(text);
                    due[e] += text;
                    break;
                }
                case 4:
                    ends[e]->socket.room = random.below(5000);
                    if (ends[e]->outbox.blocked()) {
                        ends[e]->outbox.on_writable(true);
                    }
                    break;
                default:
                    f.loop.run_turn();
            }
        }
        for (std::size_t e = 0; e < 6; ++e) {
            for (std::size_t s = 0; s < 3; ++s) {
                if (member[e][s]) {
                    ends[e]->outbox.leave(*streams[s]);
                }
            }
            f.loop.run_turn();
            f.take(*ends[e], FakeSocket::kUnlimited);
            CHECK(ends[e]->outbox.unsent() == 0);
            // The streams of one turn may come in any order.
            const auto& sent = ends[e]->socket.sent_bytes;
            CHECK(only(sent, 'A', 'Z') == only(due[e], 'A', 'Z'));
            CHECK(only(sent, 'a', 'h') == only(due[e], 'a', 'h'));
            CHECK(only(sent, 'i', 'p') == only(due[e], 'i', 'p'));
            CHECK(only(sent, 'q', 'x') == only(due[e], 'q', 'x'));
        }
        ends.clear();
        streams.clear();
        CHECK(f.scheduler.pool().segments_out() <= 1);  // the arena
    }
}

}  // namespace hubtrail::transport
