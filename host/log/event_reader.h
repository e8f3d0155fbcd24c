#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "follow/follower.h"
#include "follow/read_retry.h"
#include "follow/sink.h"
#include "host/log/log_feature.h"
#include "protocol/log_query.h"
#include "storage/position.h"

namespace hubtrail::host {

/// One event as every channel shows it. Dies with the call that gives it.
struct FollowedEvent {
    std::int64_t pos = 0;
    std::string_view json;    ///< with `pos`, `cursor` and `recorded_at` (docs/api.md 2)
    std::string_view cursor;  ///< `since` of a reader that has seen it
};

/// Why nothing more comes.
struct FollowEnd {
    enum class Kind {
        bad_query,  ///< no reader could ask this: `text` says what was expected
        bad_start,  ///< the cursor is damaged, of another tenant, or ahead of the log
        lost,       ///< what comes after the start is no longer kept: the way out is a cursor below
        failed,     ///< the log cannot be read, and that will not pass
    };
    Kind kind = Kind::failed;
    std::string text;
    // Of `lost`.
    std::string oldest_cursor;
    std::string latest_cursor;
    std::int64_t lost_at_least = 0;
};

/// What a program does with the events that it follows (EventLog::follow()). Thread: strand, that
/// of a loop of the server; one call at a time, in the order of the log: return soon, do not throw.
/// When the server ends no further call comes, nor on_end(): follow again on the next one.
class EventListener {
public:
    virtual ~EventListener() = default;
    virtual void on_event(const FollowedEvent& event) = 0;
    /// Everything up to here was looked at: `since` of the next start, also where the events were
    /// hidden by the question. Behind each run of events.
    virtual void on_cursor(std::string_view /*cursor*/) {}
    /// It stands at the head for the first time: what was there is given, what comes is new.
    virtual void on_live() {}
    /// The last call.
    virtual void on_end(const FollowEnd& end) = 0;
};

// Events given in one run, which a pause does not cut (docs/limits.md).
inline constexpr std::size_t kFollowRunEventsMax = 100;

/// One reader of a log in the program: a position, as every other. Thread: strand, the log's first
/// loop; made and stopped on any, which share the atomics with it. The loop owns it until it
/// ends or is stopped, or the server goes.
class EventReading final : public follow::Sink, public std::enable_shared_from_this<EventReading> {
public:
    using Asked = Result<protocol::LogQuery, protocol::QueryError>;

    EventReading(std::string tenant, Asked query, std::shared_ptr<EventListener> listener)
        : tenant_(std::move(tenant)), query_(std::move(query)), listener_(std::move(listener)) {}
    ~EventReading() override;

    /// On the loop, once.
    void start(LogLoop& loop);
    /// On the loop: gives what there is, if it may.
    void resume();
    /// On the loop: no call comes from here on, and it may die.
    void end();

    // Any thread.

    /// No call begins from here on; one that has begun may go on.
    void stop() { stopped_ = true; }
    void set_paused(bool paused) { paused_ = paused; }

    follow::Credit credit() override;
    void on_event(const protocol::LogEvent& event) override;
    void on_range(const follow::Range& range) override;
    void on_live(const protocol::Cursor& head) override;
    void on_lost(const follow::Loss& loss) override;
    void on_failed(const storage::StoreError& error) override;

private:
    void resolve();
    void on_start(const Result<storage::StartPosition, storage::PositionError>& start);
    void refuse(const storage::PositionError& error);
    void finish(const FollowEnd& end);
    std::string encode(const protocol::Cursor& cursor) const;

    const std::string tenant_;
    const Asked query_;
    const std::shared_ptr<EventListener> listener_;  ///< shared with the program
    std::atomic<bool> stopped_{false};
    std::atomic<bool> paused_{false};

    LogLoop* loop_ = nullptr;
    std::uint32_t epoch_ = 1;
    std::uint32_t tenant_hash_ = 0;
    follow::ReadRetry retry_;
    std::string json_;                            ///< reused, of the event that is given
    std::string cursor_;                          ///< the same
    std::shared_ptr<follow::Follower> follower_;  ///< shared with what that waits for
};

/// What a program holds of a reading: it ends with it. Thread: any.
class EventReader {
public:
    EventReader(LogFeature& log, std::shared_ptr<EventReading> reading);
    ~EventReader() { stop(); }
    EventReader(const EventReader&) = delete;
    EventReader& operator=(const EventReader&) = delete;

    /// For good. Within a call of the listener it is the last; on another thread a call that has
    /// begun may go on for its while.
    void stop();
    /// Nothing comes behind the run that has begun, at most kFollowRunEventsMax events, until
    /// resume(). The reader is a position, so it costs nothing meanwhile.
    void pause();
    void resume();

private:
    LogFeature& log_;
    const std::shared_ptr<EventReading> reading_;  ///< shared with the loop
};

}  // namespace hubtrail::host
