#include "rest/append_rights.h"

#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

using auth::SiteRole;

protocol::NewEvent event_of(std::string site, std::string user) {
    return {"id", "entries", "x", std::move(site), std::move(user), "{}"};
}

auth::Principal principal_with(std::map<std::string, SiteRole, std::less<>> sites) {
    auth::Principal principal;
    principal.subject = "u1";
    principal.sites = std::move(sites);
    return principal;
}

}  // namespace

TEST_CASE("A role on the event's site decides who may append it", "[rest]") {
    struct Row {
        std::map<std::string, SiteRole, std::less<>> sites;
        const char* site;
        const char* user;
        bool allowed;
    };
    const std::vector<Row> rows{
        {{{"s1", SiteRole::admin}}, "s1", "u9", true},
        {{{"s1", SiteRole::super_user}}, "s1", "", true},
        {{{"s1", SiteRole::user}}, "s1", "u1", true},
        {{{"s1", SiteRole::user}}, "s1", "u9", false},
        {{{"s1", SiteRole::user}}, "s1", "", false},
        {{{"s1", SiteRole::admin}}, "s2", "u1", false},
        {{}, "s1", "u1", false},
        {{{"*", SiteRole::admin}}, "s1", "u9", true},
        {{{"*", SiteRole::super_user}}, "", "", true},
        {{{"*", SiteRole::admin}}, "", "u9", true},
        {{{"*", SiteRole::user}}, "s1", "u1", true},
        {{{"*", SiteRole::user}}, "s1", "u9", false},
        {{{"*", SiteRole::user}}, "", "u1", false},
        {{{"s1", SiteRole::admin}}, "", "u1", false},
        // The site's own entry is narrower than that of every site.
        {{{"*", SiteRole::admin}, {"s1", SiteRole::user}}, "s1", "u9", false},
        {{{"*", SiteRole::admin}, {"s1", SiteRole::none}}, "s1", "u1", false},
    };
    for (const auto& row : rows) {
        CAPTURE(&row - rows.data());
        CHECK(!check_may_append(principal_with(row.sites), {event_of(row.site, row.user)}) ==
              row.allowed);
    }
}

TEST_CASE("The refusal names the first event and its site", "[rest]") {
    const auto principal = principal_with({{"s1", SiteRole::admin}});
    auto refused = check_may_append(
        principal, {event_of("s1", "u1"), event_of("s\"2", "u1"), event_of("s3", "u1")});
    REQUIRE(refused);
    const Answer answer{{*refused}};
    CHECK(answer.problem(403) == "forbidden");
    CHECK(answer.text().find("event 1 of site 's\"2'") == 0);
    CHECK(answer.details().find("index")->integer() == 1);
    CHECK(answer.details().find("site_id")->string() == "s\"2");

    refused = check_may_append(principal, {event_of("", "u1")});
    REQUIRE(refused);
    CHECK(Answer{{*refused}}.details().find("site_id")->is_null());
}

}  // namespace hubtrail::rest
