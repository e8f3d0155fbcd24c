#include "storage/migrations.h"

#include <array>

#include "tests/support/catch.h"

namespace hubtrail::storage {
namespace {

constexpr std::array<Migration, 3> kSteps = {{{1, {}}, {2, {}}, {3, {}}}};

}  // namespace

TEST_CASE("A database needs the steps after its version, in order", "[storage]") {
    const auto fresh = pending_migrations(kSteps, 0);
    REQUIRE(fresh);
    REQUIRE(fresh->size() == 3);
    CHECK(fresh->front().version == 1);
    CHECK(fresh->back().version == 3);
    const auto old = pending_migrations(kSteps, 2);
    REQUIRE(old);
    REQUIRE(old->size() == 1);
    CHECK(old->front().version == 3);
    CHECK(pending_migrations(kSteps, 3)->empty());
}

TEST_CASE("A database of a newer build is refused with both numbers", "[storage]") {
    const auto newer = pending_migrations(kSteps, 4);
    REQUIRE_FALSE(newer);
    CHECK(newer.error() ==
          "the log was written by a newer Hubtrail (its schema is 4, this build knows 3): install "
          "that one again");
    CHECK_FALSE(pending_migrations(kSteps, -1));
}

}  // namespace hubtrail::storage
