#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/fake_loop.h"
#include "tests/support/fake_socket.h"
#include "transport/connection.h"
#include "transport/framing.h"

namespace hubtrail::transport {

/// A connection over a real outbox and a fake socket; what was sent can be taken apart again.
/// Thread: strand.
class FakeConnection final : public Connection, public OutboxOwner {
public:
    FakeConnection(OutputScheduler& scheduler, Loop& loop)
        : loop_(loop), outbox_(scheduler, socket, *this) {}

    void send(std::string_view records, std::uint32_t counted) override {
        if (gone) {
            ++sent_after_end;
            return;
        }
        counted_total += counted;
        send_framed(outbox_, framing(), records, counted);
    }
    Framing framing() const override {
        switch (kind) {
            case TransportKind::server_sent_events:
                return Framing::server_sent_events;
            case TransportKind::long_polling:
                return Framing::bare;
            case TransportKind::web_sockets:
                break;
        }
        return format == TransferFormat::binary ? Framing::websocket_binary
                                                : Framing::websocket_text;
    }
    Outbox& outbox() override { return outbox_; }
    Loop& loop() override { return loop_; }
    TransportKind transport() const override { return kind; }
    bool supports(TransferFormat asked) const override {
        return asked == TransferFormat::text || kind != TransportKind::server_sent_events;
    }
    void set_transfer_format(TransferFormat chosen) override { format = chosen; }
    bool has_inherent_keep_alive() const override { return kind == TransportKind::long_polling; }
    void pause_reading() override { paused = true; }
    void resume_reading() override { paused = false; }
    void close() override { closed = true; }
    void abort(CloseReason reason) override {
        if (!std::exchange(aborted, true) && handler != nullptr) {
            handler->on_close(reason);
        }
    }
    bool resumable() const override { return can_resume; }
    void refuse_resume() override {
        can_resume = false;
        ++refusals;
    }

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

    /// What reached the peer in whole frames, without the framing.
    std::string payload() const {
        std::string_view bytes = socket.sent_bytes;
        if (kind == TransportKind::long_polling) {
            return std::string(bytes);
        }
        std::string text;
        while (!bytes.empty()) {
            const auto size = kind == TransportKind::web_sockets ? take_frame(bytes, text)
                                                                 : take_chunk(bytes, text);
            if (size == 0) {
                break;
            }
            bytes.remove_prefix(size);
        }
        return text;
    }

    /// The whole records of it that end with the separator of JSON, without it.
    std::vector<std::string> records() const {
        const auto text = payload();
        std::vector<std::string> list;
        std::size_t begin = 0;
        for (auto end = text.find('\x1e'); end != std::string::npos;
             end = text.find('\x1e', begin)) {
            list.push_back(text.substr(begin, end - begin));
            begin = end + 1;
        }
        return list;
    }

    /// The peer comes back on a new socket: what it got before is not seen again.
    void begin_anew() {
        socket.sent_bytes.clear();
        let_read(FakeSocket::kUnlimited);
    }

    FakeSocket socket;
    ConnectionHandler* handler = nullptr;
    bool paused = false;
    bool closed = false;
    bool aborted = false;
    bool gone = false;  ///< set by the test: from now on send() is a mistake
    int sent_after_end = 0;
    TransportKind kind = TransportKind::web_sockets;
    TransferFormat format = TransferFormat::text;
    bool can_resume = false;
    int refusals = 0;
    std::uint64_t counted_total = 0;

private:
    // Both: how many bytes the first frame takes; 0: it is not whole yet.
    static std::size_t take_frame(std::string_view bytes, std::string& text) {
        if (bytes.size() < 2) {
            return 0;
        }
        std::size_t size = static_cast<unsigned char>(bytes[1]);
        const std::size_t head = size < 126 ? 2 : size == 126 ? 4 : 10;
        if (bytes.size() < head) {
            return 0;
        }
        if (head > 2) {
            size = 0;
            for (std::size_t i = 2; i < head; ++i) {
                size = size << 8U | static_cast<unsigned char>(bytes[i]);
            }
        }
        if (bytes.size() < head + size) {
            return 0;
        }
        text += bytes.substr(head, size);
        return head + size;
    }
    static std::size_t take_chunk(std::string_view bytes, std::string& text) {
        const auto line = bytes.find("\r\n");
        if (line == std::string_view::npos) {
            return 0;
        }
        const auto size = std::stoul(std::string(bytes.substr(0, line)), nullptr, 16);
        if (bytes.size() < line + 2 + size + 2) {
            return 0;
        }
        auto event = bytes.substr(line + 2, size);
        for (auto end = event.find("\r\n"); end != std::string_view::npos;
             end = event.find("\r\n")) {
            const auto field = event.substr(0, end);
            text += field.substr(
                std::min<std::size_t>(field.size(), std::string_view("data: ").size()));
            event.remove_prefix(end + 2);
        }
        return line + 2 + size + 2;
    }

    Loop& loop_;
    Outbox outbox_;
};

}  // namespace hubtrail::transport
