#include "storage/append_queue.h"

#include <algorithm>
#include <utility>

namespace hubtrail::storage {

std::size_t bytes_of(const protocol::NewEvent& event) {
    return event.id.size() + event.stream.size() + event.type.size() + event.site_id.size() +
           event.user_id.size() + event.body.size() + event.path.size() + event.old_path.size() +
           event.actor_client_id.size() + event.actor_device_id.size();
}

bool AppendQueue::push(AppendJob&& job) {
    std::size_t bytes = 0;
    for (const auto& event : job.request.events) {
        bytes += bytes_of(event);
    }
    const std::size_t events = std::max<std::size_t>(job.request.events.size(), 1);
    return push_waiting({std::move(job), events, bytes});
}

bool AppendQueue::push(HeadJob&& job) {
    return push_waiting({std::move(job), 1, 0});
}

bool AppendQueue::push_waiting(Waiting&& waiting) {
    bool wake = false;
    {
        const MutexLock lock(mutex_);
        if (stopped_ || events_ + waiting.events > kAppendQueueEventsMax ||
            bytes_ + waiting.bytes > kAppendQueueBytesMax) {
            return false;
        }
        events_ += waiting.events;
        bytes_ += waiting.bytes;
        waiting_.push_back(std::move(waiting));
        wake = std::exchange(sleeping_, false);
    }
    // A wake-up is a system call; at a high rate the writer is at work and finds the job by itself.
    if (wake) {
        wake_.notify_one();
    }
    return true;
}

void AppendQueue::stop() {
    {
        const MutexLock lock(mutex_);
        stopped_ = true;
    }
    wake_.notify_one();
}

bool AppendQueue::take(WriteBatch& batch, std::chrono::milliseconds idle) {
    const auto deadline = std::chrono::steady_clock::now() + idle;
    const MutexLock lock(mutex_);
    while (waiting_.empty() && !stopped_) {
        sleeping_ = true;
        const auto woken = wake_.wait_until(mutex_, deadline);
        sleeping_ = false;
        if (woken == std::cv_status::timeout) {
            break;
        }
    }
    if (waiting_.empty()) {
        return !stopped_;
    }
    fill(batch);
    return true;
}

void AppendQueue::fill(WriteBatch& batch) {
    std::size_t events = 0;
    std::size_t bytes = 0;
    while (!waiting_.empty()) {
        Waiting& next = waiting_.front();
        auto* append = std::get_if<AppendJob>(&next.job);
        const bool full = events + next.events > kAppendBatchEventsMax ||
                          bytes + next.bytes > kAppendBatchBytesMax;
        if (!batch.requests.empty() && (full || append == nullptr)) {
            return;
        }
        events += next.events;
        bytes += next.bytes;
        events_ -= next.events;
        bytes_ -= next.bytes;
        if (append == nullptr) {
            batch.head_job = std::move(std::get<HeadJob>(next.job));
            waiting_.pop_front();
            return;
        }
        batch.requests.push_back(std::move(append->request));
        batch.dones.push_back(std::move(append->done));
        waiting_.pop_front();
    }
}

}  // namespace hubtrail::storage
