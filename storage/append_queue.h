#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "storage/log_service.h"

namespace hubtrail::storage {

struct AppendJob {
    AppendRequest request;
    LogService::AppendDone done;
};

/// A change of a tenant's head, in order with the appends.
struct HeadJob {
    enum class Kind { set_floor, reset };

    Kind kind = Kind::reset;
    std::string tenant;
    std::int64_t first_pos = 0;  ///< of set_floor
    std::function<void(Result<void, StoreError>)> done;
};

/// What one commit takes: appends, or one change of a head.
struct WriteBatch {
    std::vector<AppendRequest> requests;
    std::vector<LogService::AppendDone> dones;  ///< one per request
    std::optional<HeadJob> head_job;            ///< then there are no requests
};

/// The bounded queue between the loops and the writer thread (limits: log_service.h).
///
/// Thread: any. Guarded by mutex_; only the writer thread calls take(), and it is woken only when
/// it sleeps.
class AppendQueue {
public:
    /// False when a limit would be passed, or after stop(): the job is dropped.
    [[nodiscard]] bool push(AppendJob&& job);
    [[nodiscard]] bool push(HeadJob&& job);

    /// The next take() returns what is left, then false.
    void stop();

    /// Fills an empty batch: whole requests up to the limits of a commit, at least one. Waits for
    /// the first; after `idle` without one the batch stays empty. False: stopped and nothing left.
    bool take(WriteBatch& batch, std::chrono::milliseconds idle);

private:
    struct Waiting {
        std::variant<AppendJob, HeadJob> job;
        std::size_t events;
        std::size_t bytes;
    };

    bool push_waiting(Waiting&& waiting);
    void fill(WriteBatch& batch) HUBTRAIL_REQUIRES(mutex_);

    Mutex mutex_;
    std::condition_variable_any wake_;
    std::deque<Waiting> waiting_ HUBTRAIL_GUARDED_BY(mutex_);
    std::size_t events_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    std::size_t bytes_ HUBTRAIL_GUARDED_BY(mutex_) = 0;
    bool sleeping_ HUBTRAIL_GUARDED_BY(mutex_) = false;
    bool stopped_ HUBTRAIL_GUARDED_BY(mutex_) = false;
};

/// The bytes of the event's strings, as the queue counts them.
std::size_t bytes_of(const protocol::NewEvent& event);

}  // namespace hubtrail::storage
