#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"
#include "tests/unit/follow/fake_sink.h"

namespace hubtrail::follow {
namespace {

using Kind = FakeSink::Kind;

const std::vector<std::string> kNames = {"a", "b", "c"};

/// A log that anything may happen to, and who follows it. Thread: strand.
class Chaos {
public:
    explicit Chaos(std::uint64_t seed) : random_(seed) {}

    void step() {
        switch (random_.below(16)) {
            case 0:
            case 1:
            case 2:
                append();
                break;
            case 3:
            case 4:
            case 5:
                log_.tell_one();
                break;
            case 6:
                disturb_news();
                break;
            case 7:
            case 8:
                log_.service.run_one();
                break;
            case 9:
                if (auto* sink = any_sink()) {
                    sink->let(random_.below(2) == 0 ? 0 : pick(20));
                }
                break;
            case 10:
                begin_to_follow();
                break;
            case 11:
                if (!sinks_.empty() && random_.below(8) == 0) {
                    sinks_.erase(sinks_.begin() + pick(sinks_.size() - 1));
                }
                break;
            case 12:
                fail_reads();
                break;
            case 13:
                change_head();
                break;
            case 14:
                log_.loop.advance(pick(600'000'000));
                log_.tails.tick(log_.loop.now_ns());
                break;
            default:
                break;
        }
        if (random_.below(2) == 0) {
            log_.loop.run_turn();
        }
    }

    /// Everything is let through, and the source of commits has its last word.
    void finish() {
        log_.store.fail_reads(0);
        log_.untold.emplace_back([this] { log_.tails.on_head("t", head()); });
        for (int i = 0; i < 12; ++i) {
            for (auto& sink : sinks_) {
                sink->let(FakeSink::kUnlimited);
            }
            log_.settle();
            log_.loop.advance(kReadRetryMaxNs);
        }
    }

    void check() {
        for (const auto& sink : sinks_) {
            const auto& from = sink->following;
            CAPTURE(from.after_pos, from.epoch, sink->live_told);
            std::vector<std::int64_t> expected;
            for (const auto& [event, epoch] : all_) {
                if (epoch == from.epoch && event.pos > from.after_pos &&
                    matches(from.filter, event)) {
                    expected.push_back(event.pos);
                }
            }
            if (sink->lost || sink->failed) {
                // What it had is a beginning of what there was.
                REQUIRE(sink->positions.size() <= expected.size());
                expected.resize(sink->positions.size());
            } else {
                REQUIRE(from.epoch == head().epoch);
            }
            REQUIRE(sink->positions == expected);
            if (sink->failed) {
                REQUIRE(permanent_failures_ > 0);
            }
            if (sink->lost && sink->lost->reason == Loss::Reason::log_reset) {
                REQUIRE(sink->lost->head.epoch > from.epoch);
            }
            if (sink->lost && sink->lost->reason == Loss::Reason::expired) {
                REQUIRE(sink->lost->lost_at_least > 0);
                REQUIRE(floor_moved_);
            }
            ended_ += sink->lost || sink->failed ? 1 : 0;
            followed_ += sink->lost || sink->failed ? 0 : 1;
        }
        sinks_.clear();
        log_.tails.tick(log_.loop.now_ns());
        REQUIRE(log_.tails.tails() == 0);
    }

    int ended() const { return ended_; }
    int followed() const { return followed_; }

private:
    std::int64_t pick(std::uint64_t most) {
        return static_cast<std::int64_t>(random_.below(most + 1));
    }
    FakeSink* any_sink() {
        return sinks_.empty() ? nullptr : sinks_[random_.below(sinks_.size())].get();
    }
    storage::LogHead head() {
        auto writer = log_.store.open_writer();
        return *(*writer)->set_floor("t", 0);  // which moves nothing
    }

    void append() {
        std::vector<protocol::NewEvent> events;
        for (auto count = 1 + random_.below(4); count > 0; --count) {
            events.push_back(log_.event(kNames[random_.below(3)], kNames[random_.below(3)],
                                        random_.below(8) == 0 ? 60'000 : 10));
            protocol::LogEvent copy;
            copy.pos = static_cast<std::int64_t>(all_.size()) + 1;
            copy.site_id = events.back().site_id;
            copy.user_id = events.back().user_id;
            copy.stream = events.back().stream;
            copy.type = events.back().type;
            all_.emplace_back(copy, head().epoch);
        }
        log_.append(std::move(events));
    }

    void disturb_news() {
        auto& untold = log_.untold;
        if (untold.empty()) {
            return;
        }
        const auto which = random_.below(untold.size());
        switch (random_.below(4)) {
            case 0:
                untold.erase(untold.begin() + static_cast<std::ptrdiff_t>(which));
                break;
            case 1:
                untold.push_back(untold[which]);
                break;
            case 2:
                std::swap(untold[which], untold.front());
                break;
            default:
                untold.push_front(untold[which]);
        }
    }

    void begin_to_follow() {
        if (sinks_.size() >= 8) {
            return;
        }
        Following from{"t", {}, 0, head().epoch};
        const auto known = head();
        from.after_pos = known.first_pos - 1 +
                         pick(static_cast<std::uint64_t>(known.last_pos - known.first_pos + 1));
        if (random_.below(2) == 0) {
            from.filter.any_site = false;
            from.filter.sites = {kNames[random_.below(3)]};
            from.filter.own_sites = {kNames[random_.below(3)]};
            from.filter.own_everywhere = random_.below(2) == 0;
            from.filter.own_user = kNames[random_.below(3)];
        }
        if (random_.below(3) == 0) {
            from.filter.user_id = kNames[random_.below(3)];
        }
        from.events_max = 1 + random_.below(10);
        from.scan_max = 1 + pick(20);
        from.ahead = random_.below(2) == 0 ? Following::Ahead::none : Following::Ahead::one_page;
        sinks_.push_back(std::make_unique<FakeSink>(
            log_, from, random_.below(3) == 0 ? Kind::alone : Kind::sharing));
    }

    void fail_reads() {
        if (random_.below(6) == 0) {
            ++permanent_failures_;
            log_.store.fail_reads(1, random_.below(2) == 0 ? storage::StoreErrc::corrupt
                                                           : storage::StoreErrc::failed);
        } else {
            log_.store.fail_reads(1 + static_cast<int>(random_.below(3)));
        }
    }

    void change_head() {
        if (random_.below(10) == 0) {
            REQUIRE(log_.service.reset_now("t"));
        } else if (random_.below(4) == 0) {
            const auto known = head();
            floor_moved_ = true;
            REQUIRE(log_.service.set_floor_now("t", known.first_pos + pick(8)));
        }
    }

    SeededRandom random_;
    FollowedLog log_;
    std::vector<std::unique_ptr<FakeSink>> sinks_;
    std::vector<std::pair<protocol::LogEvent, std::uint32_t>> all_;  ///< with its epoch
    int permanent_failures_ = 0;
    bool floor_moved_ = false;
    int ended_ = 0;
    int followed_ = 0;
};

}  // namespace

// Goal: no interleaving of commits, their news (lost, doubled, out of order), reads (that fail, for
// a while or for good), resets, floors that move, slow sinks, joins and leaves makes a gap, a
// duplicate or a wrong order. Method: random steps from a seed; at the end everything is let
// through and each follower's positions must be exactly the matching ones after its start, or, if
// it was told why it ended, a beginning of them.
TEST_CASE("Every interleaving gives every follower each matching event once, in order",
          "[follow]") {
    int ended = 0;
    int followed = 0;
    for_each_seed(40, [&](std::uint64_t seed) {
        Chaos chaos(seed);
        for (int step = 0; step < 300; ++step) {
            chaos.step();
        }
        chaos.finish();
        chaos.check();
        ended += chaos.ended();
        followed += chaos.followed();
    });
    CHECK(followed + ended > 0);
    if (std::getenv("HUBTRAIL_SEED") == nullptr) {
        // The steps are of a kind that leaves both.
        CHECK(followed > 30);
        CHECK(ended > 30);
    }
}

}  // namespace hubtrail::follow
