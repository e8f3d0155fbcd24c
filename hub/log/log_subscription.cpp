#include "hub/log/log_subscription.h"

#include <utility>

namespace hubtrail::hub {
namespace {

// Records of a message-shaped catch-up that go into one transport message.
constexpr std::size_t kRecordsBytesMax = 64 * 1024;

// Only we make channels of our shapes (follow::Sharing::shape()).
LogChannel& own(follow::Channel& channel) {
    return static_cast<LogChannel&>(channel);
}

}  // namespace

LogSubscription::LogSubscription(LogOutput& output, follow::Tails& tails,
                                 transport::Connection& connection, follow::Following following,
                                 LogShape shape, std::function<void(const SubscriptionEnd&)> on_end)
    : output_(output),
      connection_(connection),
      shape_(std::move(shape)),
      tenant_hash_(protocol::CursorCodec::hash_tenant(following.tenant)),
      epoch_(following.epoch),
      told_pos_(following.after_pos),
      on_end_(std::move(on_end)),
      follower_(std::make_shared<follow::Follower>(tails, *this, std::move(following))) {}

LogSubscription::~LogSubscription() {
    stop();
}

follow::Credit LogSubscription::credit() {
    auto& outbox = connection_.outbox();
    if (outbox.congested()) {
        return follow::Credit::closed;  // on_drained() comes
    }
    // Only the end of the turn shows whether the peer takes it.
    return outbox.unsent() > transport::kUnsentSoftMax ? follow::Credit::next_turn
                                                       : follow::Credit::open;
}

void LogSubscription::on_event(const protocol::LogEvent& event) {
    output_.encoder.turn_to(event, tenant_hash_, epoch_);
    if (shape_.kind == LogShape::Kind::batch) {
        output_.encoder.append_item(output_.items, *shape_.protocol);
        ++output_.items_count;
        return;
    }
    output_.records += output_.encoder.message(shape_);
    ++output_.records_count;
    if (output_.records.size() > kRecordsBytesMax) {
        flush_records();
    }
}

void LogSubscription::on_range(const follow::Range& range) {
    if (shape_.kind == LogShape::Kind::batch) {
        send_range(range.cursor);
    } else {
        flush_records();
    }
}

// Begins where the last one ended, which may be before the follower's: a channel is silent about
// commits without an event for it.
void LogSubscription::send_range(const protocol::Cursor& to) {
    output_.records.clear();
    output_.encoder.append_batch(output_.records, shape_, tenant_hash_, told_pos_ + 1, to,
                                 output_.items, output_.items_count);
    output_.records_count = 1;
    output_.items.clear();
    output_.items_count = 0;
    told_pos_ = to.pos;
    flush_records();
}

void LogSubscription::flush_records() {
    if (!output_.records.empty()) {
        connection_.send(output_.records, output_.records_count);
        output_.records.clear();
        output_.records_count = 0;
    }
}

void LogSubscription::on_live(const protocol::Cursor& head) {
    if (shape_.kind == LogShape::Kind::batch) {
        output_.encoder.append_live(output_.records, shape_, tenant_hash_, head);
        output_.records_count = 1;
        flush_records();
    }
}

void LogSubscription::on_lost(const follow::Loss& loss) {
    const auto keep = shared_from_this();  // on_end may drop the last owner
    SubscriptionLoss told;
    told.reason = loss.reason == follow::Loss::Reason::expired ? "expired" : "log-reset";
    const auto encode = [&](std::int64_t pos) {
        std::string text;
        output_.codec.append(text, tenant_hash_, {loss.head.epoch, pos, 0, 0});
        return text;
    };
    told.oldest_cursor = encode(loss.head.first_pos - 1);
    told.latest_cursor = encode(loss.head.last_pos);
    told.lost_at_least = loss.lost_at_least;
    on_end_(told);
}

void LogSubscription::on_failed(const storage::StoreError& error) {
    const auto keep = shared_from_this();
    on_end_(error);
}

// Equal shapes, equal frames.
std::string LogSubscription::shape() const {
    std::string key(shape_.kind == LogShape::Kind::message ? "hub-message " : "hub-batch ");
    key += shape_.protocol->name();
    key += static_cast<char>('0' + static_cast<int>(shape_.framing));
    key += shape_.name;
    return key;
}

std::unique_ptr<follow::Channel> LogSubscription::make_channel(std::int64_t after_pos) const {
    return std::make_unique<LogChannel>(output_, shape_, tenant_hash_, after_pos);
}

void LogSubscription::join(follow::Channel& channel, const protocol::Cursor& head) {
    if (shape_.kind == LogShape::Kind::batch && told_pos_ < head.pos) {
        send_range(head);
    }
    connection_.outbox().join(own(channel).stream());
}

void LogSubscription::leave(follow::Channel& channel) {
    connection_.outbox().leave(own(channel).stream());
    told_pos_ = own(channel).told_pos();
}

}  // namespace hubtrail::hub
