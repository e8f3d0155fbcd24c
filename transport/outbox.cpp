#include "transport/outbox.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace hubtrail::transport {
namespace {

// Slices in one gathered write. More ranges than this go in further writes of the same turn.
constexpr std::size_t kSlicesMax = 64;

// An idle connection keeps no more room than this for ranges.
constexpr std::size_t kRangesKept = 4;

void append_bytes(Segment* segment, std::string_view head, std::string_view body) {
    std::memcpy(segment->data() + segment->used, head.data(), head.size());
    segment->used += static_cast<std::uint32_t>(head.size());
    if (!body.empty()) {
        std::memcpy(segment->data() + segment->used, body.data(), body.size());
        segment->used += static_cast<std::uint32_t>(body.size());
    }
}

template <typename T>
void forget(std::vector<T*>& list, T* item) {
    std::replace(list.begin(), list.end(), item, static_cast<T*>(nullptr));
}

}  // namespace

Outbox::Outbox(OutputScheduler& scheduler, Socket& socket, OutboxOwner& owner)
    : scheduler_(scheduler), socket_(socket), owner_(owner) {}

Outbox::~Outbox() {
    while (!memberships_.empty()) {
        leave(*memberships_.back().stream);
    }
    for (std::size_t i = first_; i < ranges_.size(); ++i) {
        scheduler_.pool_.release(ranges_[i].segment);
    }
    if (dirty_) {
        forget(scheduler_.dirty_, this);
    }
    if (reported_) {
        forget(scheduler_.to_report_, this);
    }
}

void Outbox::send(std::string_view head, std::string_view body, std::uint32_t counted) {
    if (failed_ || head.size() + body.size() == 0) {
        return;
    }
    pull_shared();
    const auto range = scheduler_.copy_to_arena(head, body);
    if (history_ && counted > 0) {
        history_->add(range.view(), counted, SentHistory::Layout::one);
    }
    append(range);
    mark_dirty();
}

void Outbox::send_frame(const FrameRef& frame, std::uint32_t counted) {
    if (failed_) {
        return;
    }
    pull_shared();
    if (history_ && counted > 0) {
        history_->add(frame.range().view(), counted, SentHistory::Layout::one);
    }
    SegmentPool::retain(frame.range().segment);
    append(frame.range());
    mark_dirty();
}

void Outbox::keep_history(std::size_t bytes_max) {
    HUBTRAIL_CHECK(memberships_.empty(), "a history begins before the first shared stream");
    history_ = std::make_unique<SentHistory>(bytes_max);
}

void Outbox::acknowledge(std::int64_t id) {
    history_->acknowledge(id);
    note_backlog();
    if (congested_) {
        mark_dirty();
    }
}

void Outbox::on_second() {
    if (history_) {
        history_->on_second();
    }
}

void Outbox::resend(std::string_view first) {
    pull_shared();
    drop_unsent();
    blocked_ = false;
    append(scheduler_.copy_to_arena(first, history_->kept()));
    mark_dirty();
}

void Outbox::drop_unsent() {
    const auto taken = taken_;
    advance(unsent_);
    taken_ = taken;  // nobody took it
}

void Outbox::join(SharedStream& stream) {
    memberships_.push_back({&stream, static_cast<std::uint32_t>(stream.members_.size())});
    stream.members_.push_back({this, stream.turn_end_, stream.messages_end_});
    if (backlogged_) {
        ++stream.backlogged_;
    }
}

void Outbox::leave(SharedStream& stream) {
    const auto membership = std::find_if(memberships_.begin(), memberships_.end(),
                                         [&](const auto& m) { return m.stream == &stream; });
    HUBTRAIL_CHECK(membership != memberships_.end(), "leave without join");
    const auto index = membership->index;
    if (!failed_ && stream.owes(stream.members_[index])) {
        pull_shared();
        mark_dirty();
    }
    if (backlogged_) {
        --stream.backlogged_;
    }
    memberships_.erase(membership);
    if (index + 1 != stream.members_.size()) {
        stream.members_[index] = stream.members_.back();
        for (auto& moved : stream.members_[index].outbox->memberships_) {
            if (moved.stream == &stream) {
                moved.index = index;
            }
        }
    }
    stream.members_.pop_back();
}

void Outbox::on_writable(bool reading) {
    blocked_ = false;
    socket_.want(reading, false);
    mark_dirty();
}

void Outbox::block() {
    blocked_ = true;
    owner_.on_blocked();
}

void Outbox::tell_when_flushed() {
    // What a stream still holds back for it counts.
    pull_shared();
    tell_flushed_ = true;
    mark_dirty();
}

void Outbox::append(SegmentRange range) {
    unsent_ += range.size();
    note_backlog();
    if (first_ < ranges_.size()) {
        auto& last = ranges_.back();
        if (last.segment == range.segment && last.end == range.begin) {
            last.end = range.end;
            scheduler_.pool_.release(range.segment);
            return;
        }
    } else {
        ranges_.clear();
        first_ = 0;
    }
    ranges_.push_back(range);
}

// What a member was due before a direct send must leave before it, oldest first.
void Outbox::pull_shared() {
    while (true) {
        SharedStream* oldest = nullptr;
        std::uint32_t index = 0;
        for (const auto& membership : memberships_) {
            auto& stream = *membership.stream;
            if (stream.owes(stream.members_[membership.index]) &&
                (oldest == nullptr || stream.stamp_ < oldest->stamp_)) {
                oldest = &stream;
                index = membership.index;
            }
        }
        if (oldest == nullptr) {
            return;
        }
        oldest->hand_over(oldest->members_[index]);
    }
}

// Nothing of another stream's turn has to be sent in the same write.
bool Outbox::due_only_from(const SharedStream& stream) const {
    return std::all_of(memberships_.begin(), memberships_.end(), [&](const Membership& membership) {
        const auto& other = *membership.stream;
        return &other == &stream || !other.dirty_ || !other.owes(other.members_[membership.index]);
    });
}

void Outbox::mark_dirty() {
    if (!dirty_) {
        dirty_ = true;
        scheduler_.dirty_.push_back(this);
        scheduler_.request_turn_end();
    }
}

void Outbox::flush() {
    while (!blocked_ && !failed_ && first_ < ranges_.size()) {
        std::array<std::string_view, kSlicesMax> slices;
        std::size_t count = 0;
        std::size_t bytes = 0;
        for (std::size_t i = first_; i < ranges_.size() && count < kSlicesMax; ++i) {
            slices[count++] = ranges_[i].view();
            bytes += ranges_[i].size();
        }
        const auto result = socket_.write(slices.data(), count);
        if (result.kind == IoResult::Kind::closed) {
            fail();
            return;
        }
        const auto sent = result.kind == IoResult::Kind::done ? result.bytes : 0;
        advance(sent);
        if (sent < bytes) {
            block();
        }
    }
    check_congestion();
}

void Outbox::advance(std::size_t bytes) {
    unsent_ -= bytes;
    note_backlog();
    taken_ += bytes;
    while (bytes > 0) {
        auto& range = ranges_[first_];
        const auto take = std::min(bytes, range.size());
        range.begin += static_cast<std::uint32_t>(take);
        bytes -= take;
        if (range.size() == 0) {
            scheduler_.pool_.release(range.segment);
            ++first_;
        }
    }
    if (first_ == ranges_.size()) {
        if (ranges_.capacity() > kRangesKept) {
            std::vector<SegmentRange>().swap(ranges_);
        }
        ranges_.clear();
        first_ = 0;
    }
}

void Outbox::note_backlog() {
    if (std::exchange(backlogged_, !may_go_on()) == backlogged_) {
        return;
    }
    for (const auto& membership : memberships_) {
        auto& count = membership.stream->backlogged_;
        count = backlogged_ ? count + 1 : count - 1;
    }
}

void Outbox::fail() {
    failed_ = true;
    advance(unsent_);
    if (!reported_) {
        reported_ = true;
        scheduler_.to_report_.push_back(this);
    }
}

void Outbox::check_congestion() {
    const bool over = !congested_ && must_wait();
    const bool under = congested_ && may_go_on();
    const bool flushed = tell_flushed_ && unsent_ == 0;
    if ((over || under || flushed) && !reported_) {
        reported_ = true;
        scheduler_.to_report_.push_back(this);
    }
}

SharedStream::~SharedStream() {
    HUBTRAIL_CHECK(members_.empty(), "a shared stream died with members");
    drop_turn();
    if (dirty_) {
        forget(scheduler_.dirty_streams_, this);
    }
    if (order_ != nullptr && order_->last_ == this) {
        order_->last_ = nullptr;
    }
}

void SharedStream::append(std::string_view head, std::string_view body) {
    if (members_.empty()) {
        return;
    }
    if (order_ != nullptr) {
        if (dirty_ && order_->last_ != this) {
            settle();
        }
        order_->last_ = this;
    }
    const auto bytes = head.size() + body.size();
    if (turn_.empty() ||
        turn_.back().range.segment->capacity - turn_.back().range.segment->used < bytes) {
        auto* segment = scheduler_.pool_.take(bytes);
        turn_.push_back({{segment, 0, 0}, 0});
    }
    auto& part = turn_.back();
    append_bytes(part.range.segment, head, body);
    part.range.end = part.range.segment->used;
    ++part.messages;
    ++messages_end_;
    turn_end_ += bytes;
    if (!dirty_) {
        dirty_ = true;
        stamp_ = ++scheduler_.stamps_;
        scheduler_.dirty_streams_.push_back(this);
        scheduler_.request_turn_end();
    }
    if (turn_end_ - turn_begin_ > kSharedTurnBytesMax) {
        if (order_ != nullptr) {
            settle();
        } else {
            flush();
        }
    }
}

// Everything that the streams of this order have appended goes to the outboxes, oldest first: what
// comes next may follow something that another of them appended.
void SharedStream::settle() {
    auto& dirty = scheduler_.dirty_streams_;
    for (auto*& stream : dirty) {
        if (stream != nullptr && stream->order_ == order_) {
            stream->hand_over_all();
            stream->dirty_ = false;
            stream = nullptr;
        }
    }
}

void SharedStream::hand_over_all() {
    for (auto& member : members_) {
        if (owes(member) && !member.outbox->failed_) {
            hand_over(member);
            member.outbox->mark_dirty();
        }
        mark_seen(member);
    }
    turn_begin_ = turn_end_;
    messages_begin_ = messages_end_;
    drop_turn();
}

// The common case writes straight from the stream: no range, no reference, no list entry.
void SharedStream::flush() {
    std::array<std::string_view, kSlicesMax> slices;
    const auto bytes = static_cast<std::size_t>(turn_end_ - turn_begin_);
    const bool direct_possible = turn_.size() <= slices.size();
    if (direct_possible) {
        std::transform(turn_.begin(), turn_.end(), slices.begin(),
                       [](const Part& part) { return part.range.view(); });
    }
    // Spares a look at each member's other streams, which is a cache miss or two where there are
    // thousands of members.
    const bool only = scheduler_.dirty_streams_.size() == 1;
    const auto count = members_.size();
    start_ = count == 0 ? 0 : (start_ + 1) % static_cast<std::uint32_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto& member = members_[(start_ + i) % count];
        auto& outbox = *member.outbox;
        if (member.seen == turn_end_ || outbox.failed_) {
            mark_seen(member);
            continue;
        }
        const bool alone = outbox.unsent_ == 0 && !outbox.blocked_ && member.seen <= turn_begin_ &&
                           (only || outbox.due_only_from(*this));
        if (!alone || !direct_possible) {
            hand_over(member);
            outbox.mark_dirty();
            continue;
        }
        const auto result = outbox.socket_.write(slices.data(), turn_.size());
        if (result.kind == IoResult::Kind::closed) {
            outbox.fail();
        } else if (result.kind == IoResult::Kind::done && result.bytes == bytes) {
            // Sent whole.
            if (outbox.history_) {
                each_unseen(member, [&outbox](SegmentRange range, std::uint32_t messages) {
                    outbox.history_->add(range.view(), messages, SentHistory::Layout::frames);
                });
                outbox.note_backlog();
                outbox.check_congestion();
            }
        } else {
            hand_over(member);
            outbox.advance(result.kind == IoResult::Kind::done ? result.bytes : 0);
            outbox.block();
            outbox.check_congestion();
        }
        mark_seen(member);
    }
    turn_begin_ = turn_end_;
    messages_begin_ = messages_end_;
    drop_turn();
}

void SharedStream::mark_seen(Member& member) const {
    member.seen = turn_end_;
    member.seen_messages = messages_end_;
}

// The member's part of the turn, segment by segment.
template <typename Take>
void SharedStream::each_unseen(const Member& member, Take&& take) const {
    auto skip = static_cast<std::size_t>(std::max(member.seen, turn_begin_) - turn_begin_);
    auto skip_messages = static_cast<std::uint32_t>(
        std::max(member.seen_messages, messages_begin_) - messages_begin_);
    for (const auto& part : turn_) {
        if (skip >= part.range.size()) {
            skip -= part.range.size();
            skip_messages -= part.messages;
            continue;
        }
        take(SegmentRange{part.range.segment, part.range.begin + static_cast<std::uint32_t>(skip),
                          part.range.end},
             part.messages - skip_messages);
        skip = 0;
        skip_messages = 0;
    }
}

// Turns the member's part of the turn into ranges of its own outbox.
void SharedStream::hand_over(Member& member) {
    auto& outbox = *member.outbox;
    each_unseen(member, [&outbox](SegmentRange range, std::uint32_t messages) {
        if (outbox.history_) {
            outbox.history_->add(range.view(), messages, SentHistory::Layout::frames);
        }
        SegmentPool::retain(range.segment);
        outbox.append(range);
    });
    mark_seen(member);
}

void SharedStream::drop_turn() {
    for (const auto& part : turn_) {
        scheduler_.pool_.release(part.range.segment);
    }
    turn_.clear();
}

OutputScheduler::~OutputScheduler() {
    if (gather_timer_ != 0) {
        loop_.cancel(gather_timer_);
    }
    if (arena_ != nullptr) {
        pool_.release(arena_);
    }
}

void OutputScheduler::request_turn_end() {
    if (!requested_) {
        requested_ = true;
        loop_.at_turn_end(*this);
    }
}

void OutputScheduler::on_turn_end() {
    requested_ = false;
    // Streams first: what they leave for congested members is then flushed with the rest.
    if (!dirty_streams_.empty() && !gathers()) {
        flush_streams();
    }
    flush_outboxes();
    report();
    if (arena_ != nullptr && arena_->refs == 1) {
        arena_->used = 0;
    }
}

// Once it has said yes, until its timer fires.
bool OutputScheduler::gathers() {
    if (!gathering_.on() || gathered_) {
        return false;
    }
    if (gather_timer_ != 0) {
        return true;
    }
    const auto wait_ns = gathering_.wait_ns(loop_.work());
    if (wait_ns == 0) {
        return false;
    }
    gather_timer_ = loop_.call_after(wait_ns, [this] {
        gather_timer_ = 0;
        gathered_ = true;
        request_turn_end();
    });
    return true;
}

void OutputScheduler::flush_streams() {
    gathered_ = false;
    const auto begin = gathering_.on() ? loop_.work() : LoopWork{};
    for (std::size_t i = 0; i < dirty_streams_.size(); ++i) {
        if (auto* stream = dirty_streams_[i]) {
            stream->dirty_ = false;
            stream->flush();
        }
    }
    dirty_streams_.clear();
    if (gathering_.on()) {
        gathering_.wrote(begin, loop_.work());
    }
}

void OutputScheduler::flush_outboxes() {
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
        if (auto* outbox = dirty_[i]) {
            outbox->dirty_ = false;
            outbox->flush();
        }
    }
    dirty_.clear();
}

void OutputScheduler::report() {
    // Owners may send, join and leave from here on; that opens a further turn end.
    for (std::size_t i = 0; i < to_report_.size(); ++i) {
        auto* outbox = to_report_[i];
        if (outbox == nullptr) {
            continue;
        }
        outbox->reported_ = false;
        if (outbox->failed_) {
            outbox->owner_.on_write_failed();
        } else if (!outbox->congested_ && outbox->must_wait()) {
            outbox->congested_ = true;
            outbox->owner_.on_congested();
        } else if (outbox->congested_ && outbox->may_go_on()) {
            outbox->congested_ = false;
            outbox->owner_.on_drained();
            // One write can take it from congested to empty; and the owner may have ended it.
            if (to_report_[i] == outbox) {
                outbox->check_congestion();
            }
        } else if (outbox->tell_flushed_ && outbox->unsent_ == 0) {
            outbox->tell_flushed_ = false;
            outbox->owner_.on_flushed();
        }
    }
    to_report_.clear();
}

SegmentRange OutputScheduler::copy_to_arena(std::string_view head, std::string_view body) {
    const auto bytes = head.size() + body.size();
    if (arena_ == nullptr || arena_->capacity - arena_->used < bytes) {
        if (arena_ != nullptr) {
            pool_.release(arena_);
        }
        arena_ = pool_.take(bytes);
    }
    const auto begin = arena_->used;
    append_bytes(arena_, head, body);
    SegmentPool::retain(arena_);
    return {arena_, begin, arena_->used};
}

}  // namespace hubtrail::transport
