#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "storage/log_store.h"

namespace hubtrail::storage {

/// Events that one commit added to one tenant, contiguous. Immutable; shared by every loop that
/// shows it.
struct CommittedBatch {
    std::string tenant;
    std::uint32_t epoch = 1;
    std::vector<protocol::LogEvent> events;  ///< ascending, dense; all fields set

    std::int64_t from() const { return events.front().pos; }
    std::int64_t to() const { return events.back().pos; }
};

// Limits of the append queue (docs/limits.md).
inline constexpr std::size_t kAppendQueueEventsMax =
    20'000;  ///< waiting; a request without events counts as one
inline constexpr std::size_t kAppendQueueBytesMax =
    32 * 1024 * 1024;  ///< of the waiting events' strings
inline constexpr std::size_t kAppendBatchEventsMax =
    1000;  ///< a commit takes whole requests up to this (at least one)
inline constexpr std::size_t kAppendBatchBytesMax = std::size_t{1024} * 1024;
inline constexpr std::size_t kReadQueueMax = 10'000;
inline constexpr std::int64_t kForgetKeysEveryNs = 3'600'000'000'000;  ///< and once at the start
inline constexpr std::int64_t kIdempotencyKeyLifeUs =
    86'400'000'000;  ///< forgotten at the next hour

/// The log as the server uses it: appends are grouped into commits by one writer thread, reads run
/// on reader threads, and every commit is told to the listener, in order, before its appends are
/// acknowledged.
///
/// Thread: any. Callbacks run on a store thread (a refused read's on the caller's): post to your
/// loop and return; they must not throw. The queues are guarded by one mutex each; no callback runs
/// under it.
class LogService {
public:
    /// Told of each committed batch, in commit order, on the writer thread, after the commit is
    /// durable.
    using CommitListener = std::function<void(std::shared_ptr<const CommittedBatch>)>;
    /// Told when a tenant's log was reset or its floor moved, on the writer thread.
    using HeadListener = std::function<void(std::string tenant, LogHead head)>;

    using AppendDone = std::function<void(Result<AppendResult, StoreError>)>;
    using ReadDone = std::function<void(Result<Page, StoreError>)>;
    using HeadDone = std::function<void(Result<LogHead, StoreError>)>;
    using EventDone = std::function<void(Result<std::optional<protocol::LogEvent>, StoreError>)>;
    using PositionDone = std::function<void(Result<std::int64_t, StoreError>)>;

    virtual ~LogService() = default;

    /// False when the queue is full: nothing was taken, `done` will not be called (answer 503).
    [[nodiscard]] virtual bool append(AppendRequest request, AppendDone done) = 0;

    // A read queue over kReadQueueMax fails the call with StoreErrc::unavailable.
    virtual void read(ReadRequest request, ReadDone done) = 0;
    virtual void head(std::string tenant, HeadDone done) = 0;
    virtual void at(std::string tenant, std::int64_t pos, EventDone done) = 0;
    virtual void find(std::string tenant, std::string id, EventFilter visible, EventDone done) = 0;
    virtual void last_before(std::string tenant, std::int64_t wall_us, PositionDone done) = 0;

    // Wait in the append queue, in order with the appends, as one event each; a full queue fails
    // them.
    virtual void set_floor(std::string tenant, std::int64_t first_pos,
                           std::function<void(Result<void, StoreError>)> done) = 0;
    virtual void reset(std::string tenant, std::function<void(Result<void, StoreError>)> done) = 0;

    // An append that the store could not write fails with the store's error, all requests of its
    // commit alike. After StoreErrc::corrupt nothing is written any more: each append is answered
    // with it.

    /// True while the last commit succeeded (or none was tried) and nothing corrupt was met: what
    /// /readyz says.
    virtual bool healthy() const = 0;
};

struct LogServiceOptions {
    int reader_threads = 1;
};

/// Starts the threads. `store`, `clock` and `log` must outlive the service; the destructor commits
/// what is queued, answers everything and joins. Listeners are called until then.
Result<std::unique_ptr<LogService>, StoreError> start_log_service(
    LogStore& store, const Clock& clock, Log& log, const LogServiceOptions& options,
    LogService::CommitListener on_commit, LogService::HeadListener on_head);

}  // namespace hubtrail::storage
