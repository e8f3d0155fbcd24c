#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "transport/socket.h"

namespace hubtrail::transport {

/// A socket whose peer reads as much as the test allows. Thread: strand.
class FakeSocket final : public Socket {
public:
    bool start(SocketEvents& events) override {
        events_ = &events;
        return true;
    }

    IoResult read(char* into, std::size_t bytes_max) override {
        if (closed_) {
            return {IoResult::Kind::closed, 0};
        }
        if (incoming.empty()) {
            return {IoResult::Kind::would_block, 0};
        }
        const auto count = incoming.copy(into, bytes_max);
        incoming.erase(0, count);
        return {IoResult::Kind::done, count};
    }

    IoResult write(const std::string_view* slices, std::size_t count) override {
        ++writes;
        if (closed_) {
            return {IoResult::Kind::closed, 0};
        }
        std::size_t sent = 0;
        for (std::size_t i = 0; i < count && room > 0; ++i) {
            const auto part = slices[i].substr(0, room);
            sent_bytes.append(part);
            room -= part.size();
            sent += part.size();
        }
        return sent == 0 ? IoResult{IoResult::Kind::would_block, 0}
                         : IoResult{IoResult::Kind::done, sent};
    }

    void want(bool read, bool write) override {
        wants_read = read;
        wants_write = write;
    }
    void shutdown_send() override { sending_ended = true; }
    std::string peer_address() const override { return "127.0.0.1:1"; }
    std::string local_address() const override { return "127.0.0.1:2"; }
    void detach() override { events_ = nullptr; }
    void attach(Loop&) override {}

    /// From now on every read and write finds the peer gone.
    void vanish() { closed_ = true; }

    static constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1) / 2;
    std::size_t room = kUnlimited;  ///< bytes that may still be written
    std::string incoming;           ///< what read() hands out
    std::string sent_bytes;
    int writes = 0;
    bool wants_read = true;
    bool wants_write = false;
    bool sending_ended = false;

private:
    SocketEvents* events_ = nullptr;
    bool closed_ = false;
};

}  // namespace hubtrail::transport
