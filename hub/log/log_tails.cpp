#include "hub/log/log_tails.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "hub/log/log_subscription.h"

namespace hubtrail::hub {
namespace {

// Site and user of an index entry; "\n" can be part of neither.
std::string index_key(std::string_view site, std::string_view user) {
    std::string key(site);
    key += '\n';
    key += user;
    return key;
}

// Under which keys a channel is found. An event is looked up under its site, its site and user, any
// site and its user, and any site.
std::vector<std::string> index_keys(const protocol::EventFilter& filter) {
    std::vector<std::string> keys;
    if (filter.any_site) {
        return {index_key("*", filter.user_id)};
    }
    for (const auto& site : filter.sites) {
        keys.push_back(index_key(site, filter.user_id));
    }
    for (const auto& site : filter.own_sites) {
        keys.push_back(index_key(site, filter.own_user));
    }
    if (filter.own_everywhere) {
        keys.push_back(index_key("*", filter.own_user));
    }
    return keys;
}

void append_list(std::string& out, const std::vector<std::string>& list) {
    for (const auto& item : list) {
        out += item;
        out += '\n';
    }
    out += '\r';
}

// Equal keys, equal frames.
std::string channel_key(const protocol::EventFilter& filter, const LogShape& shape) {
    std::string key(shape.kind == LogShape::Kind::message ? "m" : "b");
    key += shape.protocol->name();
    key += static_cast<char>('0' + static_cast<int>(shape.framing));
    key += shape.name;
    key += '\r';
    append_list(key, filter.streams);
    append_list(key, filter.types);
    append_list(key, filter.sites);
    append_list(key, filter.own_sites);
    key += filter.any_site ? 'a' : '-';
    key += filter.own_everywhere ? 'o' : '-';
    // Whose own events counts only where "own" is a condition.
    key += filter.own_everywhere || !filter.own_sites.empty() ? filter.own_user : std::string();
    key += '\r';
    key += filter.user_id;
    return key;
}

}  // namespace

LogTails::LogTails(transport::OutputScheduler& scheduler, storage::LogService& service,
                   const protocol::CursorCodec& codec, Log& log)
    : scheduler_(scheduler),
      service_(service),
      codec_(codec),
      log_(log),
      self_(std::make_shared<LogTails*>(this)) {}

LogTails::~LogTails() {
    *self_ = nullptr;
}

void LogTails::on_commit(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    const auto found = tails_.find(batch->tenant);
    if (found != tails_.end()) {
        found->second->publish(batch);
    }
}

void LogTails::on_head(const std::string& tenant, const storage::LogHead& head) {
    const auto found = tails_.find(tenant);
    if (found != tails_.end() && found->second->epoch() != head.epoch) {
        found->second->on_reset(head);
    }
}

void LogTails::tick(std::int64_t now_ns) {
    ticked_ns_ = now_ns;
    for (auto entry = tails_.begin(); entry != tails_.end();) {
        entry->second->beat(now_ns);
        const bool unused = entry->second->head_known() && entry->second->idle();
        entry = unused ? tails_.erase(entry) : std::next(entry);
    }
}

TenantTail& LogTails::tail(const std::string& tenant) {
    auto& tail = tails_[tenant];
    if (!tail) {
        tail = std::make_unique<TenantTail>(*this, tenant);
    }
    return *tail;
}

void LogTails::resolve(const std::string& tenant, const protocol::LogStart& start,
                       storage::StartDone done) {
    // From here on commits are not missed: the tail exists before the log is asked.
    auto& watched = tail(tenant);
    if (start.kind == protocol::LogStart::Kind::latest && watched.head_known()) {
        done(watched.head_position());
        return;
    }
    auto& loop = scheduler_.loop();
    auto on_loop = [&loop, self = self_, done = std::move(done)](auto found) mutable {
        loop.post(
            [self = std::move(self), done = std::move(done), found = std::move(found)]() mutable {
                if (*self != nullptr) {
                    done(std::move(found));
                }
            });
    };
    storage::resolve_start(service_, codec_, tenant, start, std::move(on_loop));
}

TenantTail::TenantTail(LogTails& tails, std::string tenant)
    : tails_(tails),
      tenant_(std::move(tenant)),
      tenant_hash_(protocol::CursorCodec::hash_tenant(tenant_)),
      encoder_(tails.codec(), tenant_hash_, 1),
      beat_ns_(tails.scheduler().loop().now_ns()) {}

storage::StartPosition TenantTail::head_position() const {
    return {{epoch_, first_pos_, last_pos_}, last_pos_, last_cursor_};
}

void TenantTail::learn_head(const storage::StartPosition& latest) {
    if (head_known_) {
        return;
    }
    head_known_ = true;
    epoch_ = latest.head.epoch;
    first_pos_ = latest.head.first_pos;
    encoder_.set_epoch(epoch_);
    // Commits that came while the question was under way are in the ring already.
    if (latest.head.last_pos > last_pos_ || ring_.empty()) {
        ring_.clear();
        ring_events_ = ring_bytes_ = 0;
        last_pos_ = latest.head.last_pos;
        last_cursor_ = latest.cursor;
        last_cursor_.pos = last_pos_;
    }
    head_cursor_.clear();
    tails_.codec().append(head_cursor_, tenant_hash_, last_cursor_);
}

void TenantTail::publish(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    if (batch->to() <= last_pos_ && head_known_) {
        return;  // the head that we learned included it already
    }
    if (!head_known_) {
        keep(batch);
        last_pos_ = batch->to();
        last_cursor_ = storage::event_cursor(batch->epoch, batch->events.back());
        return;
    }
    if (batch->epoch != epoch_) {
        on_reset({batch->epoch, batch->from(), batch->to()});
        return;
    }
    HUBTRAIL_CHECK(batch->from() == last_pos_ + 1, "commits reach a tail in order, without a gap");
    for (const auto& event : batch->events) {
        encoder_.reset(event);
        offer("*", {}, event);
        offer("*", event.user_id, event);
        offer(event.site_id, {}, event);
        offer(event.site_id, event.user_id, event);
    }
    last_pos_ = batch->to();
    last_cursor_ = storage::event_cursor(epoch_, batch->events.back());
    head_cursor_.clear();
    tails_.codec().append(head_cursor_, tenant_hash_, last_cursor_);
    finish_batch(last_pos_);
    keep(batch);
    wake_waiting();
}

void TenantTail::offer(std::string_view site, std::string_view user,
                       const protocol::LogEvent& event) {
    key_.assign(site);
    key_ += '\n';
    key_ += user;
    const auto found = index_.find(key_);
    if (found == index_.end()) {
        return;
    }
    for (auto* channel : found->second) {
        // A channel can be indexed under several keys that fit one event.
        if (channel->stamp != event.pos) {
            channel->stamp = event.pos;
            if (matches(channel->filter, event)) {
                deliver(*channel, event);
            }
        }
    }
}

void TenantTail::deliver(LogChannel& channel, const protocol::LogEvent& event) {
    if (channel.shape.kind == LogShape::Kind::message) {
        append_framed(channel.stream, channel.shape.framing, encoder_.message(channel.shape));
        return;
    }
    if (channel.matched++ == 0) {
        touched_.push_back(&channel);
    }
    encoder_.append_item(channel.items, *channel.shape.protocol);
    // A frame must not outgrow what a client takes in one piece.
    if (channel.items.size() > kCatchUpBytesMax) {
        last_cursor_ = storage::event_cursor(epoch_, event);
        head_cursor_.clear();
        tails_.codec().append(head_cursor_, tenant_hash_, last_cursor_);
        send_batch(channel, event.pos);
        touched_.erase(std::find(touched_.begin(), touched_.end(), &channel));
    }
}

void TenantTail::finish_batch(std::int64_t to) {
    for (auto* channel : touched_) {
        send_batch(*channel, to);
    }
    touched_.clear();
}

void TenantTail::send_batch(LogChannel& channel, std::int64_t to) {
    record_.clear();
    encoder_.append_batch(record_, channel.shape, channel.last_to + 1, to, head_cursor_,
                          channel.items, channel.matched);
    append_framed(channel.stream, channel.shape.framing, record_);
    channel.items.clear();
    channel.matched = 0;
    channel.last_to = to;
}

void TenantTail::keep(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    const auto bytes_of = [](const storage::CommittedBatch& kept) {
        std::size_t bytes = 0;
        for (const auto& event : kept.events) {
            bytes += event.body.size();
        }
        return bytes;
    };
    ring_.push_back(batch);
    ring_events_ += batch->events.size();
    ring_bytes_ += bytes_of(*batch);
    std::size_t drop = 0;
    while (drop + 1 < ring_.size() &&
           (ring_events_ > kRingEventsMax || ring_bytes_ > kRingBytesMax)) {
        ring_events_ -= ring_[drop]->events.size();
        ring_bytes_ -= bytes_of(*ring_[drop]);
        ++drop;
    }
    ring_.erase(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(drop));
}

bool TenantTail::ring_covers(std::int64_t after_pos) const {
    return !ring_.empty() && ring_.front()->from() <= after_pos + 1 && after_pos < last_pos_;
}

void TenantTail::on_reset(const storage::LogHead& head) {
    // Each one that is lost detaches itself.
    while (!subscribers_.empty()) {
        (*subscribers_.begin())->lose("log-reset", head);
    }
    epoch_ = head.epoch;
    first_pos_ = head.first_pos;
    last_pos_ = head.last_pos;
    last_cursor_ = protocol::Cursor{head.epoch, head.last_pos, 0, 0};
    ring_.clear();
    ring_events_ = ring_bytes_ = 0;
    head_known_ = false;
}

void TenantTail::beat(std::int64_t now_ns) {
    if (now_ns - beat_ns_ < kHeartbeatNs) {
        return;
    }
    beat_ns_ = now_ns;
    for (auto& [key, channel] : channels_) {
        if (channel->shape.kind == LogShape::Kind::batch) {
            record_.clear();
            encoder_.append_heartbeat(record_, channel->shape, head_cursor_);
            append_framed(channel->stream, channel->shape.framing, record_);
        }
    }
}

LogChannel& TenantTail::join(LogSubscription& subscriber) {
    auto& slot = channels_[channel_key(subscriber.filter(), subscriber.shape())];
    if (!slot) {
        slot = std::make_unique<LogChannel>(tails_.scheduler(), subscriber.filter(),
                                            subscriber.shape());
        index(*slot);
    } else if (slot->shape.kind == LogShape::Kind::batch && slot->last_to < last_pos_) {
        // The members' range must end where the newcomer's ended, or its next one would not follow.
        send_batch(*slot, last_pos_);
    }
    slot->last_to = last_pos_;
    subscriber.connection().outbox().join(slot->stream);
    return *slot;
}

void TenantTail::leave(LogSubscription& subscriber, LogChannel& channel) {
    subscriber.connection().outbox().leave(channel.stream);
    if (channel.stream.empty()) {
        unindex(channel);
        channels_.erase(channel_key(channel.filter, channel.shape));
    }
}

void TenantTail::wait(LogSubscription& subscriber) {
    waiting_.push_back(&subscriber);
}

void TenantTail::wake_waiting() {
    // One at a time from the list itself: whoever wakes may end another one that waits, which
    // leaves the list.
    for (auto count = waiting_.size(); count > 0 && !waiting_.empty(); --count) {
        auto* subscriber = waiting_.front();
        waiting_.pop_front();
        subscriber->wake();
    }
}

void TenantTail::attach(LogSubscription& subscriber) {
    subscribers_.insert(&subscriber);
}

void TenantTail::detach(LogSubscription& subscriber) {
    subscribers_.erase(&subscriber);
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), &subscriber), waiting_.end());
}

void TenantTail::index(LogChannel& channel) {
    for (const auto& key : index_keys(channel.filter)) {
        index_[key].push_back(&channel);
    }
}

void TenantTail::unindex(LogChannel& channel) {
    for (const auto& key : index_keys(channel.filter)) {
        auto& list = index_[key];
        list.erase(std::remove(list.begin(), list.end(), &channel), list.end());
        if (list.empty()) {
            index_.erase(key);
        }
    }
}

}  // namespace hubtrail::hub
