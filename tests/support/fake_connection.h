#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fake_loop.h"
#include "tests/support/fake_socket.h"
#include "transport/connection.h"
#include "transport/frame_header.h"

namespace hubtrail::transport {

/// A connection over a real outbox and a fake socket; what was sent can be taken apart again.
/// Thread: strand.
class FakeConnection final : public Connection, public OutboxOwner {
public:
    FakeConnection(OutputScheduler& scheduler, FakeLoop& loop)
        : loop_(loop), outbox_(scheduler, socket, *this) {}

    void send(std::string_view records) override {
        std::array<char, kFrameHeaderBytesMax> header;
        outbox_.send({header.data(), write_frame_header(header.data(), FrameOpcode::text, records.size())},
                     records);
    }
    Framing framing() const override { return Framing::websocket_text; }
    Outbox& outbox() override { return outbox_; }
    Loop& loop() override { return loop_; }
    void pause_reading() override { paused = true; }
    void resume_reading() override { paused = false; }
    void close() override { closed = true; }
    void abort(CloseReason) override { aborted = true; }

    void on_blocked() override { socket.want(true, true); }
    void on_congested() override {
        if (handler != nullptr) {
            handler->on_congested();
        }
    }
    void on_drained() override {
        if (handler != nullptr) {
            handler->on_drained();
        }
    }
    void on_flushed() override {}
    void on_write_failed() override {}

    /// Lets the peer read so many bytes more; takes effect in the next turn.
    void let_read(std::size_t bytes) {
        socket.room = bytes;
        if (outbox_.blocked()) {
            outbox_.on_writable(true);
        }
    }

    /// The whole records that reached the peer so far, without their separators.
    std::vector<std::string> records() const {
        std::string text;
        std::string_view bytes = socket.sent_bytes;
        while (bytes.size() >= 2) {
            std::size_t size = static_cast<unsigned char>(bytes[1]);
            const std::size_t head = size < 126 ? 2 : size == 126 ? 4 : 10;
            if (bytes.size() < head) {
                break;
            }
            if (head > 2) {
                size = 0;
                for (std::size_t i = 2; i < head; ++i) {
                    size = size << 8U | static_cast<unsigned char>(bytes[i]);
                }
            }
            if (bytes.size() < head + size) {
                break;
            }
            text += bytes.substr(head, size);
            bytes.remove_prefix(head + size);
        }
        std::vector<std::string> list;
        std::size_t begin = 0;
        for (auto end = text.find('\x1e'); end != std::string::npos; end = text.find('\x1e', begin)) {
            list.push_back(text.substr(begin, end - begin));
            begin = end + 1;
        }
        return list;
    }

    FakeSocket socket;
    ConnectionHandler* handler = nullptr;
    bool paused = false;
    bool closed = false;
    bool aborted = false;

private:
    FakeLoop& loop_;
    Outbox outbox_;
};

}  // namespace hubtrail::transport
