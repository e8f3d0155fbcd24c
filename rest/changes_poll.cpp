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

ChangesPoll::~ChangesPoll() {
    stop_following();
}

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
    if (!has_range_) {
        range_.from = start->after_pos + 1;
    }
    range_.cursor = start->cursor;
    range_.cursor.pos = start->after_pos;
    range_.cursor.epoch = start->head.epoch;
    in_room_ = in_room_ || (query_.wait_s > 0 && room_.enter(*this));
    read();
}

void ChangesPoll::read() {
    state_ = State::reading;
    storage::ReadRequest request;
    request.tenant = tenant_;
    request.after_pos = range_.cursor.pos;
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
    if (!page) {
        answer(edge::make_problem(page.error()));
        return;
    }
    if (moved(*page)) {
        restart();
        return;
    }
    has_range_ = true;
    range_.cursor = storage::page_cursor(*page);
    range_.head = page->head;
    events_ = std::move(page->events);
    const bool at_head = page->to >= page->head.last_pos;
    if (query_.wait_s == 0 || expired_ || !events_.empty() || !at_head) {
        answer_range();
        return;
    }
    wait();
}

bool ChangesPoll::moved(const storage::Page& page) const {
    return page.head.epoch != range_.cursor.epoch || page.head.first_pos > range_.cursor.pos + 1 ||
           page.to < range_.cursor.pos;
}

// What was read so far counts: its cursor says whether that place still exists, and else what to
// answer.
void ChangesPoll::restart() {
    if (++restarts_ > kRestartsMax) {
        answer(edge::make_unavailable());
        return;
    }
    if (has_range_) {
        query_.log.start = {protocol::LogStart::Kind::cursor, 0,
                            context_.codec.encode(tenant_, range_.cursor)};
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
    state_ = State::waiting;
    follow::Following following;
    following.tenant = tenant_;
    following.filter = filter_;
    following.after_pos = range_.cursor.pos;
    following.epoch = range_.cursor.epoch;
    following.events_max = query_.limit;
    following.bytes_max = kPageBodyBytesMax;
    following.scan_max = kPageScanMax;
    following.ahead = follow::Following::Ahead::none;  // the first event ends it
    follower_ = std::make_shared<follow::Follower>(context_.tails, *this, std::move(following));
    follower_->start();
}

// There is something to read: in turns, since the commit may have woken many.
follow::Credit ChangesPoll::credit() {
    if (turn_ == Turn::none) {
        turn_ = room_.ask_turn(shared_from_this()) ? Turn::begun : Turn::queued;
    }
    return turn_ == Turn::begun ? follow::Credit::open : follow::Credit::closed;
}

bool ChangesPoll::begin_turn() {
    if (state_ != State::waiting || turn_ != Turn::queued) {
        return false;
    }
    turn_ = Turn::begun;
    follower_->resume();
    return true;
}

void ChangesPoll::on_event(const protocol::LogEvent& event) {
    events_.push_back(event);
}

void ChangesPoll::on_range(const follow::Range& range) {
    range_.cursor = range.cursor;
    range_.head = range.head;
    if (events_.empty()) {
        end_turn();  // hidden ones move its cursor and leave it waiting
    } else {
        answer_range();
    }
}

void ChangesPoll::on_lost(const follow::Loss&) {
    const auto self = shared_from_this();
    end_turn();
    follower_.reset();
    restart();
}

void ChangesPoll::on_failed(const storage::StoreError& error) {
    answer(edge::make_problem(error));
}

void ChangesPoll::on_deadline() {
    timer_id_ = 0;
    finish();
}

void ChangesPoll::finish() {
    expired_ = true;
    if (state_ == State::waiting) {
        answer_range();
    }
}

void ChangesPoll::end_turn() {
    if (std::exchange(turn_, Turn::none) == Turn::begun) {
        room_.end_turn();
    }
}

void ChangesPoll::stop_following() {
    if (follower_) {
        follower_->stop();
    }
}

std::int64_t ChangesPoll::deadline_ns() const {
    const auto wait_ns = query_.wait_s * kSecondNs;
    const auto spread = static_cast<std::uint64_t>(wait_ns / kJitterPart) + 1;
    return wait_ns - static_cast<std::int64_t>(context_.random.below(spread));
}

void ChangesPoll::answer_range() {
    const std::string_view share_id = query_.log.sites.size() == 1
                                          ? std::string_view(query_.log.sites.front())
                                          : std::string_view{};
    auto response =
        make_json(200, make_changes_body(context_.codec, tenant_, range_, events_, share_id));
    if (query_.wait_preferred) {
        response.headers.emplace_back("Preference-Applied",
                                      "wait=" + std::to_string(query_.wait_s));
    }
    answer(std::move(response));
}

void ChangesPoll::answer(transport::HttpResponse response) {
    const auto self = shared_from_this();  // the timer may be the last owner
    state_ = State::answered;
    context_.loop.cancel(timer_id_);
    stop_following();
    if (in_room_) {
        room_.leave(*this);
    }
    const auto reply = std::exchange(reply_, nullptr);
    reply(std::move(response));
    end_turn();
}

}  // namespace hubtrail::rest
