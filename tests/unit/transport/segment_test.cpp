#include "transport/segment.h"

#include <vector>

#include "tests/support/catch.h"

namespace hubtrail::transport {

TEST_CASE("A released segment is used again", "[transport]") {
    SegmentPool pool;
    auto* first = pool.take(10);
    pool.release(first);
    CHECK(pool.take(kSegmentBytes) == first);
    pool.release(first);
    CHECK(pool.segments_out() == 0);
}

TEST_CASE("A segment lives as long as its last reference", "[transport]") {
    SegmentPool pool;
    auto* segment = pool.take(10);
    SegmentPool::retain(segment);
    pool.release(segment);
    CHECK(pool.segments_out() == 1);
    pool.release(segment);
    CHECK(pool.segments_out() == 0);
}

TEST_CASE("What is larger than a segment gets one of its own", "[transport]") {
    SegmentPool pool;
    auto* usual = pool.take(kSegmentBytes);
    auto* large = pool.take(kSegmentBytes + 1);
    CHECK(usual->capacity == kSegmentBytes);
    CHECK(large->capacity == kSegmentBytes + 1);
    pool.release(usual);
    pool.release(large);
}

TEST_CASE("The pool keeps so many spare segments and frees the rest", "[transport]") {
    SegmentPool pool;
    std::vector<Segment*> taken;
    for (std::size_t i = 0; i < kSpareSegmentsMax + 1; ++i) {
        taken.push_back(pool.take(1));
    }
    for (std::size_t i = 0; i < kSpareSegmentsMax; ++i) {
        pool.release(taken[i]);
    }
    CHECK(pool.segments_spare() == kSpareSegmentsMax);
    pool.release(taken.back());
    CHECK(pool.segments_spare() == kSpareSegmentsMax);
    CHECK(pool.segments_out() == 0);
}

}  // namespace hubtrail::transport
