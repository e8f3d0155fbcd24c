// What a hub hands over to be sent: text that is none, numbers and times that cannot be said.

#include <chrono>
#include <limits>
#include <map>
#include <string>

#include "tests/support/catch.h"
#include "tests/unit/hub_code/library_fixture.h"

namespace hubtrail::hub {
namespace {

constexpr const char* kBad = "caf\xE9";
constexpr const char* kMended = "caf\xEF\xBF\xBD";
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Named {
    std::string name;
    double value = 0;
};
HUBTRAIL_MEMBERS(Named, name, value)

struct HandsHub : Hub {
    std::string text() { return kBad; }
    Task<Named> member() { co_return Named{kBad, 1}; }
    std::map<std::string, int> key() { return {{kBad, 1}}; }
    int told() { throw HubException(kBad); }
    Stream<std::string> texts() { co_yield kBad; }
    Task<> say() { co_await clients().all().send(kBad, kBad); }
    Task<> ask() { co_await clients().caller().invoke("Q", kBad); }

    double number() { return kNan; }
    Task<Named> later() { co_return Named{"n", std::numeric_limits<double>::infinity()}; }
    Stream<double> numbers() {
        co_yield 1;
        co_yield kNan;
    }
    std::chrono::hours::rep ok() { return 1; }
    std::chrono::time_point<std::chrono::system_clock, std::chrono::hours> far() {
        return std::chrono::time_point<std::chrono::system_clock, std::chrono::hours>::max();
    }
    Task<> say_number() { co_await clients().all().send("m", kNan); }
    Task<std::string> ask_number() {
        std::string said;
        try {
            co_await clients().caller().invoke("Q", kNan);
        } catch (const HubException& error) {
            said = error.what();
        }
        co_return said;
    }

    static void methods(Methods<HandsHub>& hub) {
        hub.add("Text", &HandsHub::text).add("Member", &HandsHub::member);
        hub.add("Key", &HandsHub::key).add("Told", &HandsHub::told);
        hub.add("Texts", &HandsHub::texts).add("Say", &HandsHub::say).add("Ask", &HandsHub::ask);
        hub.add("Number", &HandsHub::number).add("Later", &HandsHub::later);
        hub.add("Numbers", &HandsHub::numbers).add("Far", &HandsHub::far);
        hub.add("SayNumber", &HandsHub::say_number).add("AskNumber", &HandsHub::ask_number);
    }
};

using World = HubWorld<HandsHub>;

/// A client of one of the encodings.
struct Client {
    Client(World& world, const std::string& encoding)
        : protocol(encoding == "json" ? protocol::json_hub_protocol()
                                      : protocol::messagepack_hub_protocol()),
          peer(world.connect(encoding, "", encoding)) {}

    std::string call(const std::string& target,
                     protocol::MessageType type = protocol::MessageType::invocation) {
        std::string record;
        protocol.append_invocation(record, type, "1", target, "", 0);
        peer->receive(record);
        return peer->sent();
    }

    const protocol::HubProtocol& protocol;
    std::unique_ptr<World::Peer> peer;
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_CASE("Text that is not UTF-8 is sent with U+FFFD, wherever it stands", "[hub_library]") {
    World world;
    Client client(world, GENERATE("json", "messagepack"));
    for (const auto* target : {"Text", "Member", "Key", "Told", "Say", "Ask"}) {
        CAPTURE(target);
        const auto answer = client.call(target);
        CHECK(has(answer, kMended));
        CHECK_FALSE(has(answer, "\xE9"));
    }
    const auto items = client.call("Texts", protocol::MessageType::stream_invocation);
    CHECK(has(items, kMended));
    CHECK_FALSE(has(items, "\xE9"));
}

TEST_CASE("A number or time that cannot be sent fails the call or the item, and says why",
          "[hub_library]") {
    World world;
    Client client(world, GENERATE("json", "messagepack"));
    for (const auto* target : {"Number", "Later", "SayNumber", "AskNumber"}) {
        CAPTURE(target);
        CHECK(has(client.call(target), protocol::kNotFinite));
    }
    CHECK(has(client.call("Far"), protocol::kNotAYear));
    CHECK(has(client.call("Numbers", protocol::MessageType::stream_invocation),
              protocol::kNotFinite));
    CHECK(world.log.lines.size() == 5);        // AskNumber caught it
    CHECK(has(client.call("Text"), kMended));  // and the connection goes on
}

TEST_CASE("Who cannot be told of one argument is sent nothing of the call", "[hub_library]") {
    World world;
    const Client other(world, "json");
    Client client(world, "messagepack");
    CHECK(has(client.call("SayNumber"), protocol::kNotFinite));
    CHECK(other.peer->sent().empty());
}

}  // namespace
}  // namespace hubtrail::hub
