#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hubtrail::transport {

/// What a peer was sent and has not acknowledged yet (HubProtocol.md, stateful reconnect). A copy:
/// references would keep a whole segment alive for the smallest message of a peer that acknowledges
/// late. Ids count messages from 1. Thread: strand.
class SentHistory {
public:
    explicit SentHistory(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    enum class Layout : std::uint8_t {
        frames,  ///< one message a WebSocket frame
        one,     ///< all messages in one frame: acknowledged together
    };
    void add(std::string_view bytes, std::uint32_t messages, Layout layout);
    /// The peer has everything up to this id. An id that was never sent counts as the last one.
    void acknowledge(std::int64_t id);
    /// Once a second. Gives back the memory of a history that is empty and was not used since the
    /// last time: a busy peer acknowledges once a second, and fresh memory costs more than the
    /// copy.
    void on_second();

    /// Id of the oldest message that is kept, or of the next one.
    std::int64_t begin() const { return begin_; }
    std::int64_t end() const { return end_; }  ///< id of the next message
    /// Whole frames, oldest first.
    std::string_view kept() const { return std::string_view(buffer_).substr(dropped_); }
    /// Bytes that it takes, whatever it keeps.
    std::size_t capacity() const { return buffer_.capacity(); }
    std::size_t bytes() const { return buffer_.size() - dropped_; }
    bool over() const { return bytes() > bytes_max_; }

private:
    struct Entry {
        std::uint32_t bytes;
        std::uint32_t messages;
        Layout layout;
    };
    bool empty() const { return first_ == entries_.size(); }
    void drop_frames(Entry& entry, std::int64_t count);
    void forget_dropped();

    const std::size_t bytes_max_;
    std::string buffer_;
    std::size_t dropped_ = 0;     ///< of the buffer's front: acknowledged
    std::vector<Entry> entries_;  ///< neighbours with a frame for each message are one
    bool used_ = false;           ///< since the last second
    std::size_t first_ = 0;       ///< entries before it are acknowledged
    std::int64_t begin_ = 1;
    std::int64_t end_ = 1;
};

}  // namespace hubtrail::transport
