#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "transport/frame_decoder.h"

namespace hubtrail::transport {

/// One client frame's header, checked against RFC 6455 5.2 to 5.5 before the codec sees it.
struct ClientFrame {
    std::uint8_t opcode = 0;
    bool fin = false;
    std::uint64_t payload_bytes = 0;

    bool is_control() const { return (opcode & 0x8U) != 0; }
};

/// Collects a header of 6 to 14 bytes and refuses at the first byte that makes it wrong.
/// Thread: strand.
class FrameHeaderCheck {
public:
    enum class State { need_more, complete, failed };

    /// Takes header bytes from the front of `bytes`. `in_message`: a fragmented message is open.
    State feed(std::string_view& bytes, bool in_message);

    const ClientFrame& frame() const { return frame_; }
    std::string_view error() const { return error_; }
    /// The header as it came.
    const std::array<char, 14>& bytes() const { return bytes_; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    /// Ready for the next header.
    void next() { size_ = 0; }

private:
    std::string_view check_begin(bool in_message);
    std::string_view check_length();
    bool fill(std::string_view& bytes, std::size_t wanted);

    std::array<char, 14> bytes_{};
    std::size_t size_ = 0;
    ClientFrame frame_;
    std::string_view error_;
};

}  // namespace hubtrail::transport
