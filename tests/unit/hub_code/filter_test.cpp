#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/hub_code/library_fixture.h"

namespace hubtrail::hub {
namespace {

using Notes = std::vector<std::string>;

struct GuardedHub : Hub {
    int add(int a, int b) { return a + b; }
    Stream<int> count(int n) {
        for (int i = 0; i < n; ++i) {
            co_yield i;
        }
    }
    int open_to_users() { return 1; }
    int admins_only(std::string site) { return static_cast<int>(site.size()); }

    static void methods(Methods<GuardedHub>& hub) {
        hub.add("Add", &GuardedHub::add).add("Count", &GuardedHub::count);
        hub.add("OpenToUsers", &GuardedHub::open_to_users).authorize();
        hub.add("AdminsOnly", &GuardedHub::admins_only).authorize("admin");
    }
};

/// Notes what passes. Thread: strand.
class NotingFilter final : public HubFilter {
public:
    NotingFilter(Notes& notes, std::string name) : notes_(notes), name_(std::move(name)) {}

    Task<Value> invoke_method(InvocationContext& context, Next next) override {
        notes_.push_back(name_ + " before " + context.method());
        auto value = co_await next(context);
        notes_.push_back(name_ + " after");
        co_return value;
    }
    Task<void> on_connected(Hub& hub, NextStep next) override {
        notes_.push_back(name_ + " connect " + hub.context().connection_id());
        co_await next();
    }
    Task<void> on_disconnected(Hub&, const std::optional<std::string>&, NextStep next) override {
        notes_.push_back(name_ + " disconnect");
        co_await next();
    }

private:
    Notes& notes_;
    std::string name_;
};

/// Does what it was made for. Thread: strand.
class FunctionFilter final : public HubFilter {
public:
    using Function = std::function<Task<Value>(InvocationContext&, Next)>;
    explicit FunctionFilter(Function function) : function_(std::move(function)) {}
    Task<Value> invoke_method(InvocationContext& context, Next next) override {
        return function_(context, next);
    }

private:
    Function function_;
};

using World = HubWorld<GuardedHub>;

std::unique_ptr<World> filtered(FunctionFilter::Function function) {
    auto world = std::make_unique<World>();
    world->definition.filters.push_back(std::make_shared<FunctionFilter>(std::move(function)));
    return world;
}

void add_policies(World& world) {
    world.definition.policies["admin"] = [](const AuthorizationContext& context) {
        return context.user().has_scope("admin") &&
               context.argument<std::string>(0).value_or("x") != "secret";
    };
    world.definition.policies["broken"] = [](const AuthorizationContext&) -> bool {
        throw std::runtime_error("no");
    };
}

}  // namespace

TEST_CASE("The first filter is the outermost, in everything", "[hub_library]") {
    World world;
    Notes notes;
    world.definition.filters = {std::make_shared<NotingFilter>(notes, "one"),
                                std::make_shared<NotingFilter>(notes, "two")};
    auto peer = world.connect("a");
    CHECK(peer->call("add", "1,2") == result("3"));
    CHECK(peer->stream("Count", "1") == item("0") + ended());
    CHECK(peer->call("Add", "1").find("Failed to invoke") != std::string::npos);
    CHECK(peer->call("OpenToUsers").find("unauthorized") != std::string::npos);
    peer->leave();
    CHECK(notes == Notes{"one connect a", "two connect a", "one before Add", "two before Add",
                         "two after", "one after", "one before Count", "two before Count",
                         "two after", "one after", "one disconnect", "two disconnect"});
}

TEST_CASE("A filter may replace the result, wait, and look at it", "[hub_library]") {
    const auto world =
        filtered([](InvocationContext& context, HubFilter::Next next) -> Task<Value> {
            co_await delay(std::chrono::seconds(1));
            auto value = co_await next(context);
            const auto* sum = value.get_if<int>();
            co_return sum != nullptr ? Value("sum " + std::to_string(*sum)) : Value();
        });
    const auto peer = world->connect("a");
    CHECK(peer->call("Add", "1,2").empty());
    world->loop.advance(1'000'000'000);
    CHECK(peer->sent() == result("\"sum 3\""));
}

TEST_CASE("A filter may answer or refuse without the method", "[hub_library]") {
    const auto world = filtered([](InvocationContext& context, HubFilter::Next) -> Task<Value> {
        if (*context.argument<int>(0) == 0) {
            throw HubException("zero");
        }
        co_return 42;
    });
    const auto peer = world->connect("a");
    CHECK(peer->call("Add", "1,2") == result("42"));
    CHECK(peer->call("Add", "0,2") ==
          failed("An unexpected error occurred invoking 'Add' on the server. HubException: zero"));
}

TEST_CASE("A filter sees bound arguments and may change them", "[hub_library]") {
    const auto world =
        filtered([](InvocationContext& context, HubFilter::Next next) -> Task<Value> {
            CHECK(context.argument_count() == 2);
            CHECK(context.argument<std::string>(0) == nullptr);
            CHECK(context.argument<int>(2) == nullptr);
            *context.argument<int>(1) = 10;
            co_return co_await next(context);
        });
    CHECK(world->connect("a")->call("Add", "1,2") == result("11"));
}

TEST_CASE("A method's policy decides by user and arguments", "[hub_library]") {
    World world;
    add_policies(world);
    const std::string no = "Failed to invoke 'AdminsOnly' because user is unauthorized";
    CHECK(world.connect("a")->call("AdminsOnly", "\"abc\"") == failed(no));
    // By the name that was declared.
    CHECK(world.connect("a2")->call("adminsonly", "\"abc\"") == failed(no));
    CHECK(world.connect("b", "bob")->call("AdminsOnly", "\"abc\"") == failed(no));
    const auto admin = world.connect("c", "anna/admin");
    CHECK(admin->call("AdminsOnly", "\"abc\"") == result("3"));
    CHECK(admin->call("AdminsOnly", "\"secret\"") == failed(no));
    CHECK(world.connect("d", "bob")->call("OpenToUsers") == result("1"));
}

TEST_CASE("A method's policy is asked about nobody too, and may let it in", "[hub_library]") {
    World world;
    bool authenticated = true;
    world.definition.policies["admin"] = [&](const AuthorizationContext& context) {
        authenticated = context.authenticated();
        return context.user().subject.empty() && context.user().claims.empty() &&
               context.argument<std::string>(0) == "public";
    };
    const auto stranger = world.connect("a");
    CHECK(stranger->call("AdminsOnly", "\"public\"") == result("6"));
    CHECK_FALSE(authenticated);
    CHECK(stranger->call("AdminsOnly", "\"secret\"").find("unauthorized") != std::string::npos);
    // Without a name it is any user.
    CHECK(stranger->call("OpenToUsers").find("unauthorized") != std::string::npos);
    CHECK(world.connect("b", "bob")->call("AdminsOnly", "\"public\"").find("unauthorized") !=
          std::string::npos);
    CHECK(authenticated);
}

TEST_CASE("A route's policy decides who may connect", "[hub_library]") {
    World world;
    add_policies(world);
    world.route.policy = "admin";
    CHECK(world.connect("a")->refused == "401");
    CHECK(world.connect("b", "bad")->refused == "401");
    CHECK(world.connect("c", "bob")->refused == "403");
    CHECK(world.connect("d", "anna/admin")->refused.empty());
}

TEST_CASE("A hub refuses without a body, as clients show one as the error", "[hub_library]") {
    World world;
    add_policies(world);
    world.route.policy = "admin";
    REQUIRE(world.connect("a")->refused == "401");
    transport::HttpRequest request;
    using Headers = decltype(transport::HttpResponse::headers);
    const auto stranger = world.endpoint->check(request);
    REQUIRE(stranger);
    CHECK(stranger->status == 401);
    CHECK(stranger->headers == Headers{{"WWW-Authenticate", "Bearer"}});
    CHECK(stranger->content_type + stranger->body == "");
    request.token = "bob";
    const auto user = world.endpoint->check(request);
    REQUIRE(user);
    CHECK(user->status == 403);
    CHECK(user->headers == Headers{});
    CHECK(user->content_type + user->body == "");
}

TEST_CASE("A policy that throws refuses and is logged", "[hub_library]") {
    World world;
    add_policies(world);
    world.route.policy = "broken";
    CHECK(world.connect("a", "anna")->refused == "403");
    CHECK(world.log.lines == Notes{"hub_policy_failed hub=GuardedHub error=runtime_error: no"});
}

TEST_CASE("Without a policy a bad token is a stranger", "[hub_library]") {
    World world;
    add_policies(world);
    const auto peer = world.connect("a", "bad");
    CHECK(peer->refused.empty());
    CHECK(peer->call("Add", "1,2") == result("3"));
}

TEST_CASE("A connection ends with its token, where the route says so", "[hub_library]") {
    const bool closes = GENERATE(false, true);
    World world;
    world.route.endpoint.close_on_authentication_expiration = closes;
    const auto peer = world.connect("a", "anna");
    peer->handler->on_tick(world.loop.now_ns());
    CHECK_FALSE(peer->connection.closed);
    world.clock.advance_us(10'000'000);
    peer->handler->on_tick(world.loop.now_ns());
    CHECK(peer->connection.closed == closes);
    CHECK(peer->sent() == (closes ? R"({"type":7,"allowReconnect":true}|)" : ""));
}

}  // namespace hubtrail::hub
