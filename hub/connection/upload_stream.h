#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace hubtrail::hub {

class RecordInput;

/// Items that a client streams to a hub method (HubProtocol.md "Upload streaming"): a queue of raw
/// values of at most HubOptions::stream_buffer_capacity. While it is full the connection reads no
/// further. Thread: strand, of the connection. May outlive the connection; then it has ended.
class UploadStream {
public:
    /// `detailed`: see HubOptions::detailed_errors.
    UploadStream(RecordInput& input, std::string id, std::size_t capacity, bool detailed);

    enum class Next { item, wait, end };
    /// Takes the oldest item. `wait`: call again after on_ready. `end`: see error().
    Next next(std::string& raw_item);
    /// Called once per `wait`, when there is an item or the end. Replaces the one before.
    void on_ready(std::function<void()> ready) { ready_ = std::move(ready); }
    /// Empty: the client completed it. Otherwise the client's error, or that the connection is
    /// gone.
    const std::string& error() const { return error_; }
    bool failed() const { return end_ == End::failed; }
    bool abandoned() const { return end_ == End::abandoned; }
    bool detailed() const { return detailed_; }
    const std::string& id() const { return id_; }

    // For the connection.
    bool full() const { return items_.size() >= capacity_; }
    void push(std::string_view raw_item);
    void finish() { end(End::finished, {}); }
    void fail(std::string error) { end(End::failed, std::move(error)); }
    /// The client is gone, so that there will be no end from it.
    void abandon(std::string error) { end(End::abandoned, std::move(error)); }
    /// Nothing more comes: who reads it makes no room for anybody.
    void detach() { input_ = nullptr; }

private:
    enum class End { none, finished, failed, abandoned };
    void end(End end, std::string error);
    void tell();

    RecordInput* input_;
    const std::string id_;
    const std::size_t capacity_;
    const bool detailed_;
    std::deque<std::string> items_;
    std::function<void()> ready_;
    std::string error_;
    End end_ = End::none;
};

}  // namespace hubtrail::hub
