#include "transport/websocket/frame_header_check.h"

#include <algorithm>
#include <cstring>

#include "transport/frame_header.h"

namespace hubtrail::transport {
namespace {

constexpr std::size_t kBasicBytes = 2;
constexpr std::size_t kMaskBytes = 4;

std::uint8_t opcode_of(FrameOpcode opcode) {
    return static_cast<std::uint8_t>(opcode);
}

}  // namespace

bool FrameHeaderCheck::fill(std::string_view& bytes, std::size_t wanted) {
    const std::size_t count = std::min(wanted - size_, bytes.size());
    std::memcpy(bytes_.data() + size_, bytes.data(), count);
    size_ += count;
    bytes.remove_prefix(count);
    return size_ == wanted;
}

FrameHeaderCheck::State FrameHeaderCheck::feed(std::string_view& bytes, bool in_message) {
    if (size_ < kBasicBytes) {
        if (!fill(bytes, kBasicBytes)) {
            return State::need_more;
        }
        error_ = check_begin(in_message);
        if (!error_.empty()) {
            return State::failed;
        }
    }
    const unsigned length_code = static_cast<unsigned char>(bytes_[1]) & 0x7FU;
    const std::size_t length_end = kBasicBytes + (length_code < 126    ? 0U
                                                  : length_code == 126 ? 2U
                                                                       : 8U);
    if (size_ < length_end || length_end == kBasicBytes) {
        if (size_ < length_end && !fill(bytes, length_end)) {
            return State::need_more;
        }
        error_ = check_length();
        if (!error_.empty()) {
            return State::failed;
        }
    }
    return fill(bytes, length_end + kMaskBytes) ? State::complete : State::need_more;
}

std::string_view FrameHeaderCheck::check_begin(bool in_message) {
    const unsigned first = static_cast<unsigned char>(bytes_[0]);
    const unsigned second = static_cast<unsigned char>(bytes_[1]);
    frame_.opcode = static_cast<std::uint8_t>(first & 0x0FU);
    frame_.fin = (first & 0x80U) != 0;
    if ((first & 0x70U) != 0) {
        return "reserved bit set";
    }
    if ((frame_.opcode & 0x7U) > 2) {
        return "reserved opcode";
    }
    if (frame_.is_control()) {
        if (!frame_.fin) {
            return "fragmented control frame";
        }
        if ((second & 0x7FU) > kControlPayloadBytesMax) {
            return "control frame too long";
        }
    } else if (frame_.opcode == opcode_of(FrameOpcode::continuation) && !in_message) {
        return "continuation of nothing";
    } else if (frame_.opcode != opcode_of(FrameOpcode::continuation) && in_message) {
        return "new message inside a fragmented one";
    }
    if ((second & 0x80U) == 0) {
        return "unmasked frame";
    }
    return {};
}

std::string_view FrameHeaderCheck::check_length() {
    const unsigned code = static_cast<unsigned char>(bytes_[1]) & 0x7FU;
    if (code < 126) {
        frame_.payload_bytes = code;
        return {};
    }
    const std::size_t end = kBasicBytes + (code == 126 ? 2U : 8U);
    std::uint64_t length = 0;
    for (std::size_t i = kBasicBytes; i < end; ++i) {
        length = length << 8U | static_cast<unsigned char>(bytes_[i]);
    }
    frame_.payload_bytes = length;
    if ((length >> 63U) != 0) {
        return "payload length over 63 bits";
    }
    if (length < 126 || (code == 127 && length <= 0xFFFF)) {
        return "payload length not in its shortest form";
    }
    return {};
}

}  // namespace hubtrail::transport
