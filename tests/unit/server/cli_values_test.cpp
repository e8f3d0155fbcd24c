#include "server/cli_values.h"

#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

using auth::SiteRole;

TEST_CASE("a site has one of three roles", "[server]") {
    const auto sites = parse_site_roles({"a=admin", "b=super", "c=user", "*=user", "x=y=admin"});
    REQUIRE(sites);
    CHECK(*sites == std::map<std::string, SiteRole>{{"a", SiteRole::admin},
                                                    {"b", SiteRole::super_user},
                                                    {"c", SiteRole::user},
                                                    {"*", SiteRole::user},
                                                    {"x=y", SiteRole::admin}});
    CHECK(parse_site_roles({})->empty());
}

TEST_CASE("anything else is no role of a site", "[server]") {
    const auto* text = GENERATE("", "a", "a=", "=admin", "a=none", "a=Admin", "a=admin ", "=");
    CAPTURE(text);
    CHECK_FALSE(parse_site_roles({text}));
}

TEST_CASE("a site cannot have two roles", "[server]") {
    CHECK_FALSE(parse_site_roles({"a=admin", "a=admin"}));
}

TEST_CASE("a token lives from one second to one day", "[server]") {
    CHECK(*parse_ttl_s("1s") == 1);
    CHECK(*parse_ttl_s("30s") == 30);
    CHECK(*parse_ttl_s("15m") == 900);
    CHECK(*parse_ttl_s("1h") == 3'600);
    CHECK(*parse_ttl_s("90") == 90);
    CHECK(*parse_ttl_s("24h") == 86'400);
    CHECK(*parse_ttl_s("1d") == 86'400);
    const auto* text =
        GENERATE("", "0", "0s", "999ms", "1500ms", "86401", "25h", "7d", "1h ", "-1h");
    CAPTURE(text);
    CHECK_FALSE(parse_ttl_s(text));
}

}  // namespace
}  // namespace hubtrail::server
