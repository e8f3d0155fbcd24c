#include "rest/changes_poll.h"

#include <utility>

#include "edge/errors.h"
#include "rest/answers.h"
#include "rest/changes_answer.h"
#include "rest/on_loop.h"

namespace hubtrail::rest {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kJitterPart = 10;  // deadlines come up to a tenth early

}  // namespace

ChangesPoll::ChangesPoll(const ApiContext& context, PollRoom& room, std::string tenant,
                         SyncQuery query, protocol::EventFilter filter, transport::HttpReply reply)
    : context_(context),
      room_(room),
      tenant_(std::move(tenant)),
      query_(std::move(query)),
      filter_(std::move(filter)),
      reply_(std::move(reply)) {}

void ChangesPoll::resolve() {
    state_ = State::resolving;
    storage::resolve_start(
        context_.service, context_.codec, tenant_, query_.log.start.value_or(protocol::LogStart{}),
        on_loop(context_.loop,
                [self = shared_from_this()](const auto& start) { self->on_start(start); }));
}

void ChangesPoll::on_start(const Result<storage::StartPosition, storage::PositionError>& start) {
    if (!start) {
        answer(edge::make_problem(start.error(), context_.codec, tenant_));
        return;
    }
    epoch_ = start->head.epoch;
    after_pos_ = start->after_pos;
    if (!page_) {
        first_after_pos_ = after_pos_;
    }
    read();
}

void ChangesPoll::read() {
    state_ = State::reading;
    commit_seen_ = false;
    watch();
    storage::ReadRequest request;
    request.tenant = tenant_;
    request.after_pos = after_pos_;
    request.events_max = query_.limit;
    request.bytes_max = kPageBodyBytesMax;
    request.scan_max = kPageScanMax;
    request.filter = filter_;
    context_.service.read(std::move(request),
                          on_loop(context_.loop, [self = shared_from_this()](auto page) {
                              self->on_page(std::move(page));
                          }));
}

void ChangesPoll::on_page(Result<storage::Page, storage::StoreError> page) {
    if (std::exchange(has_turn_, false)) {
        room_.end_turn();
    }
    if (!page) {
        answer(edge::make_problem(page.error()));
        return;
    }
    if (moved(*page)) {
        restart();
        return;
    }
    after_pos_ = page->to;
    page_ = std::move(*page);
    const bool at_head = page_->to >= page_->head.last_pos;
    if (query_.wait_s == 0 || expired_ || !page_->events.empty() || !at_head) {
        answer_page();
        return;
    }
    wait();
}

bool ChangesPoll::moved(const storage::Page& page) const {
    return page.head.epoch != epoch_ || page.head.first_pos > after_pos_ + 1 ||
           page.to < after_pos_;
}

// What was read so far counts: its cursor says whether that place still exists, and else what to
// answer.
void ChangesPoll::restart() {
    if (++restarts_ > kRestartsMax) {
        answer(edge::make_unavailable());
        return;
    }
    if (page_) {
        query_.log.start = {protocol::LogStart::Kind::cursor, 0,
                            context_.codec.encode(tenant_, storage::page_cursor(*page_))};
    }
    resolve();
}

void ChangesPoll::wait() {
    if (!in_room_) {
        answer(make_overloaded("too many requests wait for changes"));
        return;
    }
    if (timer_id_ == 0) {
        timer_id_ = context_.loop.call_after(deadline_ns(),
                                             [self = shared_from_this()] { self->on_deadline(); });
    }
    if (commit_seen_) {
        queue();
        return;
    }
    state_ = State::waiting;
    watch();  // from where this page ended: what it has already shown must not wake us
}

void ChangesPoll::watch() {
    if (query_.wait_s == 0 || expired_) {
        return;
    }
    in_room_ = in_room_ || room_.enter(*this);
    if (!in_room_) {
        return;
    }
    context_.tail.cancel(watch_id_);
    watch_id_ = context_.tail.wait_for_commit(tenant_, after_pos_,
                                              [self = shared_from_this()] { self->on_commit(); });
}

void ChangesPoll::on_commit() {
    watch_id_ = 0;
    commit_seen_ = true;
    if (state_ == State::waiting) {
        queue();
    }
}

void ChangesPoll::on_deadline() {
    timer_id_ = 0;
    expired_ = true;
    if (state_ == State::waiting) {
        queue();
    }
}

void ChangesPoll::finish() {
    expired_ = true;
    if (state_ == State::waiting || state_ == State::queued) {
        answer_page();
    }
}

void ChangesPoll::queue() {
    state_ = State::queued;
    room_.queue(shared_from_this());
}

bool ChangesPoll::begin_turn() {
    if (state_ != State::queued) {
        return false;
    }
    has_turn_ = true;
    read();
    return true;
}

std::int64_t ChangesPoll::deadline_ns() const {
    const auto wait_ns = query_.wait_s * kSecondNs;
    const auto spread = static_cast<std::uint64_t>(wait_ns / kJitterPart) + 1;
    return wait_ns - static_cast<std::int64_t>(context_.random.below(spread));
}

void ChangesPoll::answer_page() {
    const std::string_view share_id = query_.log.sites.size() == 1
                                          ? std::string_view(query_.log.sites.front())
                                          : std::string_view{};
    auto response = make_json(
        200, make_changes_body(context_.codec, tenant_, first_after_pos_ + 1, *page_, share_id));
    if (query_.wait_preferred) {
        response.headers.emplace_back("Preference-Applied",
                                      "wait=" + std::to_string(query_.wait_s));
    }
    answer(std::move(response));
}

void ChangesPoll::answer(transport::HttpResponse response) {
    const auto self = shared_from_this();  // the timer and the watch may be the last owners
    state_ = State::answered;
    context_.loop.cancel(timer_id_);
    context_.tail.cancel(watch_id_);
    if (in_room_) {
        room_.leave(*this);
    }
    const auto reply = std::exchange(reply_, nullptr);
    reply(std::move(response));
}

}  // namespace hubtrail::rest
