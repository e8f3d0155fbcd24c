#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "follow/follower.h"
#include "follow/sink.h"
#include "follow/tails.h"
#include "hub/log/log_channel.h"
#include "hub/log/log_shape.h"
#include "storage/log_store.h"
#include "transport/connection.h"

namespace hubtrail::hub {

/// Why a subscription cannot go on: ready to be told in an item of its stream.
struct SubscriptionLoss {
    std::string reason;  ///< `expired` or `log-reset`
    std::string oldest_cursor;
    std::string latest_cursor;
    std::int64_t lost_at_least = 0;
};

/// How a subscription ended by itself: what was lost, or that the log cannot be read.
using SubscriptionEnd = std::variant<SubscriptionLoss, storage::StoreError>;

/// A follower of the log on one connection: the sink that writes events in a hub's shape, at the
/// speed of the peer. While the peer keeps up it is live as a member of a LogChannel.
/// Thread: strand. `output`, `tails` and `connection` must outlive stop().
class LogSubscription final : public follow::Sink,
                              public follow::Sharing,
                              public std::enable_shared_from_this<LogSubscription> {
public:
    LogSubscription(LogOutput& output, follow::Tails& tails, transport::Connection& connection,
                    follow::Following following, LogShape shape,
                    std::function<void(const SubscriptionEnd&)> on_end);
    ~LogSubscription() override;

    void start() { follower_->start(); }
    /// Nothing is sent or called from here on.
    void stop() { follower_->stop(); }
    void on_congested() { follower_->pause(); }
    void on_drained() { follower_->resume(); }

    // For the follower.

    follow::Credit credit() override;
    void on_event(const protocol::LogEvent& event) override;
    void on_range(const follow::Range& range) override;
    void on_live(const protocol::Cursor& head) override;
    void on_lost(const follow::Loss& loss) override;
    void on_failed(const storage::StoreError& error) override;
    follow::Sharing* sharing() override { return this; }

    std::string shape() const override;
    std::unique_ptr<follow::Channel> make_channel(std::int64_t after_pos) const override;
    void join(follow::Channel& channel, const protocol::Cursor& head) override;
    void leave(follow::Channel& channel) override;

private:
    void send_range(const protocol::Cursor& to);
    void flush_records();

    LogOutput& output_;
    transport::Connection& connection_;
    const LogShape shape_;
    const std::uint32_t tenant_hash_;
    const std::uint32_t epoch_;
    std::int64_t told_pos_;  ///< batch shape: where the last range that the peer was told ends
    std::function<void(const SubscriptionEnd&)> on_end_;
    /// Shared with what it waits for.
    std::shared_ptr<follow::Follower> follower_;
};

}  // namespace hubtrail::hub
