#include "storage/commit_batches.h"

#include "tests/support/catch.h"

namespace hubtrail::storage {
namespace {

AppendRequest request_of(std::string tenant, std::vector<std::string> ids) {
    AppendRequest request;
    request.tenant = std::move(tenant);
    for (const auto& id : ids) {
        request.events.push_back({id, "stream", "type", "site", "user", "body of " + id, "path",
                                  "old path", "client", "device"});
    }
    return request;
}

AppendedEvent appended(const std::string& id, std::int64_t pos, bool duplicate = false) {
    return {id, pos, 3, static_cast<std::uint32_t>(100 + pos), 7, duplicate};
}

TEST_CASE("A commit becomes one batch per tenant with all fields", "[storage]") {
    std::vector<AppendRequest> requests = {request_of("a", {"1", "2"}), request_of("b", {"1"}),
                                           request_of("a", {"3"})};
    const std::vector<AppendResult> results = {
        {false, false, {appended("1", 11), appended("2", 12)}},
        {false, false, {appended("1", 1)}},
        {false, false, {appended("3", 13)}}};
    const auto batches = make_committed_batches(requests, results);
    REQUIRE(batches.size() == 2);
    CHECK(batches[0]->tenant == "a");
    CHECK(batches[0]->epoch == 3);
    CHECK(batches[0]->from() == 11);
    CHECK(batches[0]->to() == 13);
    CHECK(batches[0]->events[1] == protocol::LogEvent{12, 112, 7, "stream", "type", "site", "user",
                                                      "2", "body of 2", "path", "old path",
                                                      "client", "device"});
    CHECK(batches[1]->tenant == "b");
    CHECK(batches[1]->events.size() == 1);
}

TEST_CASE("Duplicates, replays and refused keys add nothing to a batch", "[storage]") {
    std::vector<AppendRequest> requests = {request_of("a", {"known", "new"}),
                                           request_of("a", {"x"}), request_of("a", {"y"}),
                                           request_of("b", {"known"}), request_of("a", {"z"})};
    const std::vector<AppendResult> results = {
        {false, false, {appended("known", 2, true), appended("new", 9)}},
        {false, true, {appended("x", 4)}},
        {true, false, {}},
        {false, false, {appended("known", 1, true)}},
        {false, false, {}, 0}};
    const auto batches = make_committed_batches(requests, results);
    REQUIRE(batches.size() == 1);
    REQUIRE(batches[0]->events.size() == 1);
    CHECK(batches[0]->events[0].id == "new");
}

}  // namespace
}  // namespace hubtrail::storage
