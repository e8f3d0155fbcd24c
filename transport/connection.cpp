#include "transport/connection.h"

#include <array>

#include "transport/frame_header.h"

namespace hubtrail::transport {

void append_framed(SharedStream& stream, Framing framing, std::string_view record) {
    switch (framing) {
        case Framing::websocket_text: {
            std::array<char, kFrameHeaderBytesMax> header;
            const auto size = write_frame_header(header.data(), FrameOpcode::text, record.size());
            stream.append({header.data(), size}, record);
            return;
        }
    }
}

}  // namespace hubtrail::transport
