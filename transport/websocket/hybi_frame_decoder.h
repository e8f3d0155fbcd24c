#pragma once

#include <memory>

#include "transport/frame_decoder.h"

namespace hubtrail::transport {

/// websocketpp's frame processor behind our own header check. At most limits.message_bytes_max and
/// one control frame of payload are held, whatever lengths are announced. Thread: strand.
std::unique_ptr<FrameDecoder> make_frame_decoder(const FrameDecoderLimits& limits = {});

}  // namespace hubtrail::transport
