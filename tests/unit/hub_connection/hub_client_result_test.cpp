#include <array>
#include <string>
#include <vector>

#include "hub/connection/hub_connection.h"
#include "tests/support/catch.h"
#include "tests/unit/hub_connection/hub_fixture.h"

namespace hubtrail::hub {
namespace {

using List = std::vector<std::string>;

struct Asking {
    explicit Asking(HubPeer& of) : peer(of) {}
    ~Asking() {
        peer.hub.close({}, false);
    }  // answers what is open while there is somebody to hear it
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    void ask(const std::string& id) {
        peer.hub.invoke(id, "Result", "5,\"x\"", 2, [this, id](const ClientResult& result) {
            static constexpr std::array<const char*, 3> kKinds = {"result", "error",
                                                                  "disconnected"};
            answers.push_back(id + " " + kKinds.at(static_cast<std::size_t>(result.kind)) +
                              (result.empty ? " empty" : " " + std::string(result.value)));
        });
    }

    HubPeer& peer;
    List answers;
};

}  // namespace

TEST_CASE("A question is an invocation with an id, its answer a completion", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    Asking asking(peer);
    asking.ask("s1");
    CHECK(peer.sent() ==
          R"({"type":1,"invocationId":"s1","target":"Result","arguments":[5,"x"]}|)");
    CHECK(peer.connection.counted_total == 1);
    CHECK(asking.answers.empty());
    peer.receive(
        R"({"type":3,"invocationId":"s1","result":{"a":1}}|{"type":3,"invocationId":"s1","result":2}|)");
    CHECK(asking.answers == List{R"(s1 result {"a":1})"});
    CHECK_FALSE(peer.connection.closed);
}

TEST_CASE("Answers may be errors, null or nothing", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    Asking asking(peer);
    asking.ask("s1");
    asking.ask("s2");
    asking.ask("s3");
    peer.receive(R"({"type":3,"invocationId":"s3"}|)"
                 R"({"type":3,"invocationId":"s1","error":"Client didn't provide a result."}|)"
                 R"({"type":3,"invocationId":"s2","result":null}|)");
    CHECK(asking.answers ==
          List{"s3 result empty", "s1 error Client didn't provide a result.", "s2 result null"});
}

TEST_CASE("A question that is not asked any more has no answer", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    Asking asking(peer);
    asking.ask("s1");
    peer.hub.cancel_invoke("s1");
    peer.hub.cancel_invoke("s1");
    peer.receive(R"({"type":3,"invocationId":"s1","result":1}|)");
    peer.hub.close({}, false);
    CHECK(asking.answers.empty());
}

TEST_CASE("The end of the connection answers every question", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    Asking asking(peer);
    asking.ask("s1");
    asking.ask("s2");
    peer.hub.on_close(transport::CloseReason::lost);
    CHECK(asking.answers == List{"s1 disconnected ", "s2 disconnected "});
    asking.ask("s3");
    CHECK(asking.answers.size() == 2);
    peer.loop.run();
    CHECK(asking.answers.back() == "s3 disconnected ");
}

TEST_CASE("The answer to another connection's question ends this one", "[hub]") {
    const auto options = GENERATE(HubOptions(), with_detailed_errors());
    HubPeer peer(options);
    peer.shake_hands();
    peer.test_hub.foreign_id = "s9";
    peer.receive(R"({"type":3,"invocationId":"s8","result":1}|)");
    CHECK_FALSE(peer.connection.closed);
    peer.receive(R"({"type":3,"invocationId":"s9","result":1}|)");
    const std::string detail =
        "InvalidOperationException: Connection ID 'id' is not valid for invocation ID 's9'.";
    CHECK(peer.sent() == closing("Connection closed with an error." +
                                 (options.detailed_errors ? " " + detail : "")));
    CHECK(peer.calls == List{"disconnected: " + detail});
}

TEST_CASE("So many questions wait for one client and no more", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    Asking asking(peer);
    for (std::size_t i = 0; i < kQuestionsMax; ++i) {
        asking.ask("s" + std::to_string(i));
    }
    peer.loop.run();
    CHECK(asking.answers.empty());
    asking.ask("more");
    CHECK(asking.answers.empty());
    peer.loop.run();
    CHECK(asking.answers == List{"more error Too many invocations wait for this client."});
    peer.receive(R"({"type":3,"invocationId":"s0","result":1}|)");
    asking.ask("again");
    peer.loop.run();
    CHECK(asking.answers.size() == 2);
}

TEST_CASE("An upload's id comes before a question's", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    Asking asking(peer);
    asking.ask("s");
    peer.receive(
        R"({"type":1,"target":"Up","arguments":[],"streamIds":["s"]}|{"type":3,"invocationId":"s"}|)");
    CHECK(asking.answers.empty());
    peer.receive(R"({"type":3,"invocationId":"s","result":1}|)");
    CHECK(asking.answers == List{"s result 1"});
}

}  // namespace hubtrail::hub
