#pragma once

#include <string>

namespace hubtrail::transport {

/// `127.0.0.1:50312` or `[::1]:50312` of a connected descriptor; `unknown` when it is gone.
std::string peer_address_of(int descriptor);
/// Our end of it, likewise.
std::string local_address_of(int descriptor);

}  // namespace hubtrail::transport
