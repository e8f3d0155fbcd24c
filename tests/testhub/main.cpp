// The test hub: a small server on the hub library with the routes and methods that the functional
// tests of the stock clients expect, and those of tests/conformance (HUBS.md there). For tests
// only: everybody may sign tokens.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/hub_protocol.h"
#include "protocol/json.h"
#include "protocol/negotiate.h"
#include "tests/testhub/conformance_hub.h"
#include "tests/testhub/echo_endpoint.h"
#include "tests/testhub/functional_hubs.h"
#include "tests/testhub/naming_hubs.h"
#include "tests/testhub/server.h"
#include "tests/testhub/tokens.h"

namespace hubtrail::testhub {
namespace {

constexpr const char* kUsage =
    "usage: testhub [--port N] [--jwt-key TEXT] [--loops N] [--redis URL]\n"
    "  Serves the hubs of tests/conformance/HUBS.md on 127.0.0.1. Port 0 (default) takes any.\n";
constexpr std::int64_t kTokenSeconds = 5;

struct Flags {
    std::string port = "0";
    std::string jwt_key = "hubtrail conformance key, 32 bytes or more";
    std::string redis;
    int loops = 2;
};

/// Exits with 2 and a text when they cannot be meant.
Flags parse_flags(const std::vector<std::string>& arguments) {
    Flags flags;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        const auto& name = arguments[i];
        const bool known =
            name == "--port" || name == "--jwt-key" || name == "--loops" || name == "--redis";
        if (!known || i + 1 == arguments.size()) {
            std::fprintf(stderr, "testhub: unknown flag or no value: %s\n%s", name.c_str(), kUsage);
            std::exit(2);
        }
        const auto& value = arguments[i + 1];
        if (name == "--port") {
            flags.port = value;
        } else if (name == "--jwt-key") {
            flags.jwt_key = value;
        } else if (name == "--redis") {
            flags.redis = value;
        } else {
            flags.loops = std::atoi(value.c_str());
        }
    }
    return flags;
}

HttpResponse text(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.content_type = "text/plain; charset=utf-8";
    response.body = std::move(body);
    return response;
}

std::string query_of(const HttpRequest& request) {
    std::string out;
    for (const auto& [name, value] : request.query) {
        out += (out.empty() ? "?" : "&") + name + "=" + value;
    }
    return out;
}

// Cookies as the functional tests want them on every negotiate. A browser that comes through a
// proxy with TLS, from a page of another site, keeps only those that say that they are for that.
void add_cookies(const HttpRequest& request, HttpResponse& response) {
    const bool secure = request.header("x-forwarded-proto") == "https";
    for (const auto* cookie :
         {"testCookie=testValue; path=/", "testCookie2=testValue2; path=/",
          "expiredCookie=doesntmatter; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/"}) {
        response.headers.emplace_back(
            "Set-Cookie",
            std::string(cookie) + (secure ? "; secure; samesite=none; partitioned" : ""));
    }
}

Task<HttpResponse> redirect(const TokenKey& key, HttpRequest request) {
    static std::atomic<int> count{0};
    HttpResponse response;
    if (const auto base = request.query_value("baseUrl")) {
        response.body = "{ \"url\": \"" + std::string(*base) +
                        "/testHub?numRedirects=" + std::to_string(++count) + "\" }";
    } else {
        response.content_type = "application/json; charset=utf-8";
        response.body = protocol::make_negotiate_redirect(
            "http://" + std::string(request.header("host").value_or("")) + "/authorizedHub",
            key.sign("testuser", kTokenSeconds));
    }
    add_cookies(request, response);
    co_return response;
}

Task<HttpResponse> echo_redirect(HttpRequest request) {
    auto response = text(307, "");
    response.content_type.clear();
    response.headers.emplace_back(
        "Location",
        "/echo" + request.path.substr(std::strlen("/echoredirect")) + query_of(request));
    co_return response;
}

Task<HttpResponse> client_result(HubServer& server, HttpRequest request) {
    const auto id = request.path.substr(std::strlen("/clientresult/"));
    try {
        co_return text(
            200, std::to_string(co_await server.context<TestHub>().clients().client(id).invoke<int>(
                     "Result")));
    } catch (const std::exception& error) {
        co_return text(200, error.what());
    }
}

void map_plain_routes(HubServer& server, const TokenKey& key) {
    server.map_http("/generateJwtToken", [&key](HttpRequest) -> Task<HttpResponse> {
        co_return text(200, key.sign("testuser", kTokenSeconds));
    });
    server.map_http("/deployment", [](HttpRequest) -> Task<HttpResponse> {
        HttpResponse response;
        response.content_type = "application/json; charset=utf-8";
        response.body = R"({"commitHash":""})";
        co_return response;
    });
    server.map_http("/clientresult/*", [&server](HttpRequest request) {
        return client_result(server, std::move(request));
    });
    server.map_http("/redirect*",
                    [&key](HttpRequest request) { return redirect(key, std::move(request)); });
    server.map_http("/echoredirect*",
                    [](HttpRequest request) { return echo_redirect(std::move(request)); });
    server.map_http("/bad-negotiate*", [](HttpRequest request) -> Task<HttpResponse> {
        auto response = text(400, "Some response from server");
        response.content_type.clear();
        add_cookies(request, response);
        co_return response;
    });
}

void add_policies(HubServer& server) {
    server.add_policy("signed-in", [](const AuthorizationContext& context) {
        return context.user().claim("sub").has_value();
    });
    server.add_policy("admin", [](const AuthorizationContext& context) {
        return context.user().has_claim("role", "admin");
    });
    server.add_policy("says-yes", [](const AuthorizationContext& context) {
        return context.argument<std::string>(0) == "yes";
    });
}

HubServer* the_server = nullptr;
thread_local transport::Loop* the_loop = nullptr;

// An endpoint is made once for each loop.
void remember_loop(const hub::EndpointScope& scope) {
    auto& loop = scope.loop.loop();
    loop.post([&loop] { the_loop = &loop; });
}

int run(const std::vector<std::string>& arguments) {
    const auto flags = parse_flags(arguments);
    const TokenKey key(flags.jwt_key);
    HubServerOptions options;
    options.listen = "127.0.0.1:" + flags.port;
    options.loops = flags.loops;
    options.redis_url = flags.redis;
    options.drain_window_ns = 0;
    options.log_level = LogLevel::error;
    options.hub.detailed_errors = true;
    options.hub.protocols.json_names = protocol::NamingRule::unchanged;
    options.endpoint.allow_origin = [](std::string_view) { return true; };
    options.endpoint.on_negotiate = add_cookies;
    options.make_verifier = [&key] { return key.make_verifier(); };
    options.on_listening = [](std::uint16_t port) {
        std::printf("ready http://127.0.0.1:%u/\n", port);
        std::fflush(stdout);
    };
    const auto endpoint = options.endpoint;
    HubServer server(std::move(options));
    the_server = &server;
    add_policies(server);
    map_functional_hubs(server);
    map_conformance_hubs(server);
    map_naming_hubs(server);
    map_plain_routes(server, key);
    server.map_endpoint("/echo", [endpoint](const hub::EndpointScope& scope) {
        remember_loop(scope);
        return make_echo_endpoint(endpoint);
    });
    server.map_endpoint("/wsecho", [endpoint](const hub::EndpointScope&) {
        return make_message_echo_endpoint(endpoint);
    });
    return server.run();
}

}  // namespace

HubServer& server() {
    return *the_server;
}

transport::Loop& this_loop() {
    return *the_loop;
}

std::string user_of(const auth::Principal* user, const RequestInfo& request) {
    const auto name = request.header("Super-Insecure-UserName").value_or("");
    if (!name.empty()) {
        return std::string(name);
    }
    return user == nullptr ? std::string() : user->subject;
}

}  // namespace hubtrail::testhub

int main(int argc, char** argv) {
    return hubtrail::testhub::run({argv + 1, argv + argc});
}
