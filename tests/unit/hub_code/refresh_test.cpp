// Whose connection it is while it lasts: polls, reconnects and authentication refresh.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/hub_code/library_fixture.h"

namespace hubtrail::hub {
namespace {

using transport::LaterRequest;
using transport::UserOutcome;
using Kind = LaterRequest::Kind;
using PrincipalPtr = std::shared_ptr<const auth::Principal>;

constexpr std::int64_t kSecondUs = 1'000'000;

struct WhoHub : Hub {
    std::string who() {
        const auto& user = context().user();
        return context().user_identifier() + "," +
               (user ? std::string(user->claim("color").value_or("-")) : "nobody");
    }
    int admins_only() { return 1; }
    static void methods(Methods<WhoHub>& hub) {
        hub.add("Who", &WhoHub::who);
        hub.add("AdminsOnly", &WhoHub::admins_only).authorize("red");
    }
};

struct World : HubWorld<WhoHub> {
    explicit World(bool enabled = true) {
        route.endpoint.enable_authentication_refresh = enabled;
        definition.policies["red"] = [](const AuthorizationContext& context) {
            return context.user().has_claim("color", "red");
        };
    }
    PrincipalPtr user(const std::string& name, const std::string& color,
                      std::int64_t seconds) const {
        auth::Principal made;
        made.subject = name;
        made.claims.emplace("color", color);
        made.expires_us = clock.wall_us() + seconds * kSecondUs;
        return std::make_shared<const auth::Principal>(std::move(made));
    }
    static UserOutcome tell(Peer& peer, Kind kind, PrincipalPtr user) {
        const transport::HttpRequest request;
        return peer.handler->on_user({kind, request, std::move(user)});
    }
};

const auto kAccepted = UserOutcome::accepted;
const auto kRefused = UserOutcome::refused;

}  // namespace

TEST_CASE("Later calls have the refreshed principal, routing has the first", "[hub_library]") {
    World world;
    const auto peer = world.connect("a", "anna");  // for 10 s
    CHECK(peer->call("Who") == result("\"anna,-\""));
    CHECK(peer->call("AdminsOnly").find("unauthorized") != std::string::npos);
    CHECK(World::tell(*peer, Kind::refresh, world.user("anna", "red", 20)) == kAccepted);
    CHECK(peer->call("Who") == result("\"anna,red\""));
    CHECK(peer->call("AdminsOnly") == result("1"));
    // Asked for is asked for, also if it ends sooner.
    CHECK(World::tell(*peer, Kind::refresh, world.user("anna", "blue", 5)) == kAccepted);
    CHECK(peer->call("Who") == result("\"anna,blue\""));
}

TEST_CASE("Polls and reconnects refresh too, but never back to an older token", "[hub_library]") {
    World world;
    const auto kind = GENERATE(Kind::poll, Kind::resume);
    const auto peer = world.connect("a", "anna");
    const auto first = world.user("anna", "one", 20);
    CHECK(World::tell(*peer, kind, first) == kAccepted);
    CHECK(peer->call("Who") == result("\"anna,one\""));
    CHECK(World::tell(*peer, kind, world.user("anna", "older", 19)) == kAccepted);
    CHECK(peer->call("Who") == result("\"anna,one\""));
    CHECK(World::tell(*peer, kind, world.user("anna", "same end", 20)) == kAccepted);
    CHECK(peer->call("Who") == result("\"anna,same end\""));
    CHECK(World::tell(*peer, kind, world.user("anna", "newer", 21)) == kAccepted);
    CHECK(peer->call("Who") == result("\"anna,newer\""));
}

TEST_CASE("Another user never takes a connection over", "[hub_library]") {
    World world;
    const auto kind = GENERATE(Kind::poll, Kind::resume, Kind::refresh);
    const auto peer = world.connect("a", "anna");
    CHECK(World::tell(*peer, kind, world.user("berta", "red", 99)) == kRefused);
    CHECK(World::tell(*peer, kind, world.user("", "red", 99)) == kRefused);
    CHECK(World::tell(*peer, kind, nullptr) == kRefused);
    CHECK(peer->call("Who") == result("\"anna,-\""));
    const auto nobody = world.connect("b");
    CHECK(World::tell(*nobody, kind, world.user("anna", "red", 99)) == kRefused);
    CHECK(World::tell(*nobody, kind, nullptr) == kAccepted);
    CHECK(nobody->call("Who") == result("\",nobody\""));
}

TEST_CASE("The user identifier says who is the same, else the subject, else every claim",
          "[hub_library]") {
    World world;
    SECTION("the identifier") {
        world.definition.user_id = [](const auth::Principal* user, const RequestInfo&) {
            return user == nullptr ? "" : user->subject.substr(0, 1);
        };
        const auto peer = world.connect("a", "anna");
        CHECK(World::tell(*peer, Kind::refresh, world.user("albert", "red", 99)) == kAccepted);
        CHECK(World::tell(*peer, Kind::refresh, world.user("berta", "red", 99)) == kRefused);
        CHECK(peer->call("Who") == result("\"a,red\""));
    }
    SECTION("the subject") {
        world.definition.user_id = [](const auth::Principal*, const RequestInfo&) { return ""; };
        const auto peer = world.connect("a", "anna");
        CHECK(World::tell(*peer, Kind::refresh, world.user("anna", "red", 99)) == kAccepted);
        CHECK(World::tell(*peer, Kind::refresh, world.user("albert", "red", 99)) == kRefused);
        auto other_tenant = *world.user("anna", "red", 99);
        other_tenant.tenant = "t";
        CHECK(World::tell(*peer, Kind::refresh,
                          std::make_shared<const auth::Principal>(other_tenant)) == kRefused);
    }
    SECTION("every claim") {
        world.definition.user_id = [](const auth::Principal*, const RequestInfo&) { return ""; };
        const auto peer = world.connect("a", "/scope");
        CHECK(World::tell(*peer, Kind::refresh, world.user("", "red", 99)) == kRefused);
        auto same = *world.user("", "red", 99);
        same.claims.clear();
        CHECK(World::tell(*peer, Kind::refresh, std::make_shared<const auth::Principal>(same)) ==
              kAccepted);
    }
}

TEST_CASE("OnAuthenticationRefresh decides about what would change", "[hub_library]") {
    World world;
    std::vector<std::string> asked;
    world.route.endpoint.on_authentication_refresh =
        [&](const transport::AuthenticationRefresh& refresh) {
            const auto color = std::string(refresh.next.claim("color").value_or("-"));
            asked.push_back(std::string(refresh.connection_id) + " " + refresh.previous.subject +
                            " " + color);
            if (color == "broken") {
                throw std::runtime_error("no");
            }
            return color != "blocked";
        };
    const auto peer = world.connect("a", "anna");
    CHECK(World::tell(*peer, Kind::refresh, world.user("anna", "blocked", 99)) == kRefused);
    CHECK(World::tell(*peer, Kind::refresh, world.user("anna", "broken", 99)) == kRefused);
    CHECK(World::tell(*peer, Kind::poll, world.user("anna", "blocked", 99)) == kRefused);
    CHECK(peer->call("Who") == result("\"anna,-\""));
    const auto good = world.user("anna", "good", 99);
    CHECK(World::tell(*peer, Kind::poll, good) == kAccepted);
    // Nobody is asked about what changes nothing, or about another user.
    CHECK(World::tell(*peer, Kind::poll, good) == kAccepted);
    CHECK(World::tell(*peer, Kind::poll, world.user("anna", "good", 99)) == kAccepted);
    CHECK(World::tell(*peer, Kind::poll, world.user("anna", "older", 98)) == kAccepted);
    CHECK(World::tell(*peer, Kind::refresh, world.user("berta", "good", 99)) == kRefused);
    CHECK(asked == std::vector<std::string>{"a anna blocked", "a anna broken", "a anna blocked",
                                            "a anna good"});
    CHECK(world.log.lines ==
          std::vector<std::string>{
              "hub_refresh_failed hub=WhoHub connection=a error=runtime_error: no"});
}

TEST_CASE("The end of the newest token ends the connection", "[hub_library]") {
    const bool enabled = GENERATE(false, true);
    World world(enabled);
    world.route.endpoint.close_on_authentication_expiration = true;
    const auto longer = world.connect("a", "anna");  // for 10 s
    const auto shorter = world.connect("b", "anna");
    const auto endless = world.connect("c", "anna");
    CHECK(World::tell(*longer, Kind::poll, world.user("anna", "red", 20)) == kAccepted);
    const auto kind = enabled ? Kind::refresh : Kind::poll;
    CHECK(World::tell(*shorter, kind, world.user("anna", "red", 5)) == kAccepted);
    auto never = *world.user("anna", "red", 0);
    never.expires_us = 0;
    CHECK(World::tell(*endless, kind, std::make_shared<const auth::Principal>(never)) == kAccepted);
    const auto closed_after = [&](std::int64_t us) {
        world.clock.advance_us(us);
        std::string closed;
        for (auto* peer : {longer.get(), shorter.get(), endless.get()}) {
            peer->handler->on_tick(world.loop.now_ns());
            closed += peer->connection.closed ? "x" : "-";
        }
        return closed;
    };
    CHECK(closed_after(5 * kSecondUs - 1) == "---");
    CHECK(closed_after(1) == "-x-");
    CHECK(closed_after(15 * kSecondUs - 1) == "-x-");
    CHECK(closed_after(1) == "xx-");
    CHECK(World::tell(*shorter, Kind::refresh, world.user("anna", "red", 99)) == UserOutcome::gone);
}

TEST_CASE("Without refresh another user of a poll is logged and does not call", "[hub_library]") {
    World world(false);
    const auto peer = world.connect("a", "anna");
    CHECK(World::tell(*peer, Kind::poll, world.user("anna", "red", 20)) == kAccepted);
    CHECK(world.log.lines.empty());
    CHECK(World::tell(*peer, Kind::poll, world.user("berta", "red", 20)) == kAccepted);
    CHECK(World::tell(*peer, Kind::resume, nullptr) == kAccepted);
    CHECK(peer->call("Who") == result("\"anna,-\""));
    CHECK(world.log.lines == std::vector<std::string>{
                                 "hub_user_name_changed hub=WhoHub connection=a from=anna to=berta",
                                 "hub_user_name_changed hub=WhoHub connection=a from=anna to="});
}

}  // namespace hubtrail::hub
