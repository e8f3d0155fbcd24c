#include "hub/fanout/client_questions.h"

#include "tests/support/catch.h"
#include "tests/support/fake_loop.h"

namespace hubtrail::hub {
namespace {

TEST_CASE("Tickets begin with s and are never given twice", "[hub_manager]") {
    ClientQuestions alone{""};
    CHECK(alone.next_ticket() == "s1");
    CHECK(alone.next_ticket() == "s2");
    ClientQuestions node{"beef-"};
    CHECK(node.next_ticket() == "sbeef-1");
}

TEST_CASE("A question is answered once, on the loop of whoever asked", "[hub_manager]") {
    ClientQuestions questions{""};
    transport::FakeLoop loop;
    int calls = 0;
    std::string value;
    const auto done = [&](const InvokeOutcome& outcome) {
        ++calls;
        value = outcome.value;
    };
    const InvokeOutcome outcome{InvokeOutcome::Kind::result, protocol::Encoding::json, "1", false};
    REQUIRE(questions.open("s1", {"c", &loop, done, false}));
    CHECK(questions.is_open("s1"));
    questions.finish("s1", outcome, nullptr);
    CHECK(calls == 0);
    CHECK_FALSE(questions.is_open("s1"));
    loop.run();
    CHECK(calls == 1);
    CHECK(value == "1");
    questions.finish("s1", outcome, nullptr);
    loop.run();
    CHECK(calls == 1);

    // On its loop, and without one: at once.
    REQUIRE(questions.open("s2", {"c", &loop, done, false}));
    questions.finish("s2", outcome, &loop);
    CHECK(calls == 2);
    REQUIRE(questions.open("s3", {"c", nullptr, done, false}));
    questions.finish("s3", outcome, nullptr);
    CHECK(calls == 3);
}

TEST_CASE("A ticket that is taken is not answered, and none is open twice", "[hub_manager]") {
    ClientQuestions questions{""};
    REQUIRE(
        questions.open("s1", {"c", nullptr, [](const InvokeOutcome&) { FAIL("answered"); }, true}));
    CHECK_FALSE(questions.open("s1", {"d", nullptr, {}, false}));
    REQUIRE(questions.remote().size() == 1);
    CHECK(questions.remote().front().ticket == "s1");
    CHECK(questions.remote().front().connection_id == "c");
    CHECK(questions.take("s1")->connection_id == "c");
    CHECK_FALSE(questions.take("s1").has_value());
    questions.finish("s1", {}, nullptr);
}

TEST_CASE("A hub waits for kHubQuestionsMax client results and no more", "[hub_manager]") {
    ClientQuestions questions{""};
    for (std::size_t i = 0; i < kHubQuestionsMax; ++i) {
        REQUIRE(questions.open(questions.next_ticket(), {"c", nullptr, {}, false}));
    }
    CHECK_FALSE(questions.open(questions.next_ticket(), {"c", nullptr, {}, false}));
    questions.take("s1");
    CHECK(questions.open(questions.next_ticket(), {"c", nullptr, {}, false}));
}

}  // namespace
}  // namespace hubtrail::hub
