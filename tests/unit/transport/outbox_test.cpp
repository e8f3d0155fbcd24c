#include "transport/outbox.h"

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/catch.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_socket.h"
#include "transport/frame_header.h"

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

TEST_CASE("A direct send comes after the shared frames that were appended before it",
          "[transport]") {
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

TEST_CASE("Leaving a stream keeps what was appended before and drops what comes after",
          "[transport]") {
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

TEST_CASE("Congestion is told just over the soft limit, and its end at the low water",
          "[transport]") {
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

TEST_CASE("A stream with a member behind the low water is backlogged until it has caught up",
          "[transport]") {
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

TEST_CASE("A write that takes a congested peer to empty tells both, drained and flushed",
          "[transport]") {
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

// Goal: whatever the order of joins, leaves, sends and short writes, each end receives exactly what
// each sender had for it, in order. Method: random operations on a model beside the real thing,
// then everything is let through.
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
                    const std::string text(1 + random.below(200),
                                           static_cast<char>('A' + random.below(26)));
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

TEST_CASE("A frame that is laid out once reaches those whom it is sent to, in order",
          "[transport]") {
    Fixture f;
    auto first = f.make_end();
    auto second = f.make_end();
    {
        const auto frame = f.scheduler.lay_out("<", "x>");
        first->outbox.send("a");
        first->outbox.send_frame(frame, 1);
        first->outbox.send("b");
        second->outbox.send_frame(frame, 1);
    }
    f.loop.run_turn();
    CHECK(first->socket.sent_bytes == "a<x>b");
    CHECK(second->socket.sent_bytes == "<x>");
}

namespace {

std::string framed(std::string_view payload) {
    std::string out;
    append_frame(out, FrameOpcode::text, payload);
    return out;
}

void append_message(SharedStream& stream, std::string_view payload) {
    stream.append(framed(payload), {});
}

}  // namespace

TEST_CASE("A history keeps counted messages until they are acknowledged", "[transport]") {
    Fixture f;
    auto end = f.make_end();
    end->outbox.keep_history(1000);
    CHECK(end->outbox.history_begin() == 1);
    end->outbox.send(framed("one"), {}, 1);
    end->outbox.send(framed("ping"));
    end->outbox.send(framed("two"), {}, 1);
    f.loop.run_turn();
    end->outbox.acknowledge(1);
    CHECK(end->outbox.history_begin() == 2);
    end->socket.sent_bytes.clear();
    end->outbox.resend("[seq]");
    f.loop.run_turn();
    CHECK(end->socket.sent_bytes == "[seq]" + framed("two"));
    SECTION("an acknowledgement of more than was sent counts as of all") {
        end->outbox.acknowledge(99);
        CHECK(end->outbox.history_begin() == 3);
    }
    SECTION("an old one changes nothing") {
        end->outbox.acknowledge(1);
        CHECK(end->outbox.history_begin() == 2);
    }
}

TEST_CASE("A history counts shared messages, sent whole, in part or in mid-turn, one by one",
          "[transport]") {
    Fixture f;
    auto quick = f.make_end();
    auto slow = f.make_end();
    auto late = f.make_end();
    for (auto* end : {quick.get(), slow.get(), late.get()}) {
        end->outbox.keep_history(100'000);
    }
    slow->socket.room = 5;
    {
        SharedStream stream(f.scheduler);
        quick->outbox.join(stream);
        slow->outbox.join(stream);
        append_message(stream, "first");
        late->outbox.join(stream);
        append_message(stream, std::string(300, 'm'));  // a header of four bytes
        append_message(stream, "third");
        f.loop.run_turn();
        CHECK(quick->outbox.history_begin() == 1);
        quick->outbox.acknowledge(2);
        slow->outbox.acknowledge(1);
        late->outbox.acknowledge(1);
        CHECK(quick->outbox.history_begin() == 3);
        CHECK(slow->outbox.history_begin() == 2);
        CHECK(late->outbox.history_begin() == 2);
        for (auto* end : {quick.get(), slow.get(), late.get()}) {
            end->socket.room = FakeSocket::kUnlimited;
            end->socket.sent_bytes.clear();
            end->outbox.resend("!");
        }
        f.loop.run_turn();
        const auto middle = framed(std::string(300, 'm'));
        CHECK(quick->socket.sent_bytes == "!" + framed("third"));
        CHECK(slow->socket.sent_bytes == "!" + middle + framed("third"));
        CHECK(late->socket.sent_bytes == "!" + framed("third"));
        for (auto* end : {quick.get(), slow.get(), late.get()}) {
            end->outbox.leave(stream);
        }
    }
}

TEST_CASE("What waits in the turn when the peer comes back is sent once, after the first bytes",
          "[transport]") {
    Fixture f;
    auto end = f.make_end();
    end->outbox.keep_history(100'000);
    {
        SharedStream stream(f.scheduler);
        end->outbox.join(stream);
        append_message(stream, "in the turn");
        end->outbox.send(framed("direct"), {}, 1);
        append_message(stream, "later");
        end->outbox.resend("!");
        append_message(stream, "after");
        f.loop.run_turn();
        CHECK(end->socket.sent_bytes ==
              "!" + framed("in the turn") + framed("direct") + framed("later") + framed("after"));
        end->outbox.leave(stream);
    }
}

TEST_CASE("A history over its limit is congestion until acknowledgements bring it back",
          "[transport]") {
    Fixture f;
    auto end = f.make_end();
    const auto message = framed(std::string(98, 'x'));  // 100 bytes
    end->outbox.keep_history(1000);
    for (int i = 0; i < 10; ++i) {
        end->outbox.send(message, {}, 1);
    }
    f.loop.run_turn();
    CHECK(end->congested == 0);
    end->outbox.send(message, {}, 1);
    f.loop.run_turn();
    CHECK(end->congested == 1);
    CHECK(end->outbox.unsent() == 0);
    CHECK_FALSE(end->outbox.overrun());
    end->outbox.acknowledge(1);
    f.loop.run_turn();
    CHECK(end->drained == 1);
}

TEST_CASE(
    "A stream with a member whose history is over its limit is backlogged until it acknowledges",
    "[transport]") {
    Fixture f;
    auto end = f.make_end();
    end->outbox.keep_history(1000);
    SharedStream stream(f.scheduler);
    end->outbox.join(stream);
    const auto message = framed(std::string(98, 'x'));  // 100 bytes
    for (int i = 0; i < 10; ++i) {
        stream.append(message, "");
    }
    f.loop.run_turn();
    CHECK_FALSE(stream.backlogged());
    stream.append(message, "");
    f.loop.run_turn();
    CHECK(stream.backlogged());
    SharedStream later(f.scheduler);
    end->outbox.join(later);
    CHECK(later.backlogged());
    end->outbox.acknowledge(1);
    CHECK_FALSE(stream.backlogged());
    CHECK_FALSE(later.backlogged());
    end->outbox.leave(stream);
    end->outbox.leave(later);
}

TEST_CASE("An outbox is overrun just over its hard limit, unsent or not acknowledged",
          "[transport]") {
    Fixture f;
    auto end = f.make_end();
    SECTION("unsent") {
        end->socket.room = 0;
        end->outbox.send(std::string(kUnsentHardMax, 'x'));
        CHECK_FALSE(end->outbox.overrun());
        end->outbox.send("x");
    }
    SECTION("kept") {
        end->outbox.keep_history(1000);
        end->outbox.send(std::string(kUnsentHardMax, 'x'), {}, 1);
        f.loop.run_turn();
        CHECK_FALSE(end->outbox.overrun());
        end->outbox.send("x", {}, 1);
    }
    CHECK(end->outbox.overrun());
}

TEST_CASE("Streams of one order reach a common member in the order of their appends",
          "[transport]") {
    Fixture f;
    auto both = f.make_end();
    auto one = f.make_end();
    SendOrder order;
    SharedStream all(f.scheduler, &order);
    SharedStream group(f.scheduler, &order);
    both->outbox.join(all);
    both->outbox.join(group);
    one->outbox.join(all);
    const auto leave = [&] {
        both->outbox.leave(all);
        both->outbox.leave(group);
        one->outbox.leave(all);
    };
    SECTION("appended to in turns") {
        group.append("g1 ", {});
        all.append("a2 ", {});
        group.append("g3 ", {});
        all.append("a4 ", {});
        f.loop.run_turn();
        leave();
        CHECK(both->socket.sent_bytes == "g1 a2 g3 a4 ");
        CHECK(one->socket.sent_bytes == "a2 a4 ");
    }
    SECTION("with a direct send behind them") {
        group.append("g1 ", {});
        all.append("a2 ", {});
        both->outbox.send("d3 ");
        group.append("g4 ", {});
        f.loop.run_turn();
        leave();
        CHECK(both->socket.sent_bytes == "g1 a2 d3 g4 ");
    }
    SECTION("leaving in mid-turn") {
        all.append("a1 ", {});
        group.append("g2 ", {});
        both->outbox.leave(group);
        all.append("a3 ", {});
        both->outbox.join(group);
        group.append("g4 ", {});
        f.loop.run_turn();
        leave();
        CHECK(both->socket.sent_bytes == "a1 g2 a3 g4 ");
    }
    SECTION("more than a turn holds") {
        const std::string much(kSharedTurnBytesMax, 'x');
        all.append("a1 ", {});
        group.append(much, {});
        group.append("g2 ", {});
        f.loop.run_turn();
        leave();
        CHECK(both->socket.sent_bytes == "a1 " + much + "g2 ");
    }
}

TEST_CASE("A member of quiet streams is still written to straight from the one that speaks",
          "[transport]") {
    Fixture f;
    auto end = f.make_end();
    SharedStream quiet(f.scheduler);
    SharedStream loud(f.scheduler);
    end->outbox.join(quiet);
    end->outbox.join(loud);
    loud.append("x", {});
    f.loop.run_turn();
    CHECK(end->socket.sent_bytes == "x");
    CHECK(end->socket.writes == 1);
    end->outbox.leave(quiet);
    end->outbox.leave(loud);
}

}  // namespace hubtrail::transport
