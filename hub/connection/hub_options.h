#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "protocol/hub_protocol.h"

namespace hubtrail::hub {

/// How a hub treats its connections; the names and defaults are the reference's HubOptions.
struct HubOptions {
    std::int64_t handshake_timeout_ns = 15'000'000'000;
    std::int64_t keep_alive_interval_ns = 15'000'000'000;
    std::int64_t client_timeout_ns = 30'000'000'000;  ///< counts only after the client's first ping
    std::size_t receive_bytes_max = 32 * 1024;  ///< one hub message with its framing; 0: no limit
    std::size_t stream_buffer_capacity = 10;    ///< items of one upload that wait to be read
    std::size_t parallel_invocations_max = 1;  ///< plain invocations of one client that run at once
    std::size_t stateful_buffer_bytes = 100'000;  ///< sent and not acknowledged; over it sends wait
    std::size_t streams_max = 64;                 ///< running streams of one connection, each way
    bool detailed_errors = false;
    protocol::HubProtocols protocols;  ///< encodings that the handshake may choose
};

/// The text of a failure that the reference wraps: `detail` is added with detailed errors only.
std::string error_text(const HubOptions& options, std::string_view base, std::string_view detail);

/// How long a message of a transport that knows messages may be: it may hold several hub messages,
/// each of which is held to its own limit.
inline std::size_t message_bytes_for(const HubOptions& options) {
    constexpr std::size_t kMessages = 4;
    constexpr std::size_t kLeast = 128 * 1024;
    return options.receive_bytes_max == 0 ? std::numeric_limits<std::size_t>::max()
                                          : std::max(kLeast, options.receive_bytes_max * kMessages);
}

}  // namespace hubtrail::hub
