// Goal: as for JSON; and our scanner takes exactly what msgpack-c's own parser takes.
#include <cstddef>
#include <cstdint>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include "protocol/messagepack_scanner.h"
#include "protocol/utf8.h"
#include "tests/fuzz/hub_stream.h"

namespace hubtrail::protocol {
namespace {

struct LimitVisitor : msgpack::null_visitor {
    std::size_t depth = 0;

    bool visit_str(const char* text, std::uint32_t size) {
        return size == 0 || is_utf8({text, size});
    }
    bool open() { return ++depth <= MessagePackScanner::kMessagePackDepthMax; }
    bool close() { return depth-- > 0; }
    bool start_array(std::uint32_t /*count*/) { return open(); }
    bool start_map(std::uint32_t /*count*/) { return open(); }
    bool end_array() { return close(); }
    bool end_map() { return close(); }
};

std::size_t library_size(std::string_view bytes) {
    std::size_t offset = 0;
    LimitVisitor visitor;
    try {
        return msgpack::parse(bytes.data(), bytes.size(), offset, visitor) ? offset : 0;
    } catch (const msgpack::size_overflow&) {
        return 0;
    }
}

void check_scanner(std::string_view bytes) {
    MessagePackScanner scanner(bytes);
    std::string_view raw;
    const bool good = scanner.skip_value(MessagePackScanner::kMessagePackDepthMax, raw);
    HUBTRAIL_CHECK((good ? raw.size() : 0) == library_size(bytes), "msgpack-c agrees");
    if (good) {
        check_value(messagepack_hub_protocol(), raw);
    }
}

}  // namespace
}  // namespace hubtrail::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hubtrail::protocol;
    check_stream(messagepack_hub_protocol(), data, size);
    check_scanner({reinterpret_cast<const char*>(data), size});
    return 0;
}
