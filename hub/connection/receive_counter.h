#pragma once

#include <algorithm>
#include <cstdint>

namespace hubtrail::hub {

/// Which messages of the peer were processed, for stateful reconnect (HubProtocol.md, Ack and
/// Sequence): messages of types 1 to 5 have ids from 1 on, and a peer that came back begins again
/// at one that it knows no answer to. Thread: strand.
class ReceiveCounter {
public:
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
    /// Id of the newest processed message; 0: none.
    std::int64_t newest() const { return newest_; }

private:
    std::int64_t next_ = 1;
    std::int64_t newest_ = 0;
};

}  // namespace hubtrail::hub
