#include "hub/log/log_subscription.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace hubtrail::hub {
namespace {

// Records of a message-shaped catch-up that go into one transport message.
constexpr std::size_t kRecordsBytesMax = 64 * 1024;
// A database that could not answer is asked again after this.
constexpr std::int64_t kRetryNs = 250'000'000;

}  // namespace

LogSubscription::LogSubscription(LogTails& tails, transport::Connection& connection,
                                 std::string tenant, protocol::EventFilter filter, LogShape shape,
                                 std::int64_t after_pos, std::uint32_t epoch,
                                 std::function<void(const SubscriptionLoss&)> on_loss)
    : tails_(tails),
      connection_(connection),
      tenant_(std::move(tenant)),
      filter_(std::move(filter)),
      shape_(std::move(shape)),
      after_pos_(after_pos),
      epoch_(epoch),
      on_loss_(std::move(on_loss)),
      encoder_(tails.codec(), protocol::CursorCodec::hash_tenant(tenant_), epoch),
      buffers_(tails.buffers()) {}

LogSubscription::~LogSubscription() {
    HUBTRAIL_CHECK(stopped_ || channel_ == nullptr, "a subscription died live");
}

void LogSubscription::start() {
    auto& tail = tails_.tail(tenant_);
    tail.attach(*this);
    if (tail.head_known()) {
        advance();
        return;
    }
    tails_.resolve(tenant_, protocol::LogStart{}, [weak = weak_from_this()](auto latest) {
        const auto self = weak.lock();
        if (!self || self->stopped_) {
            return;
        }
        if (latest) {
            self->tails_.tail(self->tenant_).learn_head(*latest);
            self->advance();
        } else {
            self->tails_.log().warn("log_unavailable", {{"detail", latest.error().detail}});
            self->later(kRetryNs);
        }
    });
}

void LogSubscription::stop() {
    if (stopped_) {
        return;
    }
    stopped_ = true;
    auto& tail = tails_.tail(tenant_);
    if (channel_ != nullptr) {
        tail.leave(*this, *std::exchange(channel_, nullptr));
    }
    tail.detach(*this);
}

// What was appended up to now is on its way to the peer; from here on it reads for itself.
void LogSubscription::on_congested() {
    if (channel_ != nullptr) {
        auto& tail = tails_.tail(tenant_);
        tail.leave(*this, *std::exchange(channel_, nullptr));
        after_pos_ = tail.head_pos();
    }
    // A peer that does not read costs what it has unsent and a position, nothing more.
    encoder_.rest();
}

void LogSubscription::on_drained() {
    if (!stopped_) {
        advance();
    }
}

void LogSubscription::wake() {
    waiting_ = false;
    advance();
}

void LogSubscription::advance() {
    if (stopped_ || channel_ != nullptr || page_requested_) {
        return;
    }
    auto& outbox = connection_.outbox();
    if (outbox.congested()) {
        return;  // on_drained() comes
    }
    if (outbox.unsent() > transport::kUnsentSoftMax) {
        later(0);  // only the end of the turn shows whether the peer takes it
        return;
    }
    auto& tail = tails_.tail(tenant_);
    if (!tail.head_known()) {
        start();
    } else if (tail.epoch() != epoch_) {
        lose("log-reset", tail.head_position().head);
    } else if (after_pos_ == tail.head_pos()) {
        go_live();
    } else if (after_pos_ > tail.head_pos()) {
        // The database was read ahead of the commit's announcement, which is on its way.
        if (!std::exchange(waiting_, true)) {
            tail.wait(*this);
        }
    } else if (tail.ring_covers(after_pos_)) {
        read_ring();
        later(0);
    } else {
        request_page();
    }
}

void LogSubscription::go_live() {
    auto& tail = tails_.tail(tenant_);
    if (shape_.kind == LogShape::Kind::batch && !std::exchange(announced_live_, true)) {
        std::string record;
        encoder_.append_live(record, shape_, tail.head_cursor());
        connection_.send(record, 1);
        encoder_.rest();
    }
    channel_ = &tail.join(*this);
}

void LogSubscription::read_ring() {
    auto& tail = tails_.tail(tenant_);
    std::size_t events = 0;
    std::int64_t to = after_pos_;
    protocol::Cursor to_cursor;
    std::size_t bytes = 0;
    tail.visit_ring(after_pos_, [&](const protocol::LogEvent& event) {
        to = event.pos;
        to_cursor = storage::event_cursor(epoch_, event);
        if (matches(filter_, event)) {
            add(event);
            bytes += event.body.size();
        }
        return ++events < kCatchUpEventsMax && bytes < kCatchUpBytesMax;
    });
    send_range(to, to_cursor);
}

void LogSubscription::request_page() {
    page_requested_ = true;
    storage::ReadRequest request;
    request.tenant = tenant_;
    request.after_pos = after_pos_;
    request.events_max = kCatchUpEventsMax;
    request.bytes_max = kCatchUpBytesMax;
    request.filter = filter_;
    auto& loop = connection_.loop();
    tails_.service().read(std::move(request), [&loop, weak = weak_from_this()](auto page) mutable {
        auto shared = std::make_shared<Result<storage::Page, storage::StoreError>>(std::move(page));
        loop.post([weak = std::move(weak), shared] {
            if (const auto self = weak.lock()) {
                self->on_page(std::move(*shared));
            }
        });
    });
}

void LogSubscription::on_page(Result<storage::Page, storage::StoreError> page) {
    page_requested_ = false;
    if (stopped_) {
        return;
    }
    if (!page) {
        tails_.log().warn("log_unavailable", {{"detail", page.error().detail}});
        later(kRetryNs);
        return;
    }
    // For a peer that has stopped reading the page is read again when it goes on.
    if (!connection_.outbox().congested() && take_page(*page)) {
        advance();
    }
}

// False when the subscription ended with it.
bool LogSubscription::take_page(storage::Page& page) {
    if (page.head.epoch != epoch_) {
        lose("log-reset", page.head);
        return false;
    }
    if (page.head.first_pos > after_pos_ + 1) {
        lose("expired", page.head);
        return false;
    }
    // The next page is fetched while this one is encoded and sent.
    const auto next = page.to;
    if (next < page.head.last_pos && !tails_.tail(tenant_).ring_covers(next)) {
        const auto here = std::exchange(after_pos_, next);
        request_page();
        after_pos_ = here;
    }
    for (const auto& event : page.events) {
        add(event);
    }
    send_range(next, storage::page_cursor(page));
    return true;
}

void LogSubscription::add(const protocol::LogEvent& event) {
    encoder_.reset(event);
    if (shape_.kind == LogShape::Kind::batch) {
        encoder_.append_item(buffers_.items, *shape_.protocol);
        ++buffers_.items_count;
        return;
    }
    buffers_.records += encoder_.message(shape_);
    ++buffers_.records_count;
    if (buffers_.records.size() > kRecordsBytesMax) {
        flush_records();
    }
}

void LogSubscription::send_range(std::int64_t to, const protocol::Cursor& to_cursor) {
    if (shape_.kind == LogShape::Kind::batch) {
        std::string cursor;
        tails_.codec().append(cursor, protocol::CursorCodec::hash_tenant(tenant_), to_cursor);
        buffers_.records.clear();
        encoder_.append_batch(buffers_.records, shape_, after_pos_ + 1, to, cursor, buffers_.items,
                              buffers_.items_count);
        buffers_.records_count = 1;
        buffers_.items.clear();
        buffers_.items_count = 0;
    }
    flush_records();
    after_pos_ = to;
    // A reader that has caught up holds no buffers.
    if (to == tails_.tail(tenant_).head_pos()) {
        encoder_.rest();
    }
}

void LogSubscription::flush_records() {
    if (!buffers_.records.empty()) {
        connection_.send(buffers_.records, buffers_.records_count);
        buffers_.records.clear();
        buffers_.records_count = 0;
    }
}

void LogSubscription::later(std::int64_t delay_ns) {
    if (std::exchange(later_, true)) {
        return;
    }
    auto task = [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->later_ = false;
            self->advance();
        }
    };
    if (delay_ns == 0) {
        connection_.loop().post(std::move(task));
    } else {
        connection_.loop().call_after(delay_ns, std::move(task));
    }
}

void LogSubscription::lose(const char* reason, const storage::LogHead& head) {
    const auto keep = shared_from_this();  // on_loss may drop the last owner
    stop();
    SubscriptionLoss loss;
    loss.reason = reason;
    protocol::Cursor cursor;
    cursor.epoch = head.epoch;
    cursor.pos = head.first_pos - 1;
    loss.oldest_cursor = tails_.codec().encode(tenant_, cursor);
    cursor.pos = head.last_pos;
    loss.latest_cursor = tails_.codec().encode(tenant_, cursor);
    loss.lost_at_least = std::max<std::int64_t>(0, head.first_pos - 1 - after_pos_);
    on_loss_(loss);
}

}  // namespace hubtrail::hub
