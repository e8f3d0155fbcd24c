#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "hub/code/call_scope.h"
#include "hub/code/hub.h"
#include "hub/code/root_task.h"
#include "hub/code/worker_pool.h"
#include "hub/connection/hub_connection.h"

namespace hubtrail::hub {

/// Goes on without a break so often; then other work of the loop has its turn.
inline constexpr int kStepsPerTurn = 64;

/// What the code hubs of one loop share. Destroyed after the loop has stopped and its connections
/// are gone: whatever still runs ends where it waits. Thread: strand. All references must outlive
/// it.
class HubLoop {
public:
    HubLoop(transport::Loop& loop, WorkerPool& workers, const Clock& clock, Log& log)
        : loop_(loop), workers_(workers), clock_(clock), log_(log) {}

    transport::Loop& loop() { return loop_; }
    WorkerPool& workers() { return workers_; }
    const Clock& clock() const { return clock_; }
    Log& log() { return log_; }
    HubScratch& scratch() { return scratch_; }
    RootTasks& tasks() { return tasks_; }
    /// For raw values on their way into a message.
    std::string& buffer() { return buffer_; }

    bool may_continue() {
        if (turn_ns_ != loop_.now_ns()) {
            turn_ns_ = loop_.now_ns();
            steps_ = 0;
        }
        return ++steps_ % kStepsPerTurn != 0;
    }
    /// Tells a new hub object where it is.
    void attach(Hub& hub, const Messenger& messenger, std::shared_ptr<CallerContext> caller,
                InvocationHeaders headers = {}) {
        hub.headers_ = headers;
        hub.messenger_ = &messenger;
        hub.loop_ = &loop_;
        hub.caller_ = std::move(caller);
    }

private:
    transport::Loop& loop_;
    WorkerPool& workers_;
    const Clock& clock_;
    Log& log_;
    HubScratch scratch_;
    std::string buffer_;
    std::int64_t turn_ns_ = 0;
    int steps_ = 0;
    RootTasks tasks_;
};

}  // namespace hubtrail::hub
