#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/random.h"
#include "follow/tails.h"
#include "host/feature.h"
#include "hub/log/log_channel.h"
#include "hub/log/log_hub.h"
#include "protocol/cursor.h"
#include "storage/log_service.h"

namespace hubtrail::host {

class EventReading;

/// What one loop has of the log. Thread: strand.
struct LogLoop {
    LogLoop(const LoopScope& scope, storage::LogService& service,
            const protocol::CursorCodec& codec)
        : tails(scope.loop, service, codec), output(scope.scheduler, codec) {}
    /// Ends what is read here.
    ~LogLoop();
    LogLoop(const LogLoop&) = delete;
    LogLoop& operator=(const LogLoop&) = delete;

    follow::Tails tails;
    hub::LogOutput output;
    hub::HubScratch scratch;
    /// The program's own readers (event_reader.h), shared with what holds them there.
    std::map<const EventReading*, std::shared_ptr<EventReading>> readings;
};

/// What the features of a log share. All must outlive them. Thread: any.
struct LogContext {
    storage::LogService& service;
    const protocol::CursorCodec& codec;
    const Clock& clock;
    Random& random;
    Log& log;
};

/// The log on every loop: tails that the commits reach. The other features of the log
/// (log_features.h) stand on it and come behind it in their site. Thread: main; the listeners,
/// when_shown() and on_first_loop() from any: the loops are guarded by mutex_.
class LogFeature final : public Feature {
public:
    /// `on_stop`: what else ends with the loops; null: nothing.
    explicit LogFeature(const LogContext& context, std::function<void()> on_stop = nullptr)
        : context_(context), on_stop_(std::move(on_stop)) {}

    const LogContext& context() const { return context_; }
    /// Of a loop whose part was made.
    LogLoop& on(std::size_t loop) { return *parts_.at(loop); }

    using LoopTask = std::function<void(LogLoop&)>;
    /// Runs the task on the first loop, at once or when a server shows the log. Any thread.
    void when_shown(LoopTask task);
    /// The same; while no server shows the log the task is dropped. Any thread.
    void on_first_loop(LoopTask task);

    // The listeners of the log service.
    void on_commit(const std::shared_ptr<const storage::CommittedBatch>& batch);
    void on_head(const std::string& tenant, const storage::LogHead& head);

    std::unique_ptr<LoopFeature> on_loop(const LoopScope& scope) override;
    /// Nothing is told to the loops any more.
    void stop() override;

private:
    /// Where commits go. Keeps the loops, not their parts: a stopped loop drops what it is told.
    struct Target {
        std::shared_ptr<LoopGroup> group;  ///< owned with the server: commits may come after it
        std::size_t loop;
        LogLoop* part;
    };
    static void post(const Target& target, LoopTask task);
    std::vector<Target> targets() const;

    const LogContext context_;
    const std::function<void()> on_stop_;
    std::vector<LogLoop*> parts_;  ///< by number of the loop
    mutable Mutex mutex_;
    std::vector<Target> targets_ HUBTRAIL_GUARDED_BY(mutex_);
    std::vector<LoopTask> early_ HUBTRAIL_GUARDED_BY(mutex_);  ///< for when it is shown
};

}  // namespace hubtrail::host
