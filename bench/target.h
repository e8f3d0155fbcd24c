#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/bench.h"

namespace hubtrail::bench {

/// Reads `[http://]HOST:PORT[/PATH]` into host, port and path; what is not given keeps its default.
/// HOST is `localhost` or 127.x.y.z: this client loads its own machine and nothing else.
Result<Target, BenchError> parse_target(std::string_view url);

/// The bearer token of connection `index`; empty when the target has none.
std::string_view token_of(const Target& target, std::size_t index);

/// A non-blocking TCP socket that is connecting to the target. Sources are spread over 127.0.0.2
/// and its neighbours by `index`, since one source address has ports for 28,000 connections only.
Result<int, BenchError> start_connect(const Target& target, std::size_t index);

/// Pins the calling thread to target.core and raises the limit of open files to what the system
/// allows. Fails when `connections` will not fit.
Result<void, BenchError> prepare_process(const Target& target, std::size_t connections);

}  // namespace hubtrail::bench
