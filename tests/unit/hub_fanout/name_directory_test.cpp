#include "hub/fanout/name_directory.h"

#include <memory>

#include "tests/support/catch.h"

namespace hubtrail::hub {
namespace {

TEST_CASE("A connection is on one loop until it is removed", "[hub_manager]") {
    const auto directory = std::make_unique<NameDirectory>();
    const std::string id = "c1";
    directory->add_connection(id, kHubLoopsMax - 1);
    CHECK(directory->find_connection("c1") == kHubLoopsMax - 1);
    CHECK_FALSE(directory->find_connection("c2").has_value());
    CHECK(directory->size(NameKind::connection) == 1);
    directory->remove_connection("c1");
    CHECK_FALSE(directory->find_connection("c1").has_value());
}

TEST_CASE("A name is on every loop that added it and vanishes with the last", "[hub_manager]") {
    const auto directory = std::make_unique<NameDirectory>();
    const auto kept = directory->add(NameKind::group, std::string("g"), 0);
    CHECK(directory->add(NameKind::group, "g", 7).data() == kept.data());
    CHECK(kept == "g");
    CHECK(directory->find(NameKind::group, "g") == LoopSet(0b1000'0001));
    CHECK(directory->find(NameKind::user, "g").none());
    directory->remove(NameKind::group, "g", 0);
    CHECK(kept == "g");
    CHECK(directory->find(NameKind::group, "g") == LoopSet(0b1000'0000));
    directory->remove(NameKind::group, "g", 7);
    CHECK(directory->find(NameKind::group, "g").none());
    CHECK(directory->size(NameKind::group) == 0);
}

TEST_CASE("Many names keep apart", "[hub_manager]") {
    const auto directory = std::make_unique<NameDirectory>();
    for (std::size_t i = 0; i < 1000; ++i) {
        directory->add(NameKind::user, "u" + std::to_string(i), i % 3);
    }
    CHECK(directory->size(NameKind::user) == 1000);
    for (std::size_t i = 0; i < 1000; ++i) {
        CHECK(directory->find(NameKind::user, "u" + std::to_string(i)) == LoopSet(1U << (i % 3)));
    }
}

}  // namespace
}  // namespace hubtrail::hub
