#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "protocol/hub_protocol.h"

namespace hubtrail::hub {

/// Lends splitters to the connections of one loop: most of the time none of them is amid a record.
/// Thread: strand.
class SplitterPool {
public:
    using Splitter = std::unique_ptr<protocol::MessageSplitter>;

    /// For records of the protocol of at most `record_bytes_max` (0: no limit).
    Splitter take(const protocol::HubProtocol& protocol, std::size_t record_bytes_max);
    /// With the arguments that it was taken by; only one that has nothing left and has not failed.
    void give_back(Splitter splitter, const protocol::HubProtocol& protocol,
                   std::size_t record_bytes_max);
    std::size_t spare() const { return spare_.size(); }

private:
    struct Spare {
        const protocol::HubProtocol* protocol;
        std::size_t record_bytes_max;
        Splitter splitter;
    };
    std::vector<Spare> spare_;
};

}  // namespace hubtrail::hub
