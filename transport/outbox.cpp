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

void Outbox::send(std::string_view head, std::string_view body) {
    if (failed_ || head.size() + body.size() == 0) {
        return;
    }
    pull_shared();
    append(scheduler_.copy_to_arena(head, body));
    mark_dirty();
}

void Outbox::join(SharedStream& stream) {
    memberships_.push_back({&stream, static_cast<std::uint32_t>(stream.members_.size())});
    stream.members_.push_back({this, stream.turn_end_});
    if (unsent_ > kUnsentLowWater) {
        ++stream.backlogged_;
    }
}

void Outbox::leave(SharedStream& stream) {
    const auto membership = std::find_if(memberships_.begin(), memberships_.end(),
                                         [&](const auto& m) { return m.stream == &stream; });
    HUBTRAIL_CHECK(membership != memberships_.end(), "leave without join");
    const auto index = membership->index;
    if (!failed_ && stream.members_[index].seen < stream.turn_end_) {
        stream.hand_over(stream.members_[index]);
        mark_dirty();
    }
    if (unsent_ > kUnsentLowWater) {
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
    tell_flushed_ = true;
    mark_dirty();
}

void Outbox::append(SegmentRange range) {
    const bool was_backlogged = unsent_ > kUnsentLowWater;
    unsent_ += range.size();
    if (!was_backlogged && unsent_ > kUnsentLowWater) {
        for (const auto& membership : memberships_) {
            ++membership.stream->backlogged_;
        }
    }
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

// What a member was due before a direct send must leave before it.
void Outbox::pull_shared() {
    for (const auto& membership : memberships_) {
        auto& member = membership.stream->members_[membership.index];
        if (member.seen < membership.stream->turn_end_) {
            membership.stream->hand_over(member);
        }
    }
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
    const bool was_backlogged = unsent_ > kUnsentLowWater;
    unsent_ -= bytes;
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
    if (was_backlogged && unsent_ <= kUnsentLowWater) {
        for (const auto& membership : memberships_) {
            --membership.stream->backlogged_;
        }
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
    const bool over = !congested_ && unsent_ > kUnsentSoftMax;
    const bool under = congested_ && unsent_ <= kUnsentLowWater;
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
}

void SharedStream::append(std::string_view head, std::string_view body) {
    if (members_.empty()) {
        return;
    }
    const auto bytes = head.size() + body.size();
    if (turn_.empty() || turn_.back().segment->capacity - turn_.back().segment->used < bytes) {
        auto* segment = scheduler_.pool_.take(bytes);
        turn_.push_back({segment, 0, 0});
    }
    auto& range = turn_.back();
    append_bytes(range.segment, head, body);
    range.end = range.segment->used;
    turn_end_ += bytes;
    if (!dirty_) {
        dirty_ = true;
        scheduler_.dirty_streams_.push_back(this);
        scheduler_.request_turn_end();
    }
    if (turn_end_ - turn_begin_ > kSharedTurnBytesMax) {
        flush();
    }
}

// The common case writes straight from the stream: no range, no reference, no list entry.
void SharedStream::flush() {
    std::array<std::string_view, kSlicesMax> slices;
    const auto bytes = static_cast<std::size_t>(turn_end_ - turn_begin_);
    const bool direct_possible = turn_.size() <= slices.size();
    if (direct_possible) {
        std::transform(turn_.begin(), turn_.end(), slices.begin(),
                       [](const SegmentRange& range) { return range.view(); });
    }
    const auto count = members_.size();
    start_ = count == 0 ? 0 : (start_ + 1) % static_cast<std::uint32_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto& member = members_[(start_ + i) % count];
        auto& outbox = *member.outbox;
        if (member.seen == turn_end_ || outbox.failed_) {
            member.seen = turn_end_;
            continue;
        }
        const bool alone = outbox.memberships_.size() == 1 && outbox.unsent_ == 0 &&
                           !outbox.blocked_ && member.seen <= turn_begin_;
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
        } else {
            hand_over(member);
            outbox.advance(result.kind == IoResult::Kind::done ? result.bytes : 0);
            outbox.block();
            outbox.check_congestion();
        }
        member.seen = turn_end_;
    }
    turn_begin_ = turn_end_;
    drop_turn();
}

// Turns the member's part of the turn into ranges of its own outbox.
void SharedStream::hand_over(Member& member) {
    auto skip = static_cast<std::size_t>(std::max(member.seen, turn_begin_) - turn_begin_);
    for (const auto& range : turn_) {
        if (skip >= range.size()) {
            skip -= range.size();
            continue;
        }
        SegmentPool::retain(range.segment);
        member.outbox->append(
            {range.segment, range.begin + static_cast<std::uint32_t>(skip), range.end});
        skip = 0;
    }
    member.seen = turn_end_;
}

void SharedStream::drop_turn() {
    for (const auto& range : turn_) {
        scheduler_.pool_.release(range.segment);
    }
    turn_.clear();
}

OutputScheduler::~OutputScheduler() {
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
    for (std::size_t i = 0; i < dirty_streams_.size(); ++i) {
        if (auto* stream = dirty_streams_[i]) {
            stream->dirty_ = false;
            stream->flush();
        }
    }
    dirty_streams_.clear();
    for (std::size_t i = 0; i < dirty_.size(); ++i) {
        if (auto* outbox = dirty_[i]) {
            outbox->dirty_ = false;
            outbox->flush();
        }
    }
    dirty_.clear();
    // Owners may send, join and leave from here on; that opens a further turn end.
    for (std::size_t i = 0; i < to_report_.size(); ++i) {
        auto* outbox = to_report_[i];
        if (outbox == nullptr) {
            continue;
        }
        outbox->reported_ = false;
        if (outbox->failed_) {
            outbox->owner_.on_write_failed();
        } else if (!outbox->congested_ && outbox->unsent_ > kUnsentSoftMax) {
            outbox->congested_ = true;
            outbox->owner_.on_congested();
        } else if (outbox->congested_ && outbox->unsent_ <= kUnsentLowWater) {
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
    if (arena_ != nullptr && arena_->refs == 1) {
        arena_->used = 0;
    }
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
