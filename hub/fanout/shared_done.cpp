#include "hub/fanout/shared_done.h"

namespace hubtrail::hub {

SharedDone::~SharedDone() {
    if (!done_ || !open_->load(std::memory_order_acquire)) {
        return;
    }
    std::string error;
    {
        const MutexLock lock(mutex_);
        error.swap(error_);
    }
    if (from_ == nullptr) {
        done_(error);
        return;
    }
    from_->post([done = std::move(done_), error = std::move(error)] { done(error); });
}

void SharedDone::fail(std::string_view error) {
    const MutexLock lock(mutex_);
    if (error_.empty()) {
        error_.assign(error);
    }
}

void SharedDone::finish_now() {
    const auto done = std::exchange(done_, nullptr);
    std::string error;
    {
        const MutexLock lock(mutex_);
        error.swap(error_);
    }
    if (done) {
        done(error);
    }
}

}  // namespace hubtrail::hub
