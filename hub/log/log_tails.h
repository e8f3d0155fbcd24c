#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/log.h"
#include "hub/log/log_shape.h"
#include "protocol/cursor.h"
#include "protocol/event_filter.h"
#include "storage/log_service.h"
#include "storage/position.h"
#include "transport/connection.h"
#include "transport/outbox.h"

namespace hubtrail::hub {

class LogSubscription;
class TenantTail;

// Limits of what a loop keeps to catch up from without asking the database (docs/limits.md).
inline constexpr std::size_t kRingEventsMax = 4096;  ///< per tenant and loop
inline constexpr std::size_t kRingBytesMax =
    4 * 1024 * 1024;  ///< of bodies; the newest batch always stays
inline constexpr std::int64_t kHeartbeatNs = 15'000'000'000;  ///< of batch-shaped streams

/// What a reader encodes into before it is sent. Thread: strand.
struct CatchUpBuffers {
    std::string records;
    std::string items;  ///< of a batch
    std::size_t items_count = 0;
    std::uint32_t records_count = 0;
};

/// The tails of one loop: what its subscribers watch, tenant by tenant. Told of every commit, in
/// order. Thread: strand. `service`, `codec` and `log` must outlive it.
class LogTails {
public:
    LogTails(transport::OutputScheduler& scheduler, storage::LogService& service,
             const protocol::CursorCodec& codec, Log& log);
    ~LogTails();
    LogTails(const LogTails&) = delete;
    LogTails& operator=(const LogTails&) = delete;

    void on_commit(const std::shared_ptr<const storage::CommittedBatch>& batch);
    void on_head(const std::string& tenant, const storage::LogHead& head);
    /// About once a second: heartbeats, and tenants that nobody watches any more are let go.
    void tick(std::int64_t now_ns);

    /// Where a reader starts: see storage::resolve_start. Comes back on this loop; at once for the
    /// head of a tenant that is watched already.
    void resolve(const std::string& tenant, const protocol::LogStart& start,
                 storage::StartDone done);

    TenantTail& tail(const std::string& tenant);
    transport::OutputScheduler& scheduler() { return scheduler_; }
    storage::LogService& service() { return service_; }
    const protocol::CursorCodec& codec() const { return codec_; }
    Log& log() { return log_; }
    /// Where a reader encodes what it fetched: empty between calls, shared by all readers of the
    /// loop.
    CatchUpBuffers& buffers() { return buffers_; }

private:
    transport::OutputScheduler& scheduler_;
    storage::LogService& service_;
    const protocol::CursorCodec& codec_;
    Log& log_;
    std::unordered_map<std::string, std::unique_ptr<TenantTail>> tails_;
    CatchUpBuffers buffers_;
    std::int64_t ticked_ns_ = 0;
    std::shared_ptr<LogTails*> self_;  ///< null once we are gone: for answers that come late
};

/// Live subscribers with one filter and one shape: whoever joins gets the same frames.
/// Thread: strand.
struct LogChannel {
    LogChannel(transport::OutputScheduler& scheduler, protocol::EventFilter filter_of,
               LogShape shape_of)
        : filter(std::move(filter_of)), shape(std::move(shape_of)), stream(scheduler) {}

    protocol::EventFilter filter;
    LogShape shape;
    transport::SharedStream stream;
    std::string items;         ///< batch shape: items of the batch being published
    std::int64_t last_to = 0;  ///< batch shape: end of the last range sent
    std::int64_t stamp = 0;    ///< position of the event looked at last
    std::size_t matched = 0;
};

/// One tenant on one loop: head, ring of recent events, live channels, and readers that wait for
/// the head. Thread: strand.
class TenantTail {
public:
    TenantTail(LogTails& tails, std::string tenant);

    const std::string& tenant() const { return tenant_; }
    std::uint32_t tenant_hash() const { return tenant_hash_; }
    bool head_known() const { return head_known_; }
    std::int64_t head_pos() const { return last_pos_; }
    std::uint32_t epoch() const { return epoch_; }
    const std::string& head_cursor() const { return head_cursor_; }
    storage::StartPosition head_position() const;

    /// What the log said after this tail came to be.
    void learn_head(const storage::StartPosition& latest);
    void publish(const std::shared_ptr<const storage::CommittedBatch>& batch);
    /// The log starts a new epoch: every subscriber is told to start afresh.
    void on_reset(const storage::LogHead& head);
    void beat(std::int64_t now_ns);
    bool idle() const { return subscribers_.empty(); }
    void attach(LogSubscription& subscriber);
    void detach(LogSubscription& subscriber);

    /// Live from the next event on; the subscriber stands at the head. `channel` is for leave().
    LogChannel& join(LogSubscription& subscriber);
    void leave(LogSubscription& subscriber, LogChannel& channel);
    /// wake() is called once, when the tail has moved.
    void wait(LogSubscription& subscriber);

    /// The batches that hold after_pos + 1 and what follows; nothing when the ring does not reach
    /// back.
    bool ring_covers(std::int64_t after_pos) const;
    /// Calls `visit` for each event after the position until it returns false.
    template <typename Visit>
    void visit_ring(std::int64_t after_pos, Visit&& visit) const {
        for (const auto& batch : ring_) {
            if (batch->to() <= after_pos) {
                continue;
            }
            for (const auto& event : batch->events) {
                if (event.pos > after_pos && !visit(event)) {
                    return;
                }
            }
        }
    }

private:
    using ChannelList = std::vector<LogChannel*>;

    void index(LogChannel& channel);
    void unindex(LogChannel& channel);
    void offer(std::string_view site, std::string_view user, const protocol::LogEvent& event);
    void deliver(LogChannel& channel, const protocol::LogEvent& event);
    void finish_batch(std::int64_t to);
    void send_batch(LogChannel& channel, std::int64_t to);
    void keep(const std::shared_ptr<const storage::CommittedBatch>& batch);
    void wake_waiting();

    LogTails& tails_;
    std::string tenant_;
    std::uint32_t tenant_hash_;
    std::uint32_t epoch_ = 1;
    std::int64_t first_pos_ = 1;
    std::int64_t last_pos_ = 0;
    protocol::Cursor last_cursor_;
    std::string head_cursor_;
    bool head_known_ = false;
    std::unordered_set<LogSubscription*> subscribers_;
    LogEncoder encoder_;
    std::map<std::string, std::unique_ptr<LogChannel>> channels_;
    std::unordered_map<std::string, ChannelList> index_;
    ChannelList touched_;  ///< batch-shaped channels with items of the current batch
    std::deque<LogSubscription*> waiting_;
    std::vector<std::shared_ptr<const storage::CommittedBatch>> ring_;
    std::size_t ring_events_ = 0;
    std::size_t ring_bytes_ = 0;
    std::int64_t beat_ns_ = 0;
    std::string record_;  ///< reused, so that publishing does not allocate
    std::string key_;     ///< reused
};

}  // namespace hubtrail::hub
