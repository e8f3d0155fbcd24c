#include "rest/poll_room.h"

#include <memory>
#include <vector>

#include "tests/support/catch.h"

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
    PollRoom room;
    std::vector<FakePoll> polls(kPollsMax + 1);
    for (std::size_t i = 0; i < kPollsMax; ++i) {
        REQUIRE(room.enter(polls[i]));
    }
    CHECK(room.polls() == 10'000);
    CHECK_FALSE(room.enter(polls[kPollsMax]));
    room.leave(polls[17]);
    CHECK(room.enter(polls[kPollsMax]));
}

TEST_CASE("At most 256 polls read at a time, in the order in which they queued", "[rest]") {
    PollRoom room;
    std::vector<std::shared_ptr<FakePoll>> polls;
    for (std::size_t i = 0; i < kPollReadsMax + 2; ++i) {
        polls.push_back(std::make_shared<FakePoll>());
        room.queue(polls.back());
    }
    CHECK(polls[kPollReadsMax - 1]->begun == 1);
    CHECK(polls[kPollReadsMax]->begun == 0);
    room.end_turn();
    CHECK(polls[kPollReadsMax]->begun == 1);
    CHECK(polls[kPollReadsMax + 1]->begun == 0);
}

TEST_CASE("A poll that was answered while it queued does not keep its turn", "[rest]") {
    PollRoom room;
    std::vector<std::shared_ptr<FakePoll>> polls;
    for (std::size_t i = 0; i < 3 * kPollReadsMax; ++i) {
        polls.push_back(std::make_shared<FakePoll>());
        polls.back()->wants = i < kPollReadsMax || i + 1 == 3 * kPollReadsMax;
        room.queue(polls.back());
    }
    CHECK(polls.back()->begun == 0);
    room.end_turn();
    CHECK(polls.back()->begun == 1);
}

TEST_CASE("finish_all leaves out polls that left meanwhile", "[rest]") {
    PollRoom room;
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
