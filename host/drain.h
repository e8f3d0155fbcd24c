#pragma once

#include <cstddef>
#include <cstdint>

namespace hubtrail::host {

inline constexpr std::int64_t kGoodbyeNs = 2'000'000'000;  ///< for peers to take their goodbye

/// How a server goes down, as a decision without clock, loop or socket: it is told what happens and
/// says what to do next. A signal sends the clients of hubs away, evenly over a window, while
/// everything else is served as before, so that a balancer notices; when they are gone or the
/// window is over, everybody else is said goodbye and gets kGoodbyeNs to take it; then the loops
/// stop. Where nobody is, nothing is waited for. Thread: strand, of loop 0.
class Drain {
public:
    enum class State { serving, draining, goodbye, stopped };
    enum class Action {
        none,
        send_away,    ///< the clients of hubs, over the window
        say_goodbye,  ///< stop listening, tell every peer
        stop          ///< the loops, now
    };
    struct Counts {
        std::size_t connections = 0;
        std::size_t hub_connections = 0;  ///< over any transport, those without TCP included
    };

    /// `window_ns`: over which a signal sends the clients away.
    explicit Drain(std::int64_t window_ns) : window_ns_(window_ns) {}

    /// SIGINT or SIGTERM. The second one ends at once.
    Action on_signal(std::int64_t now_ns);
    /// The program asks for the end: goodbye without a window.
    Action on_stop(std::int64_t now_ns);
    /// Asked every few milliseconds once it has begun.
    Action on_look(std::int64_t now_ns, const Counts& counts);

    State state() const { return state_; }
    std::int64_t window_ns() const { return window_ns_; }

private:
    Action say_goodbye(std::int64_t now_ns);
    Action stop();

    const std::int64_t window_ns_;
    State state_ = State::serving;
    std::int64_t step_ends_ns_ = 0;  ///< when the present state is over at the latest
};

}  // namespace hubtrail::host
