#include "transport/segment.h"

#include <algorithm>
#include <new>

#include "base/check.h"

namespace hubtrail::transport {

SegmentPool::~SegmentPool() {
    HUBTRAIL_CHECK(segments_out_ == 0, "a segment outlived its pool");
    for (auto* segment : spare_) {
        ::operator delete(segment);
    }
}

Segment* SegmentPool::take(std::size_t bytes) {
    ++segments_out_;
    if (bytes <= kSegmentBytes && !spare_.empty()) {
        auto* segment = spare_.back();
        spare_.pop_back();
        segment->refs = 1;
        segment->used = 0;
        return segment;
    }
    const auto capacity = static_cast<std::uint32_t>(std::max<std::size_t>(bytes, kSegmentBytes));
    return new (::operator new(sizeof(Segment) + capacity)) Segment{1, capacity, 0};
}

void SegmentPool::release(Segment* segment) {
    if (--segment->refs > 0) {
        return;
    }
    --segments_out_;
    if (segment->capacity == kSegmentBytes && spare_.size() < kSpareSegmentsMax) {
        spare_.push_back(segment);
    } else {
        ::operator delete(segment);
    }
}

}  // namespace hubtrail::transport
