#include <memory>
#include <string>

#include "rest/events_handler.h"
#include "rest/sync_handler.h"
#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

// Runs the loop until the answer is there; the store's threads post to it.
void run_until(transport::FakeLoop& loop, const Answer& answer) {
    while (!answer.ready()) {
        loop.wait_until_posted();
        loop.run();
    }
}

}  // namespace

// Goal: with the real threads of the log service nothing races and no commit is missed.
TEST_CASE("Posts wake polls through the threads of the log service", "[rest]") {
    RestFixture fixture;
    auto null_log = make_null_log();
    std::unique_ptr<follow::Tails> tails;  // before the first commit
    auto started = storage::start_log_service(
        fixture.store, fixture.clock, *null_log, {},
        [&](std::shared_ptr<const storage::CommittedBatch> batch) {
            fixture.loop.post([&tails, batch] { tails->on_commit(batch); });
        },
        [](const std::string&, storage::LogHead) {});
    REQUIRE(started);
    tails = std::make_unique<follow::Tails>(fixture.loop, **started, fixture.codec);
    const ApiContext context{fixture.loop,  **started,      fixture.codec, fixture.verifier,
                             fixture.clock, fixture.random, fixture.log,   *tails};
    EventsHandler events(context);
    SyncHandler sync(context);

    auto first = fixture.send(events, make_post(event_json("a0")));
    run_until(fixture.loop, *first);
    auto cursor = first->json().find("results")->at(0).find("cursor")->string();
    for (int i = 1; i <= 200; ++i) {
        const auto poll = fixture.send(
            sync, make_get("/api/v1/sync/changes", {{"cursor", cursor}, {"wait", "60"}}));
        const auto post = fixture.send(events, make_post(event_json("a" + std::to_string(i))));
        run_until(fixture.loop, *post);
        run_until(fixture.loop, *poll);
        REQUIRE(post->status() == 201);
        const auto page = poll->json();
        REQUIRE(page.find("changes")->size() == 1);
        REQUIRE(page.find("to")->integer() == i + 1);
        cursor = page.find("cursor")->string();
    }
    // Answers that are still on their way when the loop stops are dropped.
    const auto lost = fixture.send(events, make_post(event_json("last")));
    fixture.loop.stop();
    started->reset();
    CHECK_FALSE(lost->ready());
}

}  // namespace hubtrail::rest
