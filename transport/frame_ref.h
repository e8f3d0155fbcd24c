#pragma once

#include <utility>

#include "transport/segment.h"

namespace hubtrail::transport {

/// One frame laid out once for the outboxes of its loop. Copies share it. Thread: strand.
class FrameRef {
public:
    FrameRef(SegmentPool& pool, SegmentRange range) : pool_(&pool), range_(range) {}
    FrameRef(const FrameRef& other) : pool_(other.pool_), range_(other.range_) {
        SegmentPool::retain(range_.segment);
    }
    FrameRef& operator=(FrameRef other) {
        std::swap(pool_, other.pool_);
        std::swap(range_, other.range_);
        return *this;
    }
    ~FrameRef() { pool_->release(range_.segment); }

    const SegmentRange& range() const { return range_; }

private:
    SegmentPool* pool_;
    SegmentRange range_;
};

}  // namespace hubtrail::transport
