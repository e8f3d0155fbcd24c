#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "transport/socket.h"

namespace hubtrail::transport {

/// Both ends of a connection as the test sees them; outlives the server's socket. Thread: strand.
struct Wire {
    std::string incoming;                                 ///< from the client, not yet read
    std::string sent;                                     ///< to the client
    std::size_t room = static_cast<std::size_t>(-1) / 2;  ///< bytes that may still be written
    bool ended = false;                                   ///< the client has ended its side
    bool vanished = false;                                ///< the connection is broken
    bool wants_read = true;
    bool wants_write = false;
    bool sending_ended = false;      ///< the server has ended its side
    bool gone = false;               ///< the server's socket is closed
    SocketEvents* events = nullptr;  ///< none while it changes loops
    Loop* loop = nullptr;            ///< that it moved to; null before

    /// What a level-triggered loop would tell the server now; false: nothing.
    bool poke() {
        if (gone || events == nullptr) {
            return false;
        }
        const bool readable = vanished || (wants_read && (!incoming.empty() || ended));
        const bool writable = wants_write && room > 0;
        if (writable) {
            events->on_writable();
        }
        if (readable) {
            events->on_readable();
        }
        return readable || writable;
    }
};

/// The server's end. Thread: strand.
class WireSocket final : public Socket {
public:
    explicit WireSocket(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}
    ~WireSocket() override { wire_->gone = true; }

    bool start(SocketEvents& events) override {
        wire_->events = &events;
        return true;
    }
    IoResult read(char* into, std::size_t bytes_max) override {
        if (!wire_->vanished && !wire_->incoming.empty()) {
            const auto count = wire_->incoming.copy(into, bytes_max);
            wire_->incoming.erase(0, count);
            return {IoResult::Kind::done, count};
        }
        const bool closed = wire_->vanished || wire_->ended;
        return {closed ? IoResult::Kind::closed : IoResult::Kind::would_block, 0};
    }
    IoResult write(const std::string_view* slices, std::size_t count) override {
        if (wire_->vanished) {
            return {IoResult::Kind::closed, 0};
        }
        std::size_t moved = 0;
        for (std::size_t i = 0; i < count && wire_->room > 0; ++i) {
            const auto part = slices[i].substr(0, wire_->room);
            wire_->sent.append(part);
            wire_->room -= part.size();
            moved += part.size();
        }
        return {moved == 0 ? IoResult::Kind::would_block : IoResult::Kind::done, moved};
    }
    void want(bool read, bool write) override {
        wire_->wants_read = read;
        wire_->wants_write = write;
    }
    void shutdown_send() override { wire_->sending_ended = true; }
    std::string peer_address() const override { return "127.0.0.1:1"; }
    std::string local_address() const override { return "127.0.0.1:2"; }
    void detach() override { wire_->events = nullptr; }
    void attach(Loop& loop) override {
        wire_->loop = &loop;
        wire_->wants_read = true;
        wire_->wants_write = false;
    }

private:
    std::shared_ptr<Wire> wire_;
};

}  // namespace hubtrail::transport
