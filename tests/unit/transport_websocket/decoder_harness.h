#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transport/websocket/hybi_frame_decoder.h"

namespace hubtrail::transport {

inline constexpr std::string_view kTestMask = "\x9A\x02\xF1\x6C";

/// A client frame with any header: `first` is FIN, RSV and opcode; `length_bytes` 0, 2 or 8 forces
/// the form.
inline std::string frame_with(unsigned first, std::string_view payload, unsigned length_bytes,
                              std::string_view mask = kTestMask) {
    std::string out(1, static_cast<char>(first));
    const std::uint64_t size = payload.size();
    const unsigned code = length_bytes == 0   ? static_cast<unsigned>(size)
                          : length_bytes == 2 ? 126
                                              : 127;
    out.push_back(static_cast<char>((mask.empty() ? 0U : 0x80U) | code));
    for (unsigned i = length_bytes; i > 0; --i) {
        out.push_back(static_cast<char>((size >> (8 * (i - 1))) & 0xFFU));
    }
    out.append(mask);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        out.push_back(mask.empty() ? payload[i] : static_cast<char>(payload[i] ^ mask[i % 4]));
    }
    return out;
}

/// The same with the shortest length.
inline std::string frame(unsigned first, std::string_view payload,
                         std::string_view mask = kTestMask) {
    return frame_with(first, payload,
                      payload.size() < 126       ? 0
                      : payload.size() <= 0xFFFF ? 2
                                                 : 8,
                      mask);
}

inline std::string close_payload(unsigned code, std::string_view reason = {}) {
    std::string out{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    return out.append(reason);
}

inline std::string shown(std::string_view payload) {
    if (payload.size() <= 40) {
        return std::string(payload);
    }
    return std::string(payload.substr(0, 8)) + "..." + std::to_string(payload.size());
}

inline std::string describe(const FrameDecoder::Event& event) {
    using Kind = FrameDecoder::Event::Kind;
    switch (event.kind) {
        case Kind::none:
            return "none";
        case Kind::text:
            return "text:" + shown(event.payload);
        case Kind::binary:
            return "binary:" + shown(event.payload);
        case Kind::ping:
            return "ping:" + shown(event.payload);
        case Kind::pong:
            return "pong:" + shown(event.payload);
        case Kind::close:
            return "close:" + std::to_string(event.close_code) + ":" + std::string(event.reason);
        case Kind::error:
            return "error:" + std::to_string(event.close_code) + ":" + std::string(event.reason);
    }
    return "?";
}

/// All events of the pieces, each followed by a space; `|` when the decoder ends between messages.
inline std::string run_decoder(const std::vector<std::string_view>& pieces,
                               const FrameDecoderLimits& limits = {}) {
    const auto decoder = make_frame_decoder(limits);
    std::string events;
    for (std::string_view piece : pieces) {
        for (;;) {
            const auto event = decoder->decode(piece);
            if (event.kind == FrameDecoder::Event::Kind::none) {
                break;
            }
            events += describe(event) + " ";
        }
        if (!piece.empty()) {
            return events + "LEFT";
        }
    }
    return decoder->at_frame_boundary() ? events + "|" : events;
}

inline std::vector<std::string_view> bytewise(std::string_view bytes) {
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        pieces.push_back(bytes.substr(i, 1));
    }
    return pieces;
}

/// The first cut into two with other events than `expected`, or npos. Long streams: every cut near
/// the ends.
inline std::size_t first_bad_cut(std::string_view bytes, const std::string& expected,
                                 const FrameDecoderLimits& limits = {}) {
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const bool middle = cut > 400 && cut + 60 < bytes.size();
        if (middle && cut % 1009 != 0) {
            continue;
        }
        if (run_decoder({bytes.substr(0, cut), bytes.substr(cut)}, limits) != expected) {
            return cut;
        }
    }
    return std::string_view::npos;
}

}  // namespace hubtrail::transport
