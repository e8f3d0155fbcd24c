#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "storage/log_service.h"

namespace hubtrail::follow {

// What a loop keeps to catch up from without asking the store (docs/limits.md).
inline constexpr std::size_t kRingEventsMax = 4096;  ///< per tenant and loop
inline constexpr std::size_t kRingBytesMax =
    4 * 1024 * 1024;  ///< of bodies; the newest batch always stays

/// The newest events of one tenant, without a gap up to the newest of all. Batches may overlap.
/// Thread: strand.
class Ring {
public:
    /// The batch begins at most one behind the last one's end, and ends behind it.
    void keep(const std::shared_ptr<const storage::CommittedBatch>& batch);
    void clear();
    bool empty() const { return batches_.empty(); }
    /// Whether it has everything behind the position, which is before the newest event.
    bool reaches(std::int64_t after_pos) const {
        return !empty() && batches_.front()->from() <= after_pos + 1;
    }
    /// Calls `visit` for each event after the position, in order, until it returns false.
    template <typename Visit>
    void visit(std::int64_t after_pos, Visit&& visit) const {
        for (const auto& batch : batches_) {
            if (batch->to() <= after_pos) {
                continue;
            }
            for (const auto& event : batch->events) {
                if (event.pos <= after_pos) {
                    continue;
                }
                after_pos = event.pos;
                if (!visit(event)) {
                    return;
                }
            }
        }
    }

private:
    /// Owned with the rings of other loops and with whoever still writes from them.
    std::deque<std::shared_ptr<const storage::CommittedBatch>> batches_;
    std::size_t events_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace hubtrail::follow
