#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace hubtrail::hub {

inline constexpr std::int64_t kAckIntervalNs =
    1'000'000'000;  ///< between two acknowledgements of ours

/// Which messages of the peer were processed, and what it knows of that, for stateful reconnect
/// (HubProtocol.md, Ack and Sequence): messages of types 1 to 5 have ids from 1 on, and a peer that
/// came back begins again at one that it knows no answer to. Thread: strand.
class ReceiveCounter {
public:
    explicit ReceiveCounter(std::int64_t now_ns) : acked_ns_(now_ns) {}

    /// Whether the next message was processed before.
    bool is_repeat() const { return next_ <= newest_; }
    /// The next message has been processed, or dropped as a repeat.
    void count() { newest_ = std::max(newest_, next_++); }
    /// The peer begins again at this id. False: we never came that far. Further than next_ is right
    /// when the network failed again amid the peer's repeats, and it knows by now that we had them
    /// already.
    bool restart(std::int64_t id) {
        if (id > newest_ + 1) {
            return false;
        }
        next_ = id;
        return true;
    }
    /// The peer came back on a new socket: our last acknowledgement may be lost.
    void forget_ack() { acked_ = 0; }
    /// The id to acknowledge now, which counts as sent; nothing: no news, or too soon.
    std::optional<std::int64_t> ack_due(std::int64_t now_ns) {
        if (newest_ == acked_ || now_ns - acked_ns_ < kAckIntervalNs) {
            return std::nullopt;
        }
        acked_ns_ = now_ns;
        acked_ = newest_;
        return acked_;
    }

private:
    std::int64_t next_ = 1;
    std::int64_t newest_ = 0;  ///< id of the newest processed message; 0: none
    std::int64_t acked_ = 0;
    std::int64_t acked_ns_;
};

}  // namespace hubtrail::hub
