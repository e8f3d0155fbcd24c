#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "follow/follower.h"
#include "follow/sink.h"
#include "tests/support/catch.h"
#include "tests/support/followed_log.h"

namespace hubtrail::follow {

class FakeSink;

/// A CHECK for what is looked at millions of times.
inline void expect(bool good, const char* rule) {
    if (!good) {
        FAIL_CHECK(rule);
    }
}

/// Hands what it is told to all members, as a shared stream does. Thread: strand.
class FakeChannel final : public Channel {
public:
    explicit FakeChannel(std::int64_t after_pos) : head_pos_(after_pos) {}

    void on_event(const LiveEvent& event) override;
    void on_head(const protocol::Cursor& head) override {
        expect(head.pos >= head_pos_, "heads move on");
        head_pos_ = head.pos;
    }
    void on_beat(const protocol::Cursor&) override { ++beats; }

    std::set<FakeSink*> members;
    int beats = 0;

private:
    std::int64_t head_pos_;
    std::uint64_t serial_ = 0;
};

/// A peer that takes so many events and then no more until it is let. Checks what every sink may
/// rely on. Thread: strand. Starts to follow at once, stops when it dies.
class FakeSink final : public Sink, public Sharing {
public:
    enum class Kind { sharing, alone };
    static constexpr std::int64_t kUnlimited = 1'000'000'000;

    FakeSink(FollowedLog& log, Following from, Kind kind = Kind::sharing)
        : following(std::move(from)),
          kind_(kind),
          last_(following.after_pos),
          told_(following.after_pos),
          loop_(log.loop),
          follower_(std::make_shared<Follower>(log.tails, *this, following)) {
        follower_->start();
    }
    ~FakeSink() override { stop(); }

    void stop() {
        ended_ = true;
        follower_->stop();
    }
    /// So many events more.
    void let(std::int64_t events) {
        room_ = events;
        if (congested_ && room_ > 0) {
            congested_ = false;
            follower_->resume();
        }
        note_room();
    }

    Credit credit() override {
        expect(!ended_, "who has ended is left alone");
        return congested_ ? Credit::closed : room_ <= 0 ? Credit::next_turn : Credit::open;
    }
    void on_event(const protocol::LogEvent& event) override {
        expect(channel_ == nullptr, "who is live has events by its channel");
        take(event);
    }
    void on_range(const Range& range) override {
        expect(!ended_, "who has ended is left alone");
        expect(range.from == told_ + 1 || (was_live_ && range.from > told_),
               "ranges follow each other");
        was_live_ = false;
        expect(range.cursor.pos >= last_, "a range ends at its last event or behind it");
        told_ = range.cursor.pos;
        ranges.push_back(range);
    }
    void on_live(const protocol::Cursor& head) override {
        expect(!std::exchange(live_told, true), "live is told once");
        expect(head.pos == told_, "live is told at the head");
    }
    void on_lost(const Loss& loss) override {
        expect(!std::exchange(ended_, true), "it ends once");
        lost = loss;
    }
    void on_failed(const storage::StoreError& error) override {
        expect(!std::exchange(ended_, true), "it ends once");
        failed = error;
    }
    Sharing* sharing() override { return kind_ == Kind::sharing ? this : nullptr; }

    std::string shape() const override { return "fake"; }
    std::unique_ptr<Channel> make_channel(std::int64_t after_pos) const override {
        return std::make_unique<FakeChannel>(after_pos);
    }
    void join(Channel& channel, const protocol::Cursor& head) override {
        expect(head.pos >= last_, "who joins stands at the head");
        channel_ = static_cast<FakeChannel*>(&channel);
        channel_->members.insert(this);
        last_ = std::max(last_, head.pos);
    }
    void leave(Channel& channel) override {
        expect(channel_ == &channel, "who leaves was there");
        was_live_ = true;
        channel_->members.erase(this);
        channel_ = nullptr;
    }

    void take(const protocol::LogEvent& event) {
        expect(!ended_, "who has ended is left alone");
        expect(event.pos > last_, "events come once, in order");
        last_ = event.pos;
        told_ = channel_ != nullptr ? event.pos : told_;
        --room_;
        positions.push_back(event.pos);
        note_room();
    }

    bool live() const { return channel_ != nullptr; }
    const FakeChannel* channel() const { return channel_; }

    const Following following;
    std::vector<std::int64_t> positions;
    std::vector<Range> ranges;
    bool live_told = false;
    std::optional<Loss> lost;
    std::optional<storage::StoreError> failed;

private:
    // As an outbox: it is congested when the turn has ended, not while it is given more.
    void note_room() {
        if (room_ > 0 || congested_ || std::exchange(full_, true)) {
            return;
        }
        loop_.post([this, alive = std::weak_ptr<int>(alive_)] {
            if (!alive.expired() && std::exchange(full_, false) && room_ <= 0) {
                congested_ = true;
                follower_->pause();
            }
        });
    }

    const Kind kind_;
    std::int64_t last_;  ///< of the last event
    std::int64_t told_;  ///< where the last range ends; of a live one, its last event
    std::int64_t room_ = kUnlimited;
    bool full_ = false;  ///< and congested in the next turn
    bool congested_ = false;
    bool ended_ = false;
    bool was_live_ = false;  ///< since the last range
    FakeChannel* channel_ = nullptr;
    transport::FakeLoop& loop_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);  ///< gone when we are
    std::shared_ptr<Follower> follower_;                     ///< shared with what it waits for
};

inline void FakeChannel::on_event(const LiveEvent& event) {
    expect(event.event.pos > head_pos_, "live events are behind the head");
    expect(event.serial > serial_, "serials grow");
    serial_ = event.serial;
    for (auto* member : members) {
        member->take(event.event);
    }
}

}  // namespace hubtrail::follow
