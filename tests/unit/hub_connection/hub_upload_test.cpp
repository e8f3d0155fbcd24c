#include <string>
#include <vector>

#include "hub/connection/hub_connection.h"
#include "tests/support/catch.h"
#include "tests/unit/hub_connection/hub_fixture.h"

namespace hubtrail::hub {
namespace {

using List = std::vector<std::string>;
using Next = UploadStream::Next;

std::string call(const std::string& target, const std::string& id, const std::string& stream_ids,
                 int type = 1) {
    return R"({"type":)" + std::to_string(type) + R"(,"invocationId":")" + id + R"(","target":")" +
           target + R"(","arguments":[],"streamIds":[)" + stream_ids + "]}|";
}
std::string item(const std::string& id, const std::string& raw) {
    return R"({"type":2,"invocationId":")" + id + R"(","item":)" + raw + "}|";
}
std::string end(const std::string& id) {
    return R"({"type":3,"invocationId":")" + id + "\"}|";
}

/// Everything that can be read now, then how it stands.
struct Read {
    List items;
    Next then = Next::wait;
};
Read read(UploadStream& upload) {
    Read read;
    std::string raw;
    while ((read.then = upload.next(raw)) == Next::item) {
        read.items.push_back(raw);
    }
    return read;
}

}  // namespace

TEST_CASE("An upload hands over its items in order, then its end", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(call("Up", "1", R"("s")") + item("s", "1") + item("s", R"({"a":[2]})"));
    REQUIRE(peer.test_hub.uploads.size() == 1);
    auto& upload = *peer.test_hub.uploads[0];
    auto got = read(upload);
    CHECK(got.items == List{"1", R"({"a":[2]})"});
    CHECK(got.then == Next::wait);
    int ready = 0;
    upload.on_ready([&] { ++ready; });
    peer.receive(item("s", "3"));
    CHECK(ready == 1);
    peer.receive(item("s", "4") + end("s") + item("s", "5") + end("s"));
    CHECK(ready == 1);
    got = read(upload);
    CHECK(got.items == List{"3", "4"});
    CHECK(got.then == Next::end);
    CHECK_FALSE(upload.failed());
    CHECK(peer.sent().empty());
    CHECK_FALSE(peer.connection.closed);
}

TEST_CASE("A client may fail its upload", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(call("Up", "1", R"("s")"));
    auto& upload = *peer.test_hub.uploads[0];
    int ready = 0;
    upload.on_ready([&] { ++ready; });
    peer.receive(R"({"type":3,"invocationId":"s","error":"Something bad"}|)");
    CHECK(ready == 1);
    CHECK(read(upload).then == Next::end);
    CHECK(upload.failed());
    CHECK(upload.error() == "Something bad");
}

TEST_CASE("Items and ends of unknown streams are dropped", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(call("Up", "1", R"("s")") + item("x", "1") + end("x") + item("1", "2"));
    CHECK(read(*peer.test_hub.uploads[0]).items.empty());
    CHECK(peer.sent().empty());
    CHECK_FALSE(peer.connection.closed);
}

TEST_CASE("The number of streams must be the method's, whatever the detail of errors", "[hub]") {
    const auto options = GENERATE(HubOptions(), with_detailed_errors());
    HubPeer peer(options);
    peer.shake_hands();
    const auto refusal = [](const std::string& target, int sent, int expected) {
        return completion("1", "An unexpected error occurred invoking '" + target +
                                   "' on the server. HubException: " + "Client sent " +
                                   std::to_string(sent) + " stream(s), Hub method expects " +
                                   std::to_string(expected) + ".");
    };
    peer.receive(call("Up2", "1", R"("s")", 4));
    CHECK(peer.sent() == refusal("Up2", 1, 2));
    peer.receive(call("Up", "1", R"("s","t")"));
    CHECK(peer.sent() == refusal("Up", 2, 1));
    peer.receive(call("Later", "1", R"("s")"));
    CHECK(peer.sent() == refusal("Later", 1, 0));
    CHECK(peer.calls.empty());
    // The ids are free: nothing was kept of them.
    peer.receive(call("Up2", "1", R"("s","t")", 4));
    CHECK(peer.calls == List{"up2 1"});
}

TEST_CASE("The id of a running upload cannot be used again", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(call("Up", "1", R"("s")") + call("Up", "2", R"("s")"));
    CHECK(peer.sent() == completion("2", "Invocation ID 's' is already in use."));
    peer.receive(call("Up2", "3", R"("a","a")", 4));
    CHECK(peer.sent() == completion("3", "Invocation ID 'a' is already in use."));
    peer.receive(call("Up2", "3", R"("a","b")", 4));
    CHECK(peer.calls == List{"up 1", "up2 3"});
    peer.receive(call("Up2", "3", R"("c","d")", 4));
    CHECK(peer.sent() == completion("3", "Invocation ID '3' is already in use."));
    // Refused for its own id, so its streams are free.
    peer.receive(call("Up2", "4", R"("c","d")", 4));
    CHECK(peer.calls.back() == "up2 4");
}

TEST_CASE("A connection may upload 64 streams at a time", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    for (std::size_t i = 0; i < peer.options.streams_max; ++i) {
        peer.receive(call("Up", "i", "\"" + std::to_string(i) + "\""));
    }
    CHECK(peer.calls.size() == 64);
    CHECK(peer.sent().empty());
    peer.receive(call("Up", "i", R"("more")"));
    CHECK(peer.sent() == completion("i", "This connection may upload 64 streams at a time."));
    peer.receive(end("5") + call("Up", "i", R"("more")"));
    CHECK(peer.calls.size() == 65);
}

TEST_CASE("Ten items of an upload wait to be read, the next one holds back all that is behind it",
          "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    std::string text = call("Up", "1", R"("s")");
    for (int i = 0; i < 10; ++i) {
        text += item("s", std::to_string(i));
    }
    peer.receive(text + R"({"type":1,"target":"Echo","arguments":[1]}|)");
    CHECK(peer.calls == List{"up 1", "echo 1"});
    CHECK_FALSE(peer.connection.paused);
    peer.receive(item("s", "10") + R"({"type":1,"target":"Echo","arguments":[2]}|)");
    CHECK(peer.calls.size() == 2);
    CHECK(peer.connection.paused);
    peer.wait(100);
    std::string raw;
    REQUIRE(peer.test_hub.uploads[0]->next(raw) == Next::item);
    CHECK(raw == "0");
    CHECK(peer.calls.size() == 2);
    peer.loop.run();
    CHECK(peer.calls == List{"up 1", "echo 1", "echo 2"});
    CHECK_FALSE(peer.connection.paused);
    CHECK(read(*peer.test_hub.uploads[0]).items.size() == 10);
}

TEST_CASE("The capacity of uploads is an option", "[hub]") {
    HubOptions options;
    options.stream_buffer_capacity = 1;
    HubPeer peer(options);
    peer.shake_hands();
    peer.receive(call("Up", "1", R"("s")") + item("s", "1"));
    CHECK_FALSE(peer.connection.paused);
    peer.receive(item("s", "2"));
    CHECK(peer.connection.paused);
}

TEST_CASE("When the method has ended its uploads are ignored, one that waits too", "[hub]") {
    HubOptions options;
    options.stream_buffer_capacity = 1;
    HubPeer peer(options);
    peer.shake_hands();
    peer.receive(call("Up", "1", R"("s")") + item("s", "1") + item("s", "2") +
                 R"({"type":1,"target":"Echo","arguments":[1]}|)");
    CHECK(peer.connection.paused);
    peer.hub.end_uploads(peer.test_hub.uploads);
    peer.loop.run();
    CHECK_FALSE(peer.connection.paused);
    CHECK(peer.calls == List{"up 1", "echo 1"});
    peer.receive(item("s", "3") + end("s") + call("Up", "2", R"("s")"));
    CHECK(peer.calls.back() == "up 2");
    CHECK(peer.sent().empty());
    peer.receive(call("UpNow", "3", R"("t")") + item("t", "1") + call("UpNow", "4", R"("t")"));
    CHECK(peer.calls.back() == "upnow 4");
    CHECK(peer.sent().empty());
}

TEST_CASE("An invocation with uploads needs no slot and leaves it to others", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(R"({"type":1,"invocationId":"1","target":"Later","arguments":[]}|)" +
                 call("Up", "2", R"("s")") + call("UpCount", "3", R"("t")", 4));
    CHECK(peer.calls == List{"later 1", "up 2", "upcount 3"});
    peer.finish("1", "1");
    peer.receive(R"({"type":1,"invocationId":"4","target":"Later","arguments":[]}|)");
    CHECK(peer.calls.back() == "later 4");
}

TEST_CASE("The end of the connection fails uploads, after what came was read", "[hub]") {
    HubPeer peer;
    peer.shake_hands();
    peer.receive(call("Up", "1", R"("s")") + item("s", "1"));
    auto& upload = *peer.test_hub.uploads[0];
    int ready = 0;
    upload.on_ready([&] { ++ready; });
    if (GENERATE(true, false)) {
        peer.hub.close({}, false);
    } else {
        peer.hub.on_close(transport::CloseReason::lost);
    }
    CHECK(ready == 1);
    const auto got = read(upload);
    CHECK(got.items == List{"1"});
    CHECK(got.then == Next::end);
    CHECK(upload.abandoned());
    CHECK(upload.error() == "The underlying connection was closed.");
}

TEST_CASE("An upload outlives its connection", "[hub]") {
    std::shared_ptr<UploadStream> upload;
    {
        HubOptions options;
        options.stream_buffer_capacity = 1;
        HubPeer peer(options);
        peer.shake_hands();
        peer.receive(call("Up", "1", R"("s")") + item("s", "1"));
        upload = peer.test_hub.uploads[0];
    }
    CHECK(read(*upload).items == List{"1"});
}

}  // namespace hubtrail::hub
