#include "hub/connection/record_input.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_connection.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {
namespace {

using List = std::vector<std::string>;

/// Takes records that do not wait; writes down what it was given. Thread: strand.
struct Sink final : RecordSink {
    bool on_record(std::string_view record) override {
        if (!waits.empty() && record == waits) {
            return false;
        }
        taken.emplace_back(record);
        if (!stops.empty() && record == stops) {
            input->stop();
        }
        return true;
    }
    bool on_record_behind(std::string_view record) override {
        if (record != "ack") {
            return false;
        }
        taken.emplace_back("behind: ack");
        return true;
    }
    void on_broken(std::string_view) override { taken.emplace_back("broken"); }
    void on_listened() override { ++listened; }

    List taken;
    std::string waits;
    std::string stops;
    int listened = 0;
    RecordInput* input = nullptr;
};

/// Thread: strand.
struct Input {
    explicit Input(RecordInput::ReadAhead read_ahead = RecordInput::ReadAhead::no) {
        options.receive_bytes_max = 10;
        sink.input = &input;
        output.connect(connection);
        output.start(protocol::json_hub_protocol());
        input.start(read_ahead);
    }
    /// `|` stands for the record separator.
    void feed(std::string text) {
        for (auto& c : text) {
            c = c == '|' ? '\x1e' : c;
        }
        input.feed(text);
        loop.run();
    }
    void let_go() {
        sink.waits.clear();
        input.pump_later();
        loop.run();
    }

    HubOptions options;
    transport::FakeLoop loop;
    transport::OutputScheduler scheduler{loop};
    transport::FakeConnection connection{scheduler, loop};
    HubScratch scratch;
    Sink sink;
    RecordOutput output{scratch};
    RecordInput input{sink, options, output};
};

TEST_CASE("Records come in order, however they are cut", "[hub]") {
    const std::string text = "a|bc||def|";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        CAPTURE(cut);
        Input in;
        in.feed(text.substr(0, cut));
        in.feed(text.substr(cut));
        CHECK(in.sink.taken == List{"a", "bc", "", "def"});
        CHECK_FALSE(in.input.amid_record());
    }
}

TEST_CASE("A splitter is ours only amid a record", "[hub]") {
    Input in;
    in.feed("a|");
    CHECK(in.scratch.splitters.spare() == 1);
    in.feed("b");
    CHECK(in.input.amid_record());
    CHECK(in.scratch.splitters.spare() == 0);
    in.feed("|");
    CHECK(in.scratch.splitters.spare() == 1);
    CHECK(in.sink.taken == List{"a", "b"});
}

TEST_CASE("A record that waits keeps those behind it and pauses reading", "[hub]") {
    Input in;
    in.sink.waits = "b";
    in.feed("a|b|c|");
    CHECK(in.sink.taken == List{"a"});
    CHECK(in.input.waiting());
    CHECK(in.connection.paused);
    in.feed("d|");
    CHECK(in.sink.taken == List{"a"});
    in.let_go();
    CHECK(in.sink.taken == List{"a", "b", "c", "d"});
    CHECK_FALSE(in.input.waiting());
    CHECK_FALSE(in.connection.paused);
}

TEST_CASE("Reading ahead, an acknowledgement does not wait with the others", "[hub]") {
    Input in(RecordInput::ReadAhead::yes);
    in.sink.waits = "b";
    in.feed("b|ack|c|");
    CHECK(in.sink.taken == List{"behind: ack"});
    CHECK_FALSE(in.connection.paused);
    in.let_go();
    CHECK(in.sink.taken == List{"behind: ack", "b", "c"});
}

TEST_CASE("What is wrong with the input is said after what came before it", "[hub]") {
    Input in;
    in.sink.waits = "a";
    in.feed("a|b|12345678901");
    CHECK(in.sink.taken.empty());
    in.feed("c|");
    in.let_go();
    CHECK(in.sink.taken == List{"a", "b", "broken"});
    CHECK(in.scratch.splitters.spare() == 0);
}

TEST_CASE("Nothing is given while it is held, and then all of it", "[hub]") {
    Input in;
    in.input.hold();
    in.feed("a|b|");
    CHECK(in.sink.taken.empty());
    in.input.unhold();
    CHECK(in.sink.taken.empty());
    in.loop.run();
    CHECK(in.sink.taken == List{"a", "b"});
}

TEST_CASE("After the end nothing comes, whoever brings it about", "[hub]") {
    Input in;
    in.sink.stops = "b";
    SECTION("a record that comes") {
        in.feed("a|b|c|");
    }
    SECTION("a record that has waited") {
        in.sink.waits = "a";
        in.feed("a|b|c|");
        in.let_go();
    }
    in.feed("d|");
    CHECK(in.sink.taken == List{"a", "b"});
    CHECK_FALSE(in.input.waiting());
}

TEST_CASE("A client that came back sends again what waited, and the cut record", "[hub]") {
    Input in(RecordInput::ReadAhead::yes);
    in.sink.waits = "a";
    in.feed("a|b|c");
    in.input.restart();
    in.sink.waits.clear();
    in.feed("a|b|cd|");
    CHECK(in.sink.taken == List{"a", "b", "cd"});
}

}  // namespace
}  // namespace hubtrail::hub
