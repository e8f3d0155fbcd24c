#include "clients/cpp-sync/event_poster.h"

#include <chrono>
#include <utility>

#include "base/check.h"

namespace hubtrail::sync {
namespace {

/// A signal handler cannot notify a condition variable, so a waiting producer looks this often.
constexpr std::chrono::milliseconds kStopLookMs{100};

}  // namespace

EventPoster::EventPoster(BatchSender& sender, BatchJournal* journal, Random& random,
                         const Clock& clock, const StopSignal& stop, const PosterOptions& options)
    : sender_(sender),
      journal_(journal),
      random_(random),
      clock_(clock),
      stop_(stop),
      options_(options) {
    HUBTRAIL_CHECK(options.batch_events_max > 0 && options.queue_events_max > 0, "poster limits");
}

EventPoster::~EventPoster() {
    {
        const MutexLock lock(mutex_);
        abandoned_ = true;
    }
    changed_.notify_all();
    if (worker_.joinable()) {
        worker_.join();
    }
}

void EventPoster::resume(Batch batch) {
    HUBTRAIL_CHECK(!worker_.joinable(), "resume() comes before start()");
    const MutexLock lock(mutex_);
    resumed_ = std::move(batch);
}

void EventPoster::start() {
    HUBTRAIL_CHECK(!worker_.joinable(), "started once");
    worker_ = std::thread([this] { run(); });
}

bool EventPoster::has_room(const OutEvent& event) const {
    return queue_.empty() || (queue_.size() < options_.queue_events_max &&
                              queue_bytes_ + event.json.size() <= options_.queue_bytes_max);
}

EventPoster::Submitted EventPoster::try_submit(OutEvent event) {
    {
        const MutexLock lock(mutex_);
        if (error_ || finishing_) {
            return Submitted::ended;
        }
        if (!has_room(event)) {
            return Submitted::full;
        }
        queue_bytes_ += event.json.size();
        queue_.push_back(std::move(event));
    }
    changed_.notify_all();
    return Submitted::accepted;
}

EventPoster::Submitted EventPoster::submit(OutEvent event, AtStop at_stop) {
    {
        const MutexLock lock(mutex_);
        while (!error_ && !finishing_ && !has_room(event)) {
            if (at_stop == AtStop::give_up && stop_.requested()) {
                return Submitted::ended;
            }
            changed_.wait_for(mutex_, kStopLookMs);
        }
        if (error_ || finishing_) {
            return Submitted::ended;
        }
        queue_bytes_ += event.json.size();
        queue_.push_back(std::move(event));
    }
    changed_.notify_all();
    return Submitted::accepted;
}

bool EventPoster::batch_is_full() const {
    return queue_.size() >= options_.batch_events_max || queue_bytes_ >= options_.batch_bytes_max;
}

std::optional<Batch> EventPoster::take_batch() {
    const MutexLock lock(mutex_);
    if (resumed_) {
        in_flight_ = resumed_->events.size();
        return std::exchange(resumed_, std::nullopt);
    }
    while (queue_.empty() && !finishing_ && !abandoned_) {
        changed_.wait(mutex_);
    }
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.linger_ms);
    while (!batch_is_full() && !finishing_ && !abandoned_ &&
           changed_.wait_until(mutex_, deadline) != std::cv_status::timeout) {
    }
    if (queue_.empty() || abandoned_) {
        return std::nullopt;
    }
    Batch batch;
    batch.key = make_uuid_v7(clock_.wall_us(), random_);
    std::size_t bytes = 0;
    while (!queue_.empty() && batch.events.size() < options_.batch_events_max) {
        bytes += queue_.front().json.size() + 1;
        if (bytes > options_.batch_bytes_max && !batch.events.empty()) {
            break;
        }
        queue_bytes_ -= queue_.front().json.size();
        batch.events.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    in_flight_ = batch.events.size();
    return batch;
}

Result<void, SyncError> EventPoster::send(const Batch& batch) {
    if (journal_ != nullptr) {
        if (auto kept = journal_->before_send(batch); !kept) {
            return kept;
        }
    }
    if (auto sent = sender_.send(batch); !sent) {
        return sent;
    }
    sent_.fetch_add(batch.events.size(), std::memory_order_relaxed);
    return journal_ != nullptr ? journal_->acknowledged(batch) : Result<void, SyncError>{};
}

void EventPoster::run() {
    while (auto batch = take_batch()) {
        changed_.notify_all();  // there is room now
        auto sent = send(*batch);
        const MutexLock lock(mutex_);
        if (!sent) {
            error_ = sent.error();
            break;
        }
        in_flight_ = 0;
    }
    changed_.notify_all();
}

Result<void, SyncError> EventPoster::finish() {
    {
        const MutexLock lock(mutex_);
        finishing_ = true;
    }
    changed_.notify_all();
    if (worker_.joinable()) {
        worker_.join();
    }
    const MutexLock lock(mutex_);
    if (error_) {
        return Failure{*error_};
    }
    return {};
}

bool EventPoster::has_failed() const {
    const MutexLock lock(mutex_);
    return error_.has_value();
}

std::size_t EventPoster::pending() const {
    const MutexLock lock(mutex_);
    return queue_.size() + in_flight_;
}

}  // namespace hubtrail::sync
