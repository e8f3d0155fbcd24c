#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hubtrail::transport {

/// RFC 6455 5.2. The values are those on the wire.
enum class FrameOpcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

inline constexpr std::size_t kFrameHeaderBytesMax = 10;  ///< a server's header: no mask
inline constexpr std::size_t kControlPayloadBytesMax = 125;
inline constexpr std::size_t kCloseReasonBytesMax = 123;  ///< after the two bytes of the code

/// Bytes that the header of a server frame takes: 2, 4 or 10.
constexpr std::size_t frame_header_bytes(std::uint64_t payload_bytes) {
    return payload_bytes <= 125 ? 2U : payload_bytes <= 0xFFFF ? 4U : 10U;
}

/// Writes the header of one whole (unfragmented, unmasked) frame to `out`, which has room for
/// kFrameHeaderBytesMax bytes. Returns the bytes written.
inline std::size_t write_frame_header(char* out, FrameOpcode opcode, std::uint64_t payload_bytes) {
    const std::size_t size = frame_header_bytes(payload_bytes);
    out[0] = static_cast<char>(0x80U | static_cast<unsigned>(opcode));
    if (size == 2) {
        out[1] = static_cast<char>(payload_bytes);
        return size;
    }
    out[1] = static_cast<char>(size == 4 ? 126 : 127);
    for (std::size_t i = size; i > 2; --i) {
        out[i - 1] = static_cast<char>(payload_bytes & 0xFFU);
        payload_bytes >>= 8U;
    }
    return size;
}

/// Appends a whole frame. Payloads of control frames are at most kControlPayloadBytesMax bytes.
inline void append_frame(std::string& out, FrameOpcode opcode, std::string_view payload) {
    char header[kFrameHeaderBytesMax];
    out.append(header, write_frame_header(header, opcode, payload.size()));
    out.append(payload);
}

/// Appends a close frame. `reason` is UTF-8; the caller keeps it to kCloseReasonBytesMax bytes.
inline void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason = {}) {
    char header[kFrameHeaderBytesMax];
    out.append(header, write_frame_header(header, FrameOpcode::close, reason.size() + 2));
    out.push_back(static_cast<char>(code >> 8U));
    out.push_back(static_cast<char>(code & 0xFFU));
    out.append(reason);
}

}  // namespace hubtrail::transport
