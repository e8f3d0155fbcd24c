#include "host/drain.h"

namespace hubtrail::host {

Drain::Action Drain::on_signal(std::int64_t now_ns) {
    if (state_ != State::serving) {
        return stop();
    }
    state_ = State::draining;
    step_ends_ns_ = now_ns + window_ns_;
    return Action::send_away;
}

Drain::Action Drain::on_stop(std::int64_t now_ns) {
    const bool early = state_ == State::serving || state_ == State::draining;
    return early ? say_goodbye(now_ns) : Action::none;
}

Drain::Action Drain::on_look(std::int64_t now_ns, const Counts& counts) {
    const bool over = now_ns >= step_ends_ns_;
    if (state_ == State::draining && (over || counts.hub_connections == 0)) {
        return say_goodbye(now_ns);
    }
    if (state_ == State::goodbye && (over || counts.connections == 0)) {
        return stop();
    }
    return Action::none;
}

Drain::Action Drain::say_goodbye(std::int64_t now_ns) {
    state_ = State::goodbye;
    step_ends_ns_ = now_ns + kGoodbyeNs;
    return Action::say_goodbye;
}

Drain::Action Drain::stop() {
    const bool stopped = state_ == State::stopped;
    state_ = State::stopped;
    return stopped ? Action::none : Action::stop;
}

}  // namespace hubtrail::host
