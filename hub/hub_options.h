#pragma once

#include <cstddef>
#include <cstdint>

namespace hubtrail::hub {

/// How a hub treats its connections; the names and defaults are the reference's HubOptions.
struct HubOptions {
    std::int64_t handshake_timeout_ns = 15'000'000'000;
    std::int64_t keep_alive_interval_ns = 15'000'000'000;
    std::int64_t client_timeout_ns = 30'000'000'000;  ///< counts only after the client's first ping
    std::size_t receive_bytes_max = 32 * 1024;        ///< one hub message with its separator
    std::size_t streams_max = 64;                     ///< running server streams of one connection
    bool detailed_errors = false;
};

}  // namespace hubtrail::hub
