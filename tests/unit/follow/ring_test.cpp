#include "follow/ring.h"

#include "tests/support/catch.h"
#include "tests/unit/follow/fake_sink.h"

namespace hubtrail::follow {
namespace {

std::shared_ptr<const storage::CommittedBatch> batch_of(std::int64_t from, std::int64_t to,
                                                        std::size_t bytes = 1) {
    auto batch = std::make_shared<storage::CommittedBatch>();
    for (auto pos = from; pos <= to; ++pos) {
        batch->events.emplace_back();
        batch->events.back().pos = pos;
        batch->events.back().body = std::string(bytes, 'x');
    }
    return batch;
}

std::vector<std::int64_t> positions_after(const Ring& ring, std::int64_t after, std::size_t most) {
    std::vector<std::int64_t> list;
    ring.visit(after, [&](const protocol::LogEvent& event) {
        list.push_back(event.pos);
        return list.size() < most;
    });
    return list;
}

using List = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("A ring shows what follows a position, once, also of batches that overlap", "[follow]") {
    Ring ring;
    CHECK_FALSE(ring.reaches(0));
    ring.keep(batch_of(3, 4));
    ring.keep(batch_of(4, 6));
    ring.keep(batch_of(7, 7));
    CHECK_FALSE(ring.reaches(1));
    CHECK(ring.reaches(2));
    CHECK(ring.reaches(6));
    CHECK(positions_after(ring, 2, 99) == List{3, 4, 5, 6, 7});
    CHECK(positions_after(ring, 4, 99) == List{5, 6, 7});
    CHECK(positions_after(ring, 3, 2) == List{4, 5});
    CHECK(positions_after(ring, 7, 99).empty());
    ring.clear();
    CHECK(ring.empty());
    CHECK_FALSE(ring.reaches(7));
}

TEST_CASE("A ring holds its newest events, by number and by bytes, and always the newest batch",
          "[follow]") {
    Ring ring;
    const auto most = static_cast<std::int64_t>(kRingEventsMax);
    for (std::int64_t pos = 1; pos <= most; ++pos) {
        ring.keep(batch_of(pos, pos));
    }
    CHECK(ring.reaches(0));
    ring.keep(batch_of(most + 1, most + 1));
    CHECK_FALSE(ring.reaches(0));
    CHECK(ring.reaches(1));
    ring.keep(batch_of(most + 2, most + 3, kRingBytesMax));
    CHECK_FALSE(ring.reaches(most));
    CHECK(ring.reaches(most + 1));
    ring.clear();
    ring.keep(batch_of(1, 1, kRingBytesMax / 2));
    ring.keep(batch_of(2, 2, kRingBytesMax / 2));
    CHECK(ring.reaches(0));
    ring.keep(batch_of(3, 3));
    CHECK_FALSE(ring.reaches(0));
    CHECK(ring.reaches(1));
}

namespace {

// How many reads of the log a follower needs that starts so many events behind the head of a tenant
// that is followed.
std::size_t reads_when_behind(FollowedLog& f, std::int64_t behind) {
    const auto before = f.service.reads();
    FakeSink late(f, {"t", {}, f.last_pos() - behind});
    f.settle();
    CHECK(late.positions.size() == static_cast<std::size_t>(behind));
    return f.service.reads() - before;
}

}  // namespace

TEST_CASE("The ring serves exactly its newest events without asking the log", "[follow]") {
    FollowedLog f;
    FakeSink watcher(f, {"t", {}, 0});
    f.settle();
    for (std::size_t i = 0; i < kRingEventsMax + 1; ++i) {
        f.append({f.event("a", "u")});
        f.settle();
    }
    const auto most = static_cast<std::int64_t>(kRingEventsMax);
    CHECK(reads_when_behind(f, most) == 0);
    CHECK(reads_when_behind(f, most + 1) > 0);
}

TEST_CASE("The ring holds no more than its bytes", "[follow]") {
    FollowedLog f;
    FakeSink watcher(f, {"t", {}, 0});
    f.settle();
    constexpr std::size_t kBody = 64 * 1024;
    constexpr auto kFit = static_cast<std::int64_t>(kRingBytesMax / kBody);
    for (std::int64_t i = 0; i < kFit + 1; ++i) {
        auto event = f.event("a", "u");
        event.body.insert(event.body.size() - 2, kBody - event.body.size(), 'x');
        f.append({std::move(event)});
        f.settle();
    }
    CHECK(reads_when_behind(f, kFit) == 0);
    CHECK(reads_when_behind(f, kFit + 1) > 0);
}

}  // namespace hubtrail::follow
