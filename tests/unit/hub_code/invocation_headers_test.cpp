#include "hub/code/invocation_headers.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/hub_code/library_fixture.h"

namespace hubtrail::hub {
namespace {

const std::string kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct HeaderHub : Hub {
    std::optional<std::string> header(std::string name) { return invocation_header(name); }
    Task<std::optional<std::string>> header_later(std::string name) {
        co_await delay(std::chrono::seconds(1));
        co_return invocation_header(name);
    }
    Stream<std::string> header_stream(std::string name) {
        co_await delay(std::chrono::seconds(1));
        co_yield invocation_header(name).value_or("none");
    }
    void fail() { throw std::runtime_error("no"); }
    Task<> fail_later() {
        co_await delay(std::chrono::seconds(1));
        throw std::runtime_error("no");
    }

    static void methods(Methods<HeaderHub>& hub) {
        hub.add("Header", &HeaderHub::header).add("HeaderLater", &HeaderHub::header_later);
        hub.add("HeaderStream", &HeaderHub::header_stream);
        hub.add("Fail", &HeaderHub::fail).add("FailLater", &HeaderHub::fail_later);
    }
};

using World = HubWorld<HeaderHub>;

std::string invocation(const std::string& target, const std::string& argument,
                       const std::string& headers, int type = 1) {
    return R"({"type":)" + std::to_string(type) + R"(,"headers":)" + headers + R"(,"target":")" +
           target + R"(","invocationId":"1","arguments":[)" + argument + "]}|";
}

/// Answers with a header of the call. Thread: strand.
class HeaderFilter final : public HubFilter {
public:
    Task<Value> invoke_method(InvocationContext& context, Next next) override {
        co_await delay(std::chrono::seconds(1));
        const auto found = context.header("traceparent");
        co_await next(context);
        co_return Value("filter " + found.value_or("none"));
    }
};

}  // namespace

TEST_CASE("Headers are found in both encodings", "[hub_library]") {
    const InvocationHeaders json(
        protocol::json_hub_protocol(),
        R"( { "x" : "1", "\u0079" : "\u0032\n", "x":"3","X":"4", "e":""} )");
    CHECK(json.find("x") == "3");
    CHECK(json.find("X") == "4");
    CHECK(json.find("y") == "2\n");
    CHECK(json.find("e") == "");
    CHECK(json.find("z") == std::nullopt);
    const InvocationHeaders packed(protocol::messagepack_hub_protocol(),
                                   "\x83\xA1x\xA1"
                                   "1\xA1y\xA1"
                                   "2\xA1x\xA1"
                                   "3");
    CHECK(packed.find("x") == "3");
    CHECK(packed.find("y") == "2");
    CHECK(packed.find("X") == std::nullopt);
    CHECK(InvocationHeaders().find("x") == std::nullopt);
}

TEST_CASE("A method sees the headers of its own call, also after it has waited", "[hub_library]") {
    World world;
    const auto peer = world.connect("a");
    peer->receive(invocation("Header", "\"x\"", R"({"x":"1"})"));
    CHECK(peer->sent() == result("\"1\""));
    CHECK(peer->call("Header", "\"x\"") == result("null"));
    peer->receive(invocation("HeaderLater", "\"x\"", R"({"x":"1"})"));
    // Its message is gone by then, and others have come.
    peer->receive(invocation("HeaderStream", "\"x\"", R"({"x":"2"})", 4));
    CHECK(peer->sent().empty());
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == result("\"1\"") + item("\"2\"") + ended());
    peer->receive(invocation("HeaderLater", "\"x\"", "{}"));
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == result("null"));
}

TEST_CASE("A filter sees the headers of its call", "[hub_library]") {
    World world;
    world.definition.filters.push_back(std::make_shared<HeaderFilter>());
    const auto peer = world.connect("a");
    peer->receive(invocation("Header", "\"x\"", R"({"traceparent":"t"})"));
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == result("\"filter t\""));
    CHECK(peer->call("Header", "\"x\"").empty());
    world.loop.advance(1'000'000'000);
    CHECK(peer->sent() == result("\"filter none\""));
}

TEST_CASE("The log line of a failed call names its trace", "[hub_library]") {
    World world;
    const auto peer = world.connect("a");
    const auto target = GENERATE(as<std::string>{}, "Fail", "FailLater");
    const auto line = "hub_method_failed hub=HeaderHub method=" + target +
                      " connection=a error=runtime_error: no";
    peer->receive(invocation(target, "", R"({"traceparent":")" + kParent + "\"}"));
    world.loop.advance(1'000'000'000);
    peer->receive(invocation(target, "", R"({"traceparent":"x"})"));
    world.loop.advance(1'000'000'000);
    peer->call(target);
    world.loop.advance(1'000'000'000);
    CHECK(world.log.lines ==
          std::vector<std::string>{line + " trace=0af7651916cd43dd8448eb211c80319c", line, line});
}

}  // namespace hubtrail::hub
