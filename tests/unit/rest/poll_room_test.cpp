#include "rest/poll_room.h"

#include <memory>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::rest {
namespace {

/// Thread: strand.
class FakePoll final : public WaitingPoll {
public:
    bool begin_turn() override {
        begun += 1;
        return wants;
    }
    void finish() override {
        finished += 1;
        for (auto* other : takes_along) {
            room->leave(*other);
        }
    }

    bool wants = true;
    int begun = 0;
    int finished = 0;
    PollRoom* room = nullptr;
    std::vector<WaitingPoll*> takes_along;
};

}  // namespace

TEST_CASE("A room has 10,000 places", "[rest]") {
    transport::FakeLoop loop;
    PollRoom room(loop);
    std::vector<FakePoll> polls(kPollsMax + 1);
    for (std::size_t i = 0; i < kPollsMax; ++i) {
        REQUIRE(room.enter(polls[i]));
    }
    CHECK(room.polls() == 10'000);
    CHECK_FALSE(room.enter(polls[kPollsMax]));
    room.leave(polls[17]);
    CHECK(room.enter(polls[kPollsMax]));
}

TEST_CASE("At most 256 polls are at work at a time, in the order in which they asked", "[rest]") {
    transport::FakeLoop loop;
    PollRoom room(loop);
    std::vector<std::shared_ptr<FakePoll>> polls;
    for (std::size_t i = 0; i < kPollReadsMax + 2; ++i) {
        polls.push_back(std::make_shared<FakePoll>());
        CHECK(room.ask_turn(polls.back()) == (i < kPollReadsMax));
    }
    loop.run();
    CHECK(polls[kPollReadsMax]->begun == 0);
    room.end_turn();
    CHECK(polls[kPollReadsMax]->begun == 1);
    CHECK(polls[kPollReadsMax + 1]->begun == 0);
}

TEST_CASE("At most 256 polls begin within a turn of the loop, however soon they end", "[rest]") {
    transport::FakeLoop loop;
    PollRoom room(loop);
    for (std::size_t i = 0; i < kPollReadsMax; ++i) {
        REQUIRE(room.ask_turn(std::make_shared<FakePoll>()));
        room.end_turn();
    }
    const auto late = std::make_shared<FakePoll>();
    CHECK_FALSE(room.ask_turn(late));
    CHECK(late->begun == 0);
    loop.run_turn();
    CHECK(late->begun == 1);
}

TEST_CASE("A poll that was answered while it queued does not keep its turn", "[rest]") {
    transport::FakeLoop loop;
    PollRoom room(loop);
    std::vector<std::shared_ptr<FakePoll>> polls;
    for (std::size_t i = 0; i < 2 * kPollReadsMax; ++i) {
        polls.push_back(std::make_shared<FakePoll>());
        polls.back()->wants = i < kPollReadsMax || i + 1 == 2 * kPollReadsMax;
        static_cast<void>(room.ask_turn(polls.back()));
    }
    CHECK(polls.back()->begun == 0);
    loop.run();
    room.end_turn();
    CHECK(polls.back()->begun == 1);
}

TEST_CASE("finish_all leaves out polls that left meanwhile", "[rest]") {
    transport::FakeLoop loop;
    PollRoom room(loop);
    std::vector<FakePoll> polls(3);
    for (auto& poll : polls) {
        poll.room = &room;
        for (auto& other : polls) {
            poll.takes_along.push_back(&other);
        }
        REQUIRE(room.enter(poll));
    }
    room.finish_all();
    CHECK(polls[0].finished + polls[1].finished + polls[2].finished == 1);
    CHECK(room.polls() == 0);
}

}  // namespace hubtrail::rest
