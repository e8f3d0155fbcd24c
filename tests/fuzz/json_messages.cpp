// Goal: no bytes crash the JSON hub protocol, the cuts of the bytes do not change what is read,
// every message that is read can be written and read again, and so can every value in both
// encodings.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/hub_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hubtrail::protocol::check_stream(hubtrail::protocol::json_hub_protocol(), data, size);
    return 0;
}
