#include "hub/code/upload.h"

#include "base/check.h"

namespace hubtrail::hub {

UploadWait::~UploadWait() {
    if (wake_) {
        wake_->forget();
    }
}

bool UploadWait::ready() {
    step_ = stream_->next(raw_);
    return step_ != UploadStream::Next::wait;
}

void UploadWait::suspend(CallScope& scope, std::coroutine_handle<> handle) {
    wake_ = std::make_shared<Wake>(scope.loop());
    wake_->wait(handle);
    stream_->on_ready([wake = wake_] { Wake::post(wake); });
}

const std::string* UploadWait::take() {
    if (step_ == UploadStream::Next::wait) {
        HUBTRAIL_CHECK(ready(), "an upload that called has an item, or has ended");
    }
    if (step_ == UploadStream::Next::item) {
        return &raw_;
    }
    if (stream_->abandoned()) {
        throw OperationCanceledException(stream_->error());
    }
    if (stream_->failed()) {
        throw HubException(stream_->error());
    }
    return nullptr;
}

void UploadWait::throw_unreadable(const std::type_info& type, const char* problem,
                                  bool binary) const {
    std::string text = "Failed to bind Stream message.";
    if (stream_->detailed()) {
        const auto name = reference_type_name(type);
        text += binary ? " InvalidDataException: Deserializing object of the `" + name +
                             "` type for 'item' failed."
                       : " JsonException: The JSON value could not be converted to " + name + ": " +
                             (problem != nullptr ? problem : "it is not one") + ".";
    }
    throw HubException(text);
}

}  // namespace hubtrail::hub
