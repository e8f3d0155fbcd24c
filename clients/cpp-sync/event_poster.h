#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/result.h"
#include "clients/cpp-sync/batch_sender.h"
#include "clients/cpp-sync/stop_signal.h"
#include "clients/cpp-sync/sync_error.h"

namespace hubtrail::sync {

inline constexpr std::size_t kBatchEventsMax = 500;
inline constexpr std::size_t kBatchBytesMax = 512UL * 1024;
inline constexpr std::size_t kQueueEventsMax = 10'000;
inline constexpr std::size_t kQueueBytesMax = 64UL * 1024 * 1024;
inline constexpr std::int64_t kLingerMs = 100;

struct PosterOptions {
    std::size_t batch_events_max = kBatchEventsMax;
    std::size_t batch_bytes_max = kBatchBytesMax;  ///< one larger event still goes, alone
    std::size_t queue_events_max = kQueueEventsMax;
    std::size_t queue_bytes_max = kQueueBytesMax;  ///< one larger event still enters an empty queue
    std::int64_t linger_ms = kLingerMs;            ///< how long a batch may wait for company
};

/// Makes batches outlive the process.
/// Thread: any; the poster calls from its own thread, one call at a time.
class BatchJournal {
public:
    virtual ~BatchJournal() = default;
    /// Must be durable on return: after a crash the same batch is sent again under the same key.
    virtual Result<void, SyncError> before_send(const Batch& batch) = 0;
    virtual Result<void, SyncError> acknowledged(const Batch& batch) = 0;
};

/// Queues events, cuts them into batches and sends one batch at a time, in order, on its own
/// thread. An event is never dropped: a full queue makes the producer wait. Thread: any. The queue
/// is guarded by mutex_; no HTTP and no journal call runs under it.
class EventPoster {
public:
    enum class Submitted { accepted, full, ended };
    enum class AtStop { give_up, wait };

    /// `journal` may be null. Everything passed in must outlive the poster.
    EventPoster(BatchSender& sender, BatchJournal* journal, Random& random, const Clock& clock,
                const StopSignal& stop, const PosterOptions& options);
    /// Sends nothing more than what is in flight; call finish() for an orderly end.
    ~EventPoster();
    EventPoster(const EventPoster&) = delete;
    EventPoster& operator=(const EventPoster&) = delete;

    /// A batch of an earlier run that may or may not have arrived; goes out first. Before start().
    void resume(Batch batch);
    void start();

    Submitted try_submit(OutEvent event);
    /// Waits for room. `ended`: the server refused something, or the user stops and there is no
    /// room; with AtStop::wait only when the poster has given up, which it does soon without a
    /// server.
    Submitted submit(OutEvent event, AtStop at_stop = AtStop::give_up);

    /// No more events will come; waits until everything is sent, refused, or given up after a stop.
    Result<void, SyncError> finish();

    bool has_failed() const;
    std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
    /// Queued and in flight.
    std::size_t pending() const;

private:
    void run();
    std::optional<Batch> take_batch();
    Result<void, SyncError> send(const Batch& batch);
    bool has_room(const OutEvent& event) const HUBTRAIL_REQUIRES(mutex_);
    bool batch_is_full() const HUBTRAIL_REQUIRES(mutex_);

    BatchSender& sender_;
    BatchJournal* journal_;
    Random& random_;
    const Clock& clock_;
    const StopSignal& stop_;
    const PosterOptions options_;

    mutable Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<OutEvent> queue_ HUBTRAIL_GUARDED_BY(mutex_);
    std::size_t queue_bytes_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    std::size_t in_flight_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    bool finishing_ HUBTRAIL_GUARDED_BY(mutex_) = false;
    bool abandoned_ HUBTRAIL_GUARDED_BY(mutex_) = false;
    std::optional<Batch> resumed_ HUBTRAIL_GUARDED_BY(mutex_);
    std::optional<SyncError> error_ HUBTRAIL_GUARDED_BY(mutex_);
    std::atomic<std::uint64_t> sent_{0};
    std::thread worker_;
};

}  // namespace hubtrail::sync
