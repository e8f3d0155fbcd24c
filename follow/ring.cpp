#include "follow/ring.h"

namespace hubtrail::follow {
namespace {

std::size_t body_bytes(const storage::CommittedBatch& batch) {
    std::size_t bytes = 0;
    for (const auto& event : batch.events) {
        bytes += event.body.size();
    }
    return bytes;
}

}  // namespace

void Ring::keep(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    batches_.push_back(batch);
    events_ += batch->events.size();
    bytes_ += body_bytes(*batch);
    while (batches_.size() > 1 && (events_ > kRingEventsMax || bytes_ > kRingBytesMax)) {
        events_ -= batches_.front()->events.size();
        bytes_ -= body_bytes(*batches_.front());
        batches_.pop_front();
    }
}

void Ring::clear() {
    batches_.clear();
    events_ = bytes_ = 0;
}

}  // namespace hubtrail::follow
