#include "follow/tenant_tail.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "follow/follower.h"
#include "follow/tails.h"
#include "storage/position.h"

namespace hubtrail::follow {
namespace {

constexpr std::int64_t kPastTheHead = std::numeric_limits<std::int64_t>::max() / 2;

}  // namespace

TenantTail::TenantTail(Tails& tails, std::string tenant)
    : tails_(tails), tenant_(std::move(tenant)), beat_ns_(tails.loop().now_ns()) {}

void TenantTail::learn_head() {
    if (std::exchange(learning_, true)) {
        return;
    }
    storage::ReadRequest request;
    request.tenant = tenant_;
    request.after_pos = kPastTheHead;
    request.events_max = 1;
    tails_.service().read(std::move(request),
                          [&loop = tails_.loop(), weak = weak_from_this()](auto page) mutable {
                              loop.post([weak = std::move(weak), page = std::move(page)] {
                                  if (const auto self = weak.lock()) {
                                      self->learning_ = false;
                                      self->on_learned(page);
                                  }
                              });
                          });
}

void TenantTail::on_learned(const Result<storage::Page, storage::StoreError>& page) {
    if (!page && !storage::passes(page.error().code)) {
        fail_waiting(page.error());
        return;
    }
    if (!page || page->head.epoch < epoch_) {
        learn_later();  // the log cannot be read, or shows less than we were told
        return;
    }
    retry_.over();
    if (head_known_) {
        on_head(page->head);  // asked by a follower that knows more than we do
        return;
    }
    if (std::exchange(outdated_, false)) {
        learn_head();
        return;
    }
    // Commits that came while the question was under way are in the ring already.
    if (page->head.epoch > epoch_ || page->head.last_pos > last_pos_ || ring_.empty()) {
        ring_.clear();
        move_head(page->head.last_pos, storage::page_cursor(*page));
    }
    epoch_ = page->head.epoch;
    first_pos_ = page->head.first_pos;
    head_known_ = true;
    wake_waiting();
}

void TenantTail::learn_later() {
    learning_ = true;
    tails_.loop().call_after(retry_.next_ns(), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->learning_ = false;
            self->learn_head();
        }
    });
}

void TenantTail::publish(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    if (!head_known_) {
        remember(batch);
        return;
    }
    if (batch->epoch > epoch_) {
        // Where the new epoch begins the log has to say: this need not be its first batch.
        forget_head();
        remember(batch);
        learn_head();
        return;
    }
    if (batch->epoch < epoch_ || batch->to() <= last_pos_) {
        return;  // told again or late: those who lacked it have read it, or will
    }
    if (batch->from() > last_pos_ + 1) {
        scatter();
        ring_.clear();
    } else {
        for (const auto& event : batch->events) {
            if (event.pos > last_pos_) {
                channels_.publish({event, epoch_, tails_.next_serial()});
            }
        }
    }
    move_head(batch->to(), storage::event_cursor(epoch_, batch->events.back()));
    channels_.finish(last_cursor_);
    ring_.keep(batch);
    wake_waiting();
}

// The head is being asked for, or will be; what comes until then follows it or is part of it.
void TenantTail::remember(const std::shared_ptr<const storage::CommittedBatch>& batch) {
    if (batch->epoch < epoch_ || (!ring_.empty() && batch->to() <= last_pos_)) {
        return;
    }
    if (batch->epoch > epoch_ || ring_.empty() || batch->from() > last_pos_ + 1) {
        ring_.clear();
    }
    epoch_ = batch->epoch;
    move_head(batch->to(), storage::event_cursor(batch->epoch, batch->events.back()));
    ring_.keep(batch);
}

void TenantTail::on_head(const storage::LogHead& head) {
    if (!head_known_) {
        // The answer that is awaited may be older than this.
        outdated_ = learning_;
        if (head.epoch > epoch_) {
            epoch_ = head.epoch;
            ring_.clear();
        }
        return;
    }
    if (head.epoch > epoch_) {
        reset(head);
    } else if (head.epoch == epoch_ && head.last_pos > last_pos_) {
        forget_head();
        learn_head();
    } else if (head.epoch == epoch_) {
        first_pos_ = std::max(first_pos_, head.first_pos);
    }
}

void TenantTail::reset(const storage::LogHead& head) {
    forget_head();
    epoch_ = head.epoch;
    first_pos_ = head.first_pos;
    last_pos_ = head.last_pos;
    // Each may end others, so each is looked up when its turn comes.
    const std::vector<Follower*> present(followers_.begin(), followers_.end());
    for (auto* follower : present) {
        if (followers_.count(follower) > 0) {
            follower->on_epoch(head);
        }
    }
    if (!waiting_.empty()) {
        learn_head();
    }
}

void TenantTail::forget_head() {
    scatter();
    head_known_ = false;
    ring_.clear();
}

// There is something between where the live ones stand and the head: each reads it for itself.
void TenantTail::scatter() {
    for (auto* follower : followers_) {
        follower->on_gap();
    }
}

void TenantTail::move_head(std::int64_t pos, const protocol::Cursor& cursor) {
    last_pos_ = pos;
    last_cursor_ = cursor;
    last_cursor_.pos = pos;
}

void TenantTail::beat(std::int64_t now_ns) {
    if (now_ns - beat_ns_ < kBeatNs) {
        return;
    }
    beat_ns_ = now_ns;
    channels_.beat(last_cursor_);
}

void TenantTail::end() {
    while (!followers_.empty()) {
        (*followers_.begin())->stop();
    }
}

void TenantTail::attach(Follower& follower) {
    followers_.insert(&follower);
}

void TenantTail::detach(Follower& follower) {
    followers_.erase(&follower);
}

std::uint64_t TenantTail::wait(Follower& follower) {
    waiting_.emplace_hint(waiting_.end(), ++last_ticket_, &follower);
    return last_ticket_;
}

void TenantTail::wake_waiting() {
    // One at a time from the list itself: whoever wakes may end another one that waits, which
    // leaves the list, or wait again, behind those of now.
    const auto last = last_ticket_;
    while (!waiting_.empty() && waiting_.begin()->first <= last) {
        auto* follower = waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        follower->wake();
    }
}

void TenantTail::fail_waiting(const storage::StoreError& error) {
    const auto last = last_ticket_;
    while (!waiting_.empty() && waiting_.begin()->first <= last) {
        auto* follower = waiting_.begin()->second;
        waiting_.erase(waiting_.begin());
        follower->fail(error);
    }
}

}  // namespace hubtrail::follow
