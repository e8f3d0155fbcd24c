#include "follow/follower.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "storage/position.h"

namespace hubtrail::follow {

Follower::Follower(Tails& tails, Sink& sink, Following following)
    : tails_(tails),
      sink_(sink),
      following_(std::move(following)),
      after_pos_(following_.after_pos) {}

Follower::~Follower() {
    HUBTRAIL_CHECK(stopped_ || tail_ == nullptr, "a follower was not stopped");
}

void Follower::start() {
    HUBTRAIL_CHECK(tail_ == nullptr && !stopped_, "a follower starts once");
    tail_ = &tails_.tail(following_.tenant);
    tail_->attach(*this);
    advance();
}

void Follower::stop() {
    if (std::exchange(stopped_, true) || tail_ == nullptr) {
        return;
    }
    leave_channel();
    tail_->forget(std::exchange(ticket_, 0));
    tail_->detach(*this);
}

void Follower::pause() {
    leave_channel();
}

void Follower::resume() {
    advance();
}

void Follower::wake() {
    ticket_ = 0;
    advance();
}

void Follower::on_gap() {
    if (channel_ != nullptr) {
        leave_channel();
        advance_later();
    }
}

// What the channel was told, each member has; the head as it is now is where that ends.
void Follower::leave_channel() {
    if (channel_ != nullptr) {
        after_pos_ = tail_->head_pos();
        tail_->leave(*std::exchange(channel_, nullptr), *sink_.sharing());
    }
}

void Follower::advance() {
    if (stopped_ || channel_ != nullptr || reading_ || retrying_ || ticket_ != 0) {
        return;
    }
    if (!tail_->head_known()) {
        wait();
        tail_->learn_head();
        return;
    }
    if (!check_epoch()) {
        return;
    }
    if (after_pos_ > tail_->head_pos()) {
        wait();  // the store was read before this loop was told of the commit
        return;
    }
    const bool at_head = after_pos_ == tail_->head_pos();
    if (at_head && sink_.sharing() == nullptr) {
        wait();
        announce_live();
        return;
    }
    switch (sink_.credit()) {
        case Credit::closed:
            return;
        case Credit::next_turn:
            advance_later();
            return;
        case Credit::open:
            break;
    }
    if (at_head) {
        go_live();
    } else if (tail_->ring().reaches(after_pos_)) {
        read_ring();
    } else {
        request_page(after_pos_);
    }
}

// False: it has ended, or the tail has to catch up with it.
bool Follower::check_epoch() {
    if (tail_->epoch() == following_.epoch) {
        return true;
    }
    if (tail_->epoch() > following_.epoch) {
        lose(Loss::Reason::log_reset, tail_->head());
    } else {
        wait();  // it was resolved after a reset that this loop has not been told
        tail_->learn_head();
    }
    return false;
}

void Follower::wait() {
    ticket_ = tail_->wait(*this);
}

void Follower::announce_live() {
    if (!std::exchange(announced_live_, true)) {
        sink_.on_live(tail_->head_cursor());
    }
}

void Follower::go_live() {
    const auto keep = shared_from_this();
    announce_live();
    if (!stopped_) {
        channel_ = &tail_->join(following_.filter, *sink_.sharing());
    }
}

void Follower::read_ring() {
    const auto keep = shared_from_this();
    protocol::Cursor to;
    std::size_t events = 0;
    std::size_t bytes = 0;
    tail_->ring().visit(after_pos_, [&](const protocol::LogEvent& event) {
        if (matches(following_.filter, event)) {
            if (events > 0 && bytes + event.body.size() > following_.bytes_max) {
                return false;
            }
            sink_.on_event(event);
            bytes += event.body.size();
            ++events;
        }
        to = storage::event_cursor(following_.epoch, event);
        return !stopped_ && events < following_.events_max;
    });
    if (stopped_) {
        return;
    }
    give_range(to, tail_->head());
    advance_later();
}

void Follower::request_page(std::int64_t after_pos) {
    reading_ = true;
    storage::ReadRequest request;
    request.tenant = following_.tenant;
    request.after_pos = after_pos;
    request.events_max = following_.events_max;
    request.bytes_max = following_.bytes_max;
    request.scan_max = following_.scan_max;
    request.filter = following_.filter;
    tails_.service().read(std::move(request),
                          [&loop = tails_.loop(), weak = weak_from_this()](auto page) mutable {
                              loop.post([weak = std::move(weak), page = std::move(page)] {
                                  if (const auto self = weak.lock()) {
                                      self->on_page(page);
                                  }
                              });
                          });
}

void Follower::on_page(const Result<storage::Page, storage::StoreError>& page) {
    reading_ = false;
    if (stopped_) {
        return;
    }
    if (!page) {
        storage::passes(page.error().code) ? retry() : fail(page.error());
        return;
    }
    retry_.over();
    // For a sink that has stopped taking the page is read again when it goes on.
    if (sink_.credit() != Credit::closed) {
        take_page(*page);
    }
}

void Follower::take_page(const storage::Page& page) {
    const auto keep = shared_from_this();
    if (page.head.epoch > following_.epoch) {
        lose(Loss::Reason::log_reset, page.head);
        return;
    }
    if (page.head.first_pos > after_pos_ + 1) {
        lose(Loss::Reason::expired, page.head);
        return;
    }
    if (page.to <= after_pos_) {
        retry();  // a log that is behind what it showed before
        return;
    }
    // The next page is fetched while this one is encoded and sent.
    if (following_.ahead == Following::Ahead::one_page && page.to < page.head.last_pos &&
        !tail_->ring().reaches(page.to)) {
        request_page(page.to);
    }
    for (const auto& event : page.events) {
        sink_.on_event(event);
        if (stopped_) {
            return;
        }
    }
    give_range(storage::page_cursor(page), page.head);
    advance();
}

void Follower::give_range(const protocol::Cursor& to, const storage::LogHead& head) {
    const Range range{std::exchange(after_pos_, to.pos) + 1, to, head};
    sink_.on_range(range);
}

void Follower::advance_later() {
    if (stopped_ || std::exchange(later_, true)) {
        return;
    }
    tails_.loop().post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->later_ = false;
            self->advance();
        }
    });
}

void Follower::retry() {
    retrying_ = true;
    tails_.loop().call_after(retry_.next_ns(), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->retrying_ = false;
            self->advance();
        }
    });
}

void Follower::on_epoch(const storage::LogHead& head) {
    if (head.epoch > following_.epoch) {
        lose(Loss::Reason::log_reset, head);
    }
}

void Follower::lose(Loss::Reason reason, const storage::LogHead& head) {
    const auto keep = shared_from_this();  // the sink may let go of us
    stop();
    sink_.on_lost({reason, head, std::max<std::int64_t>(0, head.first_pos - 1 - after_pos_)});
}

void Follower::fail(const storage::StoreError& error) {
    const auto keep = shared_from_this();
    ticket_ = 0;
    stop();
    sink_.on_failed(error);
}

}  // namespace hubtrail::follow
