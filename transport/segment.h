#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hubtrail::transport {

inline constexpr std::uint32_t kSegmentBytes = 64 * 1024;
inline constexpr std::size_t kSpareSegmentsMax = 64;  ///< per loop; 4 MiB kept for re-use

/// A block of bytes that were written once and are sent to many. Counted by a plain integer: a
/// segment never leaves its loop.
struct Segment {
    std::uint32_t refs;
    std::uint32_t capacity;
    std::uint32_t used;
    char* data() { return reinterpret_cast<char*>(this + 1); }
};

/// Bytes [begin, end) of a segment.
struct SegmentRange {
    Segment* segment;
    std::uint32_t begin;
    std::uint32_t end;
    std::size_t size() const { return end - begin; }
    std::string_view view() const { return {segment->data() + begin, size()}; }
};

/// Makes and recycles the segments of one loop. Thread: strand.
class SegmentPool {
public:
    SegmentPool() = default;
    ~SegmentPool();
    SegmentPool(const SegmentPool&) = delete;
    SegmentPool& operator=(const SegmentPool&) = delete;

    /// An empty segment with one reference and room for at least `bytes`.
    Segment* take(std::size_t bytes);
    static void retain(Segment* segment) { ++segment->refs; }
    void release(Segment* segment);
    std::size_t segments_out() const { return segments_out_; }
    std::size_t segments_spare() const { return spare_.size(); }

private:
    std::vector<Segment*> spare_;
    std::size_t segments_out_ = 0;
};

}  // namespace hubtrail::transport
