#include "transport/connection.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "transport/frame_header.h"
#include "transport/framing.h"

namespace hubtrail::transport {
namespace {

constexpr std::string_view kLineStart = "data: ";
constexpr std::string_view kLineEnd = "\r\n";

// One event of the reference's formatter: a field for every line of the payload, then an empty
// line.
void append_event(std::string& out, std::string_view payload) {
    while (!payload.empty()) {
        const auto end = payload.find('\n');
        auto line = payload.substr(0, end);
        payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
        if (end != std::string_view::npos && !line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
        }
        out.append(kLineStart).append(line).append(kLineEnd);
    }
    out.append(kLineEnd);
}

// RFC 9112 7.1: the chunk's size is known only when the event is, so it is laid out behind room for
// it.
std::string make_event_chunk(std::string_view payload) {
    std::string event;
    event.reserve(payload.size() + kLineStart.size() + 3 * kLineEnd.size());
    append_event(event, payload);
    std::array<char, 16> size;
    const auto digits = std::to_chars(size.data(), size.data() + size.size(), event.size(), 16);
    std::string chunk;
    chunk.reserve(event.size() + size.size() + 2 * kLineEnd.size());
    chunk.append(size.data(), digits.ptr).append(kLineEnd).append(event).append(kLineEnd);
    return chunk;
}

FrameOpcode opcode_of(Framing framing) {
    return framing == Framing::websocket_binary ? FrameOpcode::binary : FrameOpcode::text;
}

// Calls put(head, body) with the parts of the frame.
template <typename Put>
void frame(Framing framing, std::string_view records, Put&& put) {
    switch (framing) {
        case Framing::websocket_text:
        case Framing::websocket_binary: {
            std::array<char, kFrameHeaderBytesMax> header;
            const auto size = write_frame_header(header.data(), opcode_of(framing), records.size());
            put(std::string_view(header.data(), size), records);
            return;
        }
        case Framing::server_sent_events:
            put(std::string_view(make_event_chunk(records)), std::string_view());
            return;
        case Framing::bare:
            put(records, std::string_view());
            return;
    }
}

}  // namespace

void append_framed(SharedStream& stream, Framing framing, std::string_view record) {
    if (!stream.empty()) {
        frame(framing, record,
              [&](std::string_view head, std::string_view body) { stream.append(head, body); });
    }
}

FrameRef lay_out_framed(OutputScheduler& scheduler, Framing framing, std::string_view record) {
    std::optional<FrameRef> laid_out;
    frame(framing, record, [&](std::string_view head, std::string_view body) {
        laid_out.emplace(scheduler.lay_out(head, body));
    });
    return *laid_out;
}

void send_framed(Outbox& outbox, Framing framing, std::string_view records, std::uint32_t counted) {
    frame(framing, records,
          [&](std::string_view head, std::string_view body) { outbox.send(head, body, counted); });
}

void resend_framed(Outbox& outbox, Framing framing, std::string_view first) {
    frame(framing, first, [&](std::string_view head, std::string_view body) {
        outbox.resend(std::string(head).append(body));
    });
}

std::string_view transport_name(TransportKind kind) {
    static constexpr std::array<std::string_view, 3> kNames = {"WebSockets", "ServerSentEvents",
                                                               "LongPolling"};
    return kNames.at(static_cast<std::size_t>(kind));
}

}  // namespace hubtrail::transport
