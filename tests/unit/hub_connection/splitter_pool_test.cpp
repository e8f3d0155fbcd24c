#include "hub/connection/splitter_pool.h"

#include "tests/support/catch.h"

namespace hubtrail::hub {
namespace {

const protocol::HubProtocol& json() {
    return protocol::json_hub_protocol();
}

TEST_CASE("A splitter that was given back serves the next of its kind, and no other", "[hub]") {
    SplitterPool pool;
    auto first = pool.take(json(), 100);
    const auto* const address = first.get();
    pool.give_back(std::move(first), json(), 100);
    CHECK(pool.spare() == 1);
    const auto larger = pool.take(json(), 200);
    CHECK(larger.get() != address);
    const auto packed = pool.take(protocol::messagepack_hub_protocol(), 100);
    CHECK(packed.get() != address);
    CHECK(pool.spare() == 1);
    CHECK(pool.take(json(), 100).get() == address);
    CHECK(pool.spare() == 0);
}

TEST_CASE("A splitter comes back from the pool as new, whatever it has cut", "[hub]") {
    SplitterPool pool;
    auto splitter = pool.take(json(), 10);
    splitter->feed("begun");
    CHECK_FALSE(splitter->next()->has_value());
    splitter->feed("end\x1e");
    CHECK(**splitter->next() == "begunend");
    CHECK_FALSE(splitter->next()->has_value());
    REQUIRE_FALSE(splitter->has_partial_record());
    pool.give_back(std::move(splitter), json(), 10);
    splitter = pool.take(json(), 10);
    splitter->feed("a\x1e");
    CHECK(**splitter->next() == "a");
}

TEST_CASE("A pool keeps no more than a few", "[hub]") {
    SplitterPool pool;
    std::vector<SplitterPool::Splitter> taken;
    for (int i = 0; i < 100; ++i) {
        taken.push_back(pool.take(json(), 10));
    }
    for (auto& splitter : taken) {
        pool.give_back(std::move(splitter), json(), 10);
    }
    CHECK(pool.spare() == 8);
}

}  // namespace
}  // namespace hubtrail::hub
