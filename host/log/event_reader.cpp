#include "host/log/event_reader.h"

#include <utility>

#include "auth/principal.h"
#include "auth/visibility.h"
#include "edge/errors.h"
#include "protocol/event.h"

namespace hubtrail::host {
namespace {

/// The program itself, whom nothing is hidden from.
auth::Principal program() {
    auth::Principal all;
    all.sites["*"] = auth::SiteRole::admin;
    return all;
}

}  // namespace

EventReading::~EventReading() {
    end();
}

void EventReading::start(LogLoop& loop) {
    if (stopped_) {
        return;  // before there was a loop
    }
    loop_ = &loop;
    loop.readings[this] = shared_from_this();
    tenant_hash_ = protocol::CursorCodec::hash_tenant(tenant_);
    if (query_) {
        resolve();
        return;
    }
    const auto& error = query_.error();
    finish({FollowEnd::Kind::bad_query,
            std::string(error.field) + ": expected " + std::string(error.expected),
            {},
            {},
            0});
}

void EventReading::end() {
    stopped_ = true;
    if (const auto follower = std::exchange(follower_, nullptr)) {
        follower->stop();
    }
    if (auto* const loop = std::exchange(loop_, nullptr)) {
        loop->readings.erase(this);  // may be the last owner
    }
}

void EventReading::resolve() {
    loop_->tails.resolve(tenant_, query_->start.value_or(protocol::LogStart{}),
                         [weak = weak_from_this()](const auto& start) {
                             const auto self = weak.lock();
                             if (self && !self->stopped_) {
                                 self->on_start(start);
                             }
                         });
}

void EventReading::on_start(const Result<storage::StartPosition, storage::PositionError>& start) {
    if (!start) {
        refuse(start.error());
        return;
    }
    const auto filter = auth::make_visibility(program(), *query_);
    if (!filter) {
        finish({FollowEnd::Kind::bad_query, filter.error(), {}, {}, 0});
        return;
    }
    epoch_ = start->head.epoch;
    follow::Following following;
    following.tenant = tenant_;
    following.filter = *filter;
    following.after_pos = start->after_pos;
    following.epoch = epoch_;
    following.events_max = kFollowRunEventsMax;
    follower_ = std::make_shared<follow::Follower>(loop_->tails, *this, std::move(following));
    follower_->start();
}

void EventReading::refuse(const storage::PositionError& error) {
    if (error.passes()) {
        loop_->tails.loop().call_after(retry_.next_ns(), [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self && !self->stopped_) {
                self->resolve();
            }
        });
        return;
    }
    FollowEnd end;
    end.kind = error.code == storage::PositionErrc::failed ? FollowEnd::Kind::failed
               : error.is_loss()                           ? FollowEnd::Kind::lost
                                                           : FollowEnd::Kind::bad_start;
    end.text = edge::text_of(error.code);
    if (error.is_loss()) {
        end.oldest_cursor = encode(error.oldest);
        end.latest_cursor = encode(error.latest);
        end.lost_at_least = error.lost_at_least;
    }
    finish(end);
}

follow::Credit EventReading::credit() {
    return paused_ || stopped_ ? follow::Credit::closed : follow::Credit::open;
}

void EventReading::resume() {
    if (follower_ && !stopped_) {
        follower_->resume();
    }
}

// In each call the program may let go of the reader.
void EventReading::on_event(const protocol::LogEvent& event) {
    const auto keep = shared_from_this();
    if (stopped_) {
        return;
    }
    cursor_ = encode(storage::event_cursor(epoch_, event));
    json_.clear();
    protocol::append_event_json(json_, event, cursor_);
    listener_->on_event({event.pos, json_, cursor_});
}

void EventReading::on_range(const follow::Range& range) {
    const auto keep = shared_from_this();
    if (!stopped_) {
        listener_->on_cursor(encode(range.cursor));
    }
}

void EventReading::on_live(const protocol::Cursor&) {
    const auto keep = shared_from_this();
    if (!stopped_) {
        listener_->on_live();
    }
}

void EventReading::on_lost(const follow::Loss& loss) {
    const bool expired = loss.reason == follow::Loss::Reason::expired;
    const auto code = expired ? storage::PositionErrc::expired : storage::PositionErrc::reset;
    finish({FollowEnd::Kind::lost, std::string(edge::text_of(code)),
            encode({loss.head.epoch, loss.head.first_pos - 1, 0, 0}),
            encode({loss.head.epoch, loss.head.last_pos, 0, 0}), loss.lost_at_least});
}

void EventReading::on_failed(const storage::StoreError& error) {
    finish({FollowEnd::Kind::failed, error.detail, {}, {}, 0});
}

void EventReading::finish(const FollowEnd& end) {
    const auto keep = shared_from_this();
    if (!stopped_.exchange(true)) {
        listener_->on_end(end);
    }
    this->end();
}

std::string EventReading::encode(const protocol::Cursor& cursor) const {
    std::string text;
    loop_->tails.codec().append(text, tenant_hash_, cursor);
    return text;
}

EventReader::EventReader(LogFeature& log, std::shared_ptr<EventReading> reading)
    : log_(log), reading_(std::move(reading)) {
    log_.when_shown([weak = std::weak_ptr(reading_)](LogLoop& loop) {
        if (const auto reading_of = weak.lock()) {
            reading_of->start(loop);
        }
    });
}

void EventReader::stop() {
    reading_->stop();
    log_.on_first_loop([reading = reading_](LogLoop&) { reading->end(); });
}

void EventReader::pause() {
    reading_->set_paused(true);
}

void EventReader::resume() {
    reading_->set_paused(false);
    log_.on_first_loop([reading = reading_](LogLoop&) { reading->resume(); });
}

}  // namespace hubtrail::host
