#include "storage/position.h"

#include <optional>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_log_service.h"
#include "tests/support/fake_log_store.h"

namespace hubtrail::storage {
namespace {

using Kind = protocol::LogStart::Kind;
using Start = Result<StartPosition, PositionError>;

/// A log of tenant t with the positions 1 to 6, kept from 3 on.
struct Log6 {
    Log6() {
        for (int i = 1; i <= 6; ++i) {
            AppendRequest request;
            request.tenant = "t";
            protocol::NewEvent event;
            event.id = std::to_string(i);
            event.body = "{}";
            request.events = {event};
            clock.advance_us(1'000'000);
            const auto result = service.append_now(std::move(request));
            REQUIRE(result);
        }
        REQUIRE(service.set_floor_now("t", 3));
    }

    Start resolve(const protocol::LogStart& start, const std::string& tenant = "t") {
        std::optional<Start> found;
        resolve_start(service, codec, tenant, start, [&](Start result) { found = result; });
        service.run();
        REQUIRE(found);
        return *found;
    }
    Start at(std::int64_t pos) { return resolve({Kind::position, pos, {}}); }
    Start cursor(const protocol::Cursor& cursor) {
        return resolve({Kind::cursor, 0, codec.encode("t", cursor)});
    }

    FakeClock clock;
    FakeLogStore store;
    FakeLogService service{store, clock};
    protocol::CursorCodec codec{"0123456789abcdef0123456789abcdef"};
};

}  // namespace

TEST_CASE("A start finds its position and that position's cursor", "[storage]") {
    Log6 log;
    CHECK(log.resolve({})->after_pos == 6);
    CHECK(log.resolve({Kind::earliest, 0, {}})->after_pos == 2);
    CHECK(log.resolve({Kind::time, 0, {}})->after_pos == 2);
    CHECK(log.resolve({Kind::time, log.clock.wall_us(), {}})->after_pos == 5);
    CHECK(log.resolve({Kind::time, log.clock.wall_us() + 1, {}})->after_pos == 6);
    CHECK(log.resolve({}, "nobody")->after_pos == 0);
    for (const auto& start : {*log.resolve({}), *log.at(4)}) {
        CHECK(log.cursor(start.cursor)->after_pos == start.after_pos);
        CHECK(start.cursor.fingerprint != 0);
    }
}

TEST_CASE("A position is a start from below the floor to the head, and not one further",
          "[storage]") {
    Log6 log;
    for (std::int64_t pos = 2; pos <= 6; ++pos) {
        CHECK(log.at(pos)->after_pos == pos);
        CHECK(log.at(pos)->cursor.pos == pos);
    }
    const auto expired = log.at(1);
    REQUIRE_FALSE(expired);
    CHECK(expired.error().code == PositionErrc::expired);
    CHECK(expired.error().lost_at_least == 1);
    CHECK(expired.error().oldest.pos == 2);
    CHECK(expired.error().latest == log.resolve({})->cursor);
    CHECK(log.at(7).error().code == PositionErrc::ahead);
    CHECK(log.at(-1).error().lost_at_least == 3);
}

TEST_CASE("A cursor that is no start says why, as a value", "[storage]") {
    Log6 log;
    auto cursor = log.at(4)->cursor;
    const auto code = [&] { return log.cursor(cursor).error().code; };
    cursor.fingerprint += 1;
    CHECK(code() == PositionErrc::restored);
    CHECK(log.cursor(cursor).error().is_loss());
    cursor.epoch += 1;
    CHECK(code() == PositionErrc::reset);
    cursor.epoch -= 1;
    cursor.pos = 7;
    CHECK(code() == PositionErrc::ahead);
    CHECK_FALSE(log.cursor(cursor).error().is_loss());
    cursor.pos = 1;
    CHECK(code() == PositionErrc::expired);
    CHECK(log.resolve({Kind::cursor, 0, "c1.rubbish"}).error().code ==
          PositionErrc::cursor_invalid);
    const auto foreign = log.codec.encode("other", cursor);
    CHECK(log.resolve({Kind::cursor, 0, foreign}).error().code == PositionErrc::cursor_foreign);
}

TEST_CASE("A store that cannot answer is an error that passes or does not", "[storage]") {
    Log6 log;
    log.store.fail_reads(1);
    auto failed = log.resolve({});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == PositionErrc::unavailable);
    CHECK(failed.error().passes());
    CHECK(failed.error().detail == "the test said so");
    for (const auto code : {StoreErrc::refused, StoreErrc::corrupt, StoreErrc::failed}) {
        log.store.fail_reads(1, code);
        failed = log.resolve({});
        CHECK(failed.error().code == PositionErrc::failed);
        CHECK_FALSE(failed.error().passes());
        CHECK_FALSE(failed.error().is_loss());
    }
}

}  // namespace hubtrail::storage
