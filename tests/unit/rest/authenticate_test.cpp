#include "rest/authenticate.h"

#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

Answer refusal(RestFixture& fixture, const std::string& token, Access access) {
    auto result = authenticate(fixture.context, make_get("/x", {}, token), access);
    REQUIRE_FALSE(result);
    return Answer{{result.error()}};
}

}  // namespace

TEST_CASE("authenticate answers every bad token with the same 401", "[rest]") {
    RestFixture fixture;
    fixture.verifier.refusals = {{"old-token", auth::TokenErrc::expired},
                                 {"long-token", auth::TokenErrc::too_long}};
    const auto absent = refusal(fixture, "", Access::read);
    CHECK(fixture.verifier.calls == 0);
    CHECK(absent.problem(401) == "unauthorized");
    CHECK(absent.header("WWW-Authenticate") == "Bearer");
    for (const auto* const token : {"forged-token", "old-token", "long-token"}) {
        const auto answer = refusal(fixture, token, Access::append);
        CHECK(answer.get().body == absent.get().body);
        CHECK(answer.get().headers == absent.get().headers);
    }
    for (const auto& line : fixture.log.lines) {
        CHECK(line.substr(0, 5) == "debug");
        CHECK(line.find("-token") == std::string::npos);
    }
    CHECK(fixture.log.lines.at(1).find("reason=expired") != std::string::npos);
}

TEST_CASE("authenticate wants events.write to append and one of two scopes to read", "[rest]") {
    RestFixture fixture;
    const auto passes = [&](const char* token, Access access) {
        return static_cast<bool>(authenticate(fixture.context, make_get("/x", {}, token), access));
    };
    CHECK(passes("super", Access::append));
    CHECK(passes("super", Access::read));
    CHECK(passes("writer", Access::append));
    CHECK(passes("salto", Access::read));

    const auto no_read = refusal(fixture, "writer", Access::read);
    CHECK(no_read.problem(403) == "forbidden");
    CHECK(no_read.text().find("events.read or user_api.full_access") != std::string::npos);
    const auto no_append = refusal(fixture, "salto", Access::append);
    CHECK(no_append.problem(403) == "forbidden");
    CHECK(no_append.text().find("events.write") != std::string::npos);
}

}  // namespace hubtrail::rest
