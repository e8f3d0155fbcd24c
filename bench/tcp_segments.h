#pragma once

#include <cstdint>

namespace hubtrail::bench {

/// Segments with data that a TCP socket has received; 0 when the kernel does not say. On loopback
/// that is how often the peer has written, as long as it sends without delay and a write fits into
/// a segment of 64 KiB: it counts every server's writes alike and costs the server nothing, which
/// tracing its system calls would. (`strace -f -c` gives the same, see docs/benchmarks.md.)
std::uint64_t data_segments_in(int descriptor);

}  // namespace hubtrail::bench
