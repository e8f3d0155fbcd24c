#include "rest/poll_room.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace hubtrail::rest {

bool PollRoom::enter(WaitingPoll& poll) {
    return polls_.size() < kPollsMax && polls_.insert(&poll).second;
}

bool PollRoom::ask_turn(std::shared_ptr<WaitingPoll> poll) {
    if (queue_.empty() && turn_is_free()) {
        take_turn();
        return true;
    }
    queue_.push_back(std::move(poll));
    return false;
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

void PollRoom::take_turn() {
    ++turns_;
    if (begun_++ == 0) {
        loop_.post([this] {
            begun_ = 0;
            start_turns();
        });
    }
}

void PollRoom::start_turns() {
    // A poll may be done within begin_turn(): then its end_turn() comes here again.
    if (std::exchange(starting_, true)) {
        return;
    }
    while (turn_is_free() && !queue_.empty()) {
        const auto poll = std::move(queue_.front());
        queue_.pop_front();
        take_turn();
        if (!poll->begin_turn()) {
            --turns_;
        }
    }
    starting_ = false;
}

}  // namespace hubtrail::rest
