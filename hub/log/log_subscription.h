#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "hub/log/log_shape.h"
#include "hub/log/log_tails.h"
#include "protocol/event_filter.h"
#include "storage/log_service.h"
#include "transport/connection.h"

namespace hubtrail::hub {

// How much of the log a reader fetches and encodes at a time (docs/limits.md).
inline constexpr std::size_t kCatchUpEventsMax = 1000;
inline constexpr std::size_t kCatchUpBytesMax = 256 * 1024;

/// Why a subscription cannot go on.
struct SubscriptionLoss {
    std::string reason;  ///< `expired` or `log-reset`
    std::string oldest_cursor;
    std::string latest_cursor;
    std::int64_t lost_at_least = 0;
};

/// One reader of one tenant's log on one connection: a position, never a queue. It is live as a
/// member of a channel while its peer keeps up; otherwise it reads the ring, else database pages,
/// at the peer's speed, and joins again at the head. Both happen on the loop's one thread, so the
/// seam has neither gap nor duplicate. Thread: strand. `connection` and `tails` must outlive
/// stop().
class LogSubscription : public std::enable_shared_from_this<LogSubscription> {
public:
    LogSubscription(LogTails& tails, transport::Connection& connection, std::string tenant,
                    protocol::EventFilter filter, LogShape shape, std::int64_t after_pos,
                    std::uint32_t epoch, std::function<void(const SubscriptionLoss&)> on_loss);
    ~LogSubscription();

    void start();
    /// Nothing is sent or called from here on.
    void stop();

    void on_congested();
    void on_drained();

    const protocol::EventFilter& filter() const { return filter_; }
    const LogShape& shape() const { return shape_; }
    transport::Connection& connection() { return connection_; }
    std::int64_t position() const { return after_pos_; }

    // For the tail.
    void wake();
    void lose(const char* reason, const storage::LogHead& head);

private:
    void advance();
    void go_live();
    void read_ring();
    void request_page();
    void on_page(Result<storage::Page, storage::StoreError> page);
    bool take_page(storage::Page& page);
    void send_range(std::int64_t to, const protocol::Cursor& to_cursor);
    void add(const protocol::LogEvent& event);
    void flush_records();
    void later(std::int64_t delay_ns);

    LogTails& tails_;
    transport::Connection& connection_;
    const std::string tenant_;
    protocol::EventFilter filter_;
    LogShape shape_;
    std::int64_t after_pos_;
    const std::uint32_t epoch_;
    std::function<void(const SubscriptionLoss&)> on_loss_;
    LogChannel* channel_ = nullptr;  ///< while live
    LogEncoder encoder_;
    CatchUpBuffers& buffers_;  ///< the loop's
    bool page_requested_ = false;
    bool waiting_ = false;
    bool later_ = false;
    bool stopped_ = false;
    bool announced_live_ = false;
};

}  // namespace hubtrail::hub
