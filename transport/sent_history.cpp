#include "transport/sent_history.h"

#include <utility>

#include "transport/frame_header.h"

namespace hubtrail::transport {

void SentHistory::add(std::string_view bytes, std::uint32_t messages, Layout layout) {
    used_ = true;
    buffer_.append(bytes);
    end_ += messages;
    const Entry entry = {static_cast<std::uint32_t>(bytes.size()), messages,
                         messages == 1 ? Layout::frames : layout};
    if (!empty() && entry.layout == Layout::frames && entries_.back().layout == Layout::frames) {
        entries_.back().bytes += entry.bytes;
        entries_.back().messages += entry.messages;
    } else {
        entries_.push_back(entry);
    }
}

void SentHistory::acknowledge(std::int64_t id) {
    while (!empty()) {
        auto& entry = entries_[first_];
        const auto had =
            id - begin_ + 1;  // messages of this entry and later ones that the peer has
        if (had < entry.messages) {
            if (had > 0 && entry.layout == Layout::frames) {
                drop_frames(entry, had);
            }
            break;
        }
        begin_ += entry.messages;
        dropped_ += entry.bytes;
        ++first_;
    }
    forget_dropped();
}

void SentHistory::on_second() {
    if (!std::exchange(used_, false) && empty()) {
        std::string().swap(buffer_);
        std::vector<Entry>().swap(entries_);
    }
}

void SentHistory::drop_frames(Entry& entry, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
        const auto bytes = static_cast<std::uint32_t>(frame_bytes(kept()));
        dropped_ += bytes;
        entry.bytes -= bytes;
    }
    entry.messages -= static_cast<std::uint32_t>(count);
    begin_ += count;
}

void SentHistory::forget_dropped() {
    if (first_ * 2 >= entries_.size()) {
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    if (dropped_ == buffer_.size()) {
        dropped_ = 0;
        buffer_.clear();
    } else if (dropped_ > buffer_.size() / 2) {
        buffer_.erase(0, dropped_);
        dropped_ = 0;
    }
}

}  // namespace hubtrail::transport
