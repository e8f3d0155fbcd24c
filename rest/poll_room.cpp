#include "rest/poll_room.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace hubtrail::rest {

bool PollRoom::enter(WaitingPoll& poll) {
    return polls_.size() < kPollsMax && polls_.insert(&poll).second;
}

void PollRoom::queue(std::shared_ptr<WaitingPoll> poll) {
    queue_.push_back(std::move(poll));
    start_turns();
}

void PollRoom::end_turn() {
    HUBTRAIL_CHECK(turns_ > 0, "only who has a turn ends it");
    --turns_;
    start_turns();
}

void PollRoom::finish_all() {
    // finish() answers, and an answer may lead to anything: other polls may leave or enter
    // meanwhile.
    const std::vector<WaitingPoll*> present(polls_.begin(), polls_.end());
    for (auto* poll : present) {
        if (polls_.count(poll) > 0) {
            poll->finish();
        }
    }
}

void PollRoom::start_turns() {
    while (turns_ < kPollReadsMax && !queue_.empty()) {
        const auto poll = std::move(queue_.front());
        queue_.pop_front();
        ++turns_;
        if (!poll->begin_turn()) {
            --turns_;
        }
    }
}

}  // namespace hubtrail::rest
