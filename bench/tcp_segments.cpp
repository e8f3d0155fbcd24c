#include "bench/tcp_segments.h"

#include <cstddef>

#include <linux/tcp.h>  // the C library's own header ends before the counters
#include <netinet/in.h>
#include <sys/socket.h>

namespace hubtrail::bench {

std::uint64_t data_segments_in(int descriptor) {
    tcp_info info{};
    socklen_t bytes = sizeof info;
    const bool said =
        getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0 &&
        bytes >= offsetof(tcp_info, tcpi_data_segs_in) + sizeof info.tcpi_data_segs_in;
    return said ? info.tcpi_data_segs_in : 0;
}

}  // namespace hubtrail::bench
