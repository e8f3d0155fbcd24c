#include "hub/connection/upload_stream.h"

#include "hub/connection/record_input.h"

namespace hubtrail::hub {

UploadStream::UploadStream(RecordInput& input, std::string id, std::size_t capacity, bool detailed)
    : input_(&input), id_(std::move(id)), capacity_(capacity), detailed_(detailed) {}

UploadStream::Next UploadStream::next(std::string& raw_item) {
    if (items_.empty()) {
        return end_ != End::none ? Next::end : Next::wait;
    }
    const bool was_full = full();
    raw_item = std::move(items_.front());
    items_.pop_front();
    if (was_full && input_ != nullptr) {
        input_->pump_later();
    }
    return Next::item;
}

void UploadStream::push(std::string_view raw_item) {
    items_.emplace_back(raw_item);
    tell();
}

void UploadStream::end(End end, std::string error) {
    end_ = end;
    error_ = std::move(error);
    tell();
}

void UploadStream::tell() {
    if (const auto ready = std::exchange(ready_, nullptr)) {
        ready();
    }
}

}  // namespace hubtrail::hub
