#include "hub/connection/splitter_pool.h"

#include <algorithm>
#include <utility>

namespace hubtrail::hub {
namespace {
// One is in use at a time but for connections that end each other; there are as many kinds as hubs
// have limits and encodings.
constexpr std::size_t kSpareSplittersMax = 8;
}  // namespace

SplitterPool::Splitter SplitterPool::take(const protocol::HubProtocol& protocol,
                                          std::size_t record_bytes_max) {
    const auto found = std::find_if(spare_.begin(), spare_.end(), [&](const Spare& spare) {
        return spare.protocol == &protocol && spare.record_bytes_max == record_bytes_max;
    });
    if (found == spare_.end()) {
        return protocol.make_splitter(record_bytes_max);
    }
    std::swap(*found, spare_.back());
    auto splitter = std::move(spare_.back().splitter);
    spare_.pop_back();
    return splitter;
}

void SplitterPool::give_back(Splitter splitter, const protocol::HubProtocol& protocol,
                             std::size_t record_bytes_max) {
    if (spare_.size() < kSpareSplittersMax) {
        spare_.push_back({&protocol, record_bytes_max, std::move(splitter)});
    }
}

}  // namespace hubtrail::hub
