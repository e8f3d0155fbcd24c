#pragma once

#include <array>
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

/// Bytes of the whole frame that `frames` begins with; the frame is one of write_frame_header()'s.
inline std::uint64_t frame_bytes(std::string_view frames) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint64_t>(static_cast<unsigned char>(frames[i]));
    };
    if (byte(1) <= 125) {
        return 2 + byte(1);
    }
    const std::size_t head = byte(1) == 126 ? 4 : 10;
    std::uint64_t size = 0;
    for (std::size_t i = 2; i < head; ++i) {
        size = size << 8U | byte(i);
    }
    return head + size;
}

/// Appends a whole frame. Payloads of control frames are at most kControlPayloadBytesMax bytes.
inline void append_frame(std::string& out, FrameOpcode opcode, std::string_view payload) {
    std::array<char, kFrameHeaderBytesMax> header;
    out.append(header.data(), write_frame_header(header.data(), opcode, payload.size()));
    out.append(payload);
}

/// Appends a close frame. `reason` is UTF-8; the caller keeps it to kCloseReasonBytesMax bytes.
inline void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason = {}) {
    std::array<char, kFrameHeaderBytesMax> header;
    out.append(header.data(),
               write_frame_header(header.data(), FrameOpcode::close, reason.size() + 2));
    out.push_back(static_cast<char>(code >> 8U));
    out.push_back(static_cast<char>(code & 0xFFU));
    out.append(reason);
}

}  // namespace hubtrail::transport
