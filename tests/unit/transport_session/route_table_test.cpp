#include "transport/session/route_table.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/transport_session/session_fixture.h"

namespace hubtrail::transport {
namespace {

using Methods = std::vector<std::string>;

const std::string kListed = "Origin: https://app.example\r\n";
const std::string kOther = "Origin: https://evil.example\r\n";

Route route(Methods methods, std::string path, std::string owner,
            PathMatch match = PathMatch::exact) {
    return {std::move(methods), std::move(path), nullptr, std::move(owner), match};
}

/// A table on a server of its own pages. Thread: strand.
struct RoutesFixture : SessionFixture {
    RoutesFixture() {
        routes = RouteTable();
        routes.add({{"POST"}, "/events", &pages, "the events"});
        routes.add({{"GET"}, "/events/", &pages, "the events", PathMatch::subtree});
        routes.add({{}, "/all", &pages, "a program"});
        routes.add({{"GET"}, "/own", &pages, "the demo", PathMatch::exact, Origins::own});
    }
    Client client{*this};
};

struct CorsRoutes : RoutesFixture {
    CorsRoutes() {
        EndpointOptions options;
        options.allowed_origins = {"https://app.example"};
        routes.allow_origins(options);
    }
};

std::string preflight(const std::string& method) {
    return "Access-Control-Request-Method: " + method +
           "\r\nAccess-Control-Request-Headers: authorization, content-type, idempotency-key, "
           "prefer\r\n";
}

}  // namespace

TEST_CASE("The longest prefix serves a path, and an exact one before it", "[session][routes]") {
    TestPages exact;
    TestPages shorter;
    TestPages longer;
    RouteTable routes;
    routes.add({{}, "/a/b", &exact, "exact"});
    routes.add({{}, "/a/", &shorter, "shorter", PathMatch::fallback});
    routes.add({{}, "/a/b/", &longer, "longer", PathMatch::fallback});
    CHECK(routes.find("/a/b", "GET").handler == &exact);
    CHECK(routes.find("/a/b/c", "GET").handler == &longer);
    CHECK(routes.find("/a/c", "GET").handler == &shorter);
    CHECK(routes.find("/b", "GET").allow.empty());
    CHECK(routes.find_hub("/negotiate").endpoint == nullptr);
    CHECK(routes.conflicts().empty());
}

TEST_CASE("Hub paths have no case, and one slash at the end is none", "[session][routes]") {
    SessionFixture f;
    for (const auto* path : {"/hub", "/HUB", "/hub/"}) {
        CHECK(f.routes.find_hub(path).endpoint == &f.hub);
        CHECK_FALSE(f.routes.find_hub(path).negotiate);
    }
    CHECK(f.routes.find_hub("/hub/Negotiate/").negotiate);
    for (const auto* path : {"/hub//", "/hub/negotiate//", "/hub/more", "/", ""}) {
        CHECK(f.routes.find_hub(path).endpoint == nullptr);
    }
}

TEST_CASE("A hub may have the root", "[session][routes]") {
    SessionFixture f;
    f.routes.add_hub("/", f.hub, "the hub at /");
    CHECK(f.routes.find_hub("/").endpoint == &f.hub);
    CHECK(f.routes.find_hub("/negotiate").negotiate);
}

TEST_CASE("Two owners of one path are a conflict that names both", "[session][routes]") {
    RouteTable routes;
    routes.add(route({"GET"}, "/livez", "the health check"));
    EndpointOptions options;
    routes.claim_hub("/LiveZ", options, "the hub of lives");
    CHECK(routes.conflicts() ==
          Methods{"the hub of lives cannot serve '/LiveZ': the health check serves '/livez'"});
}

TEST_CASE("Paths conflict in any case, order and kind", "[session][routes]") {
    EndpointOptions plain;
    EndpointOptions refreshing;
    refreshing.enable_authentication_refresh = true;
    using Claim = std::function<void(RouteTable&, const std::string&)>;
    const auto exact = [](const char* path, Methods methods = {"GET"}) -> Claim {
        return [=](RouteTable& table, const std::string& owner) {
            table.add(route(methods, path, owner));
        };
    };
    const auto tree = [](const char* path, PathMatch match) -> Claim {
        return [=](RouteTable& table, const std::string& owner) {
            table.add(route({"GET"}, path, owner, match));
        };
    };
    const auto hub = [&](const char* path) -> Claim {
        return [=](RouteTable& table, const std::string& owner) {
            table.claim_hub(path, plain, owner);
        };
    };
    const auto refreshing_hub = [&](const char* path) -> Claim {
        return [=](RouteTable& table, const std::string& owner) {
            table.claim_hub(path, refreshing, owner);
        };
    };
    struct Row {
        Claim one;
        Claim other;
        bool conflict;
    };
    const std::vector<Row> rows = {
        {exact("/a"), exact("/a"), true},
        {exact("/a"), exact("/A"), true},
        {exact("/a"), exact("/a/"), true},
        {exact("/a"), exact("/A", {"POST"}), true},
        {exact("/a"), exact("/a", {"POST"}), false},
        {exact("/a"), exact("/a", {"HEAD"}), true},
        {exact("/a"), exact("/a", {}), true},
        {exact("/a"), exact("/b"), false},
        {hub("/a"), hub("/A"), true},
        {hub("/a"), exact("/a", {"PUT"}), true},
        {hub("/a"), exact("/A/"), true},
        {hub("/a"), exact("/a/Negotiate", {"PUT"}), true},
        {hub("/a"), hub("/a/negotiate"), true},
        {hub("/a"), hub("/a/refresh"), false},
        {refreshing_hub("/a"), hub("/a/REFRESH"), true},
        {refreshing_hub("/a"), exact("/a/refresh"), true},
        {hub("/a"), hub("/ab"), false},
        {hub("/a"), hub("/a/b"), false},
        {tree("/a/", PathMatch::subtree), exact("/A/b"), true},
        {tree("/a/", PathMatch::subtree), hub("/a/b"), true},
        {tree("/a/", PathMatch::subtree), exact("/a"), false},
        {tree("/a/", PathMatch::subtree), tree("/a/b/", PathMatch::subtree), true},
        {tree("/a/", PathMatch::subtree), tree("/a/b/", PathMatch::fallback), true},
        {tree("/a/", PathMatch::subtree), tree("/", PathMatch::fallback), false},
        {tree("/a/", PathMatch::fallback), tree("/A/", PathMatch::fallback), true},
        {tree("/a/", PathMatch::fallback), tree("/a/b/", PathMatch::fallback), false},
        {tree("/a/", PathMatch::fallback), exact("/a/b"), false},
        {tree("/", PathMatch::fallback), hub("/a"), false},
        {tree("/", PathMatch::fallback), exact("/"), false},
    };
    for (std::size_t i = 0; i < rows.size(); ++i) {
        CAPTURE(i);
        for (const bool swapped : {false, true}) {
            RouteTable table;
            (swapped ? rows[i].other : rows[i].one)(table, "one");
            (swapped ? rows[i].one : rows[i].other)(table, "two");
            REQUIRE(table.conflicts().empty() != rows[i].conflict);
            for (const auto& conflict : table.conflicts()) {
                CHECK(conflict.find("two cannot serve '/") == 0);
                CHECK(conflict.find("': one serves '/") != std::string::npos);
            }
        }
    }
}

TEST_CASE("An owner may have a path below its own subtree", "[session][routes]") {
    RouteTable routes;
    routes.add(route({"GET"}, "/a/", "one", PathMatch::subtree));
    routes.add(route({"GET"}, "/a/b", "one"));
    CHECK(routes.conflicts().empty());
}

TEST_CASE("Another method is 405 with those that are known", "[session][routes]") {
    RoutesFixture f;
    const auto post = f.client.ask(405, "GET", "/events");
    CHECK(post.has("Allow: POST\r\n"));
    CHECK(post.body.find("method-not-allowed") != std::string::npos);
    for (const auto* method : {"POST", "DELETE", "PUT", "get"}) {
        CHECK(f.client.ask(405, method, "/events/1").has("Allow: GET, HEAD\r\n"));
    }
    CHECK(f.pages.handled == 0);
    for (const auto* method : {"POST", "DELETE", "OPTIONS"}) {
        CHECK(f.client.ask(200, method, "/all").body == std::string(method) + " /all ");
    }
}

TEST_CASE("Owners of different methods share a path", "[session][routes]") {
    RoutesFixture f;
    TestPages lists;
    f.routes.add({{"GET"}, "/events", &lists, "the lists"});
    CHECK(f.routes.conflicts().empty());
    f.client.ask(200, "GET", "/events");
    f.client.ask(200, "POST", "/events");
    CHECK(std::pair(lists.handled, f.pages.handled) == std::pair(1, 1));
    CHECK(f.client.ask(405, "PUT", "/events").has("Allow: POST, GET, HEAD\r\n"));
}

TEST_CASE("HEAD follows GET", "[session][routes]") {
    RoutesFixture f;
    f.client.send("HEAD /events/1 HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto answer = f.client.answer(true);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(f.client.rest().empty());
    f.client.send("HEAD /events HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(f.client.answer(true)->status == 405);
}

TEST_CASE("OPTIONS tells the methods of a path", "[session][routes]") {
    RoutesFixture f;
    CHECK(f.client.ask(204, "OPTIONS", "/events").has("Allow: POST\r\n"));
    CHECK(f.client.ask(204, "OPTIONS", "/events/1").has("Allow: GET, HEAD\r\n"));
    f.client.ask(404, "OPTIONS", "/nothing");
    CHECK(f.pages.handled == 0);
}

TEST_CASE("A preflight of a listed origin is granted the methods of the path",
          "[session][routes]") {
    CorsRoutes f;
    const auto answer = f.client.ask(204, "OPTIONS", "/events", kListed + preflight("POST"));
    CHECK(answer.has("Access-Control-Allow-Origin: https://app.example\r\n"));
    CHECK(answer.has("Access-Control-Allow-Methods: POST\r\n"));
    CHECK(
        answer.has("Access-Control-Allow-Headers: authorization, content-type, "
                   "idempotency-key, prefer\r\n"));
    CHECK(answer.has("Access-Control-Max-Age: 7200"));
    CHECK(answer.has("Vary: Origin"));
    CHECK(f.client.ask(204, "OPTIONS", "/events/1", kListed + preflight("GET"))
              .has("Access-Control-Allow-Methods: GET, HEAD\r\n"));
    CHECK(f.client.ask(204, "OPTIONS", "/all", kListed + preflight("PUT"))
              .has("Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE"));
    CHECK(f.pages.handled == 0);
}

TEST_CASE("A preflight of another origin, or of what only our own pages use, is granted nothing",
          "[session][routes]") {
    CorsRoutes f;
    CHECK_FALSE(
        f.client.ask(204, "OPTIONS", "/events", kOther + preflight("POST")).has("Access-Control"));
    CHECK_FALSE(
        f.client.ask(204, "OPTIONS", "/own", kListed + preflight("GET")).has("Access-Control"));
    CHECK_FALSE(f.client.ask(200, "GET", "/own", kListed).has("Access-Control"));
    RoutesFixture closed;
    const auto answer = closed.client.ask(204, "OPTIONS", "/events", kListed + preflight("POST"));
    CHECK_FALSE(answer.has("Access-Control"));
    CHECK_FALSE(answer.has("Vary"));
    // Where nobody is listed a program may answer for itself.
    closed.client.ask(200, "OPTIONS", "/all", kListed + preflight("PUT"));
}

TEST_CASE("A handler that says itself whose pages may read it is the only one to say it",
          "[session][routes]") {
    struct OwnCors final : HttpHandler {
        void handle(HttpRequest, HttpReply reply) override {
            HttpResponse response;
            response.headers = {{"access-control-allow-origin", "*"}};
            reply(std::move(response));
        }
    } own;
    RoutesFixture f;
    f.routes.add({{}, "/public", &own, "what is public", PathMatch::exact, Origins::listed});
    EndpointOptions options;
    options.allowed_origins = {"https://app.example"};
    f.routes.allow_origins(options);
    const auto answer = f.client.ask(200, "GET", "/public", kListed);
    CHECK(answer.has("access-control-allow-origin: *\r\n"));
    CHECK_FALSE(answer.has("Access-Control-Allow-Origin"));
    CHECK_FALSE(answer.has("Access-Control-Allow-Credentials"));
}

TEST_CASE("A page of a listed origin reads answers and refusals, with what they say beside",
          "[session][routes]") {
    CorsRoutes f;
    const auto check = [](const Answer& answer) {
        CHECK(answer.has("Access-Control-Allow-Origin: https://app.example\r\n"));
        CHECK(answer.has("Access-Control-Allow-Credentials: true\r\n"));
        CHECK(
            answer.has("Access-Control-Expose-Headers: Allow, Preference-Applied, Retry-After, "
                       "WWW-Authenticate\r\n"));
        CHECK(answer.has("Vary: Origin\r\n"));
    };
    check(f.client.ask(200, "GET", "/events/1", kListed));
    check(f.client.ask(405, "DELETE", "/events/1", kListed));
    check(f.client.ask(404, "GET", "/nothing", kListed));
    CHECK_FALSE(f.client.ask(200, "GET", "/events/1", kOther).has("Access-Control"));
    CHECK_FALSE(f.client.ask(200, "GET", "/events/1").has("Access-Control"));
}

TEST_CASE("A hub's refusal of a method says which it knows", "[session][routes]") {
    SessionFixture f;
    Client client(f);
    CHECK(client.ask(405, "PUT", "/hub").has("Allow: GET, POST, DELETE\r\n"));
    CHECK(client.ask(405, "GET", "/hub/negotiate").has("Allow: POST\r\n"));
}

}  // namespace hubtrail::transport
