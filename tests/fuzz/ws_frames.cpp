// Goal: no bytes crash the decoder or pass a limit, the cuts of the bytes do not change the events,
// and a decoder that was reset is like a new one.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "transport/utf8_stream.h"
#include "transport/websocket/hybi_frame_decoder.h"

namespace hubtrail::transport {
namespace {

using Kind = FrameDecoder::Event::Kind;

constexpr FrameDecoderLimits kLimits{600, 4};

void check_event(const FrameDecoder::Event& event) {
    Utf8Stream utf8;
    switch (event.kind) {
        case Kind::text:
            HUBTRAIL_CHECK(utf8.feed(event.payload) && utf8.complete(), "text is UTF-8");
            [[fallthrough]];
        case Kind::binary:
            HUBTRAIL_CHECK(event.payload.size() <= kLimits.message_bytes_max, "message limit");
            break;
        case Kind::ping:
        case Kind::pong:
            HUBTRAIL_CHECK(event.payload.size() <= 125, "control limit");
            break;
        case Kind::close:
            HUBTRAIL_CHECK(utf8.feed(event.reason) && utf8.complete(), "reason is UTF-8");
            break;
        case Kind::error:
            HUBTRAIL_CHECK(event.close_code >= 1002 && !event.reason.empty(), "error");
            break;
        case Kind::none:
            break;
    }
}

// Pieces of `step` bytes; 0: all at once.
std::string run(FrameDecoder& decoder, std::string_view bytes, std::size_t step) {
    std::string events;
    while (!bytes.empty()) {
        std::string_view piece = bytes.substr(0, step == 0 ? bytes.size() : step);
        bytes.remove_prefix(piece.size());
        for (;;) {
            const auto event = decoder.decode(piece);
            check_event(event);
            if (event.kind == Kind::none) {
                break;
            }
            events += std::to_string(static_cast<int>(event.kind)) + ':' +
                      std::to_string(event.close_code) + ':';
            events.append(event.payload).append(event.reason).push_back('\n');
        }
        HUBTRAIL_CHECK(piece.empty(), "none means all was taken");
    }
    return events + (decoder.at_frame_boundary() ? '|' : '-');
}

}  // namespace
}  // namespace hubtrail::transport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hubtrail::transport;
    if (size == 0) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto decoder = make_frame_decoder(kLimits);
    const auto whole = run(*decoder, bytes, 0);
    decoder->reset();
    HUBTRAIL_CHECK(run(*decoder, bytes, 1) == whole, "byte by byte as in one piece");
    decoder->reset();
    HUBTRAIL_CHECK(run(*decoder, bytes, 2U + data[0]) == whole, "in pieces as in one piece");
    return 0;
}
