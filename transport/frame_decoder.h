#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hubtrail::transport {

inline constexpr std::size_t kMessageBytesMax = 32 * 1024;  ///< default; over it: 1009
inline constexpr std::size_t kFragmentsPerMessageMax =
    1024;  ///< default, frames of one message; over it: 1008

// Close codes that a decoder asks for (RFC 6455 7.4.1).
inline constexpr std::uint16_t kCloseProtocolError = 1002;
inline constexpr std::uint16_t kCloseNoStatus =
    1005;  ///< the peer's close frame was empty; never sent
inline constexpr std::uint16_t kCloseBadPayload = 1007;
inline constexpr std::uint16_t kClosePolicy = 1008;
inline constexpr std::uint16_t kCloseTooBig = 1009;

struct FrameDecoderLimits {
    std::size_t message_bytes_max = kMessageBytesMax;
    std::size_t fragments_max = kFragmentsPerMessageMax;

    // By hand: the decoder is C++17.
    bool operator==(const FrameDecoderLimits& other) const {
        return message_bytes_max == other.message_bytes_max && fragments_max == other.fragments_max;
    }
};

/// A client's WebSocket frames in, whole messages and control frames out (RFC 6455 5). Pure: bytes
/// in, values out. Whatever the cuts of the bytes, the events are the same. Between messages
/// (at_frame_boundary()) a decoder holds nothing of its peer, so that one decoder can serve all
/// connections of a loop, and only a peer in the middle of a message needs its own. Thread: strand.
class FrameDecoder {
public:
    struct Event {
        enum class Kind : std::uint8_t {
            none,    ///< all bytes were consumed, more are needed
            text,    ///< `payload` is a whole message of valid UTF-8
            binary,  ///< `payload` is a whole message
            ping,    ///< answer with a pong of the same payload; may come between fragments
            pong,
            close,  ///< answer with a close frame; later bytes are swallowed until reset()
            error,  ///< send a close frame with close_code and end; later bytes are swallowed until
                    ///< reset()
        };
        Kind kind = Kind::none;
        std::uint16_t close_code = 0;  ///< of close (kCloseNoStatus: the frame was empty) and error
        std::string_view payload;      ///< of text, binary, ping, pong; dies at the next call
        std::string_view
            reason;  ///< close: the peer's, valid UTF-8, dies at the next call; error: ours, static
    };

    virtual ~FrameDecoder() = default;

    /// Consumes from the front of `bytes` and returns at most one event; call until `none`.
    virtual Event decode(std::string_view& bytes) = 0;
    /// Nothing is buffered: no part of a frame and no fragments of a message.
    virtual bool at_frame_boundary() const = 0;
    /// Forgets everything; ready for another connection.
    virtual void reset() = 0;
};

}  // namespace hubtrail::transport
