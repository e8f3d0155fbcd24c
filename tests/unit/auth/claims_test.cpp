#include "auth/claims.h"

#include <limits>
#include <string>
#include <vector>

#include "auth/jose/jose_verifier.h"
#include "tests/support/catch.h"
#include "tests/unit/auth/token_support.h"

// Claims of tokens whose signature is right: an issuer's mistakes, and the edges of time.

namespace hubtrail::auth {
namespace {

using testing::Claims;
using testing::kHeader;
using testing::kNowS;
using testing::ManualClock;
using testing::outcome;
using testing::sign_hs256;

struct Row {
    std::string name;
    std::string payload;
    std::string expected;
};

void check_rows(const std::vector<Row>& rows,
                const TokenPolicy& policy = testing::secret_policy()) {
    ManualClock clock;
    auto verifier = testing::verifier_for(policy, clock);
    for (const auto& row : rows) {
        CAPTURE(row.name, row.payload);
        CHECK(outcome(*verifier, sign_hs256(kHeader, row.payload)) == row.expected);
    }
}

std::string at(std::int64_t offset_s) {
    return std::to_string(kNowS + offset_s);
}

TEST_CASE("a required claim that is absent or of the wrong type is refused", "[auth]") {
    std::vector<Row> rows = {{"as they stand", Claims().json(), "accepted"}};
    const std::vector<std::string> never = {"null", "true", "false", "{}", R"({"a":1})"};
    for (const std::string name : {"iss", "aud", "exp", "iat", "sub", "tenant"}) {
        rows.push_back({name + " absent", Claims().without(name).json(), "claim_missing"});
        auto wrong = never;
        if (name == "exp" || name == "iat") {
            wrong.insert(wrong.end(), {"\"\"", "\"" + at(600) + "\"", "[" + at(600) + "]"});
        } else {
            wrong.insert(wrong.end(), {"0", "1.5", "-1", "[1]"});
        }
        if (name == "iss" || name == "sub" || name == "tenant") {
            wrong.insert(wrong.end(), {"\"\"", "[]", R"(["ada"])"});
        }
        for (const auto& raw : wrong) {
            const auto payload = Claims().with(name, raw).json();
            rows.push_back({name + " " + raw, payload, "claim_missing"});
        }
    }
    check_rows(rows);
}

TEST_CASE("claims that are not one strict JSON object are refused", "[auth]") {
    const auto good = Claims().json();
    const auto body = good.substr(1, good.size() - 2);
    const auto filled = [&](std::size_t members) {
        std::string out = "{" + body;
        for (std::size_t i = 6; i < members; ++i) {
            out += ",\"" + std::to_string(i) + "\":0";
        }
        return out + "}";
    };
    const auto deep = [&](std::size_t depth) {
        return "{" + body + ",\"x\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') +
               "}";
    };
    const std::string bad = "malformed";
    // 1000 members do not fit a token unless they are short: elements of an array count as well.
    const auto elements = [&](std::size_t count) {
        std::string out = "{" + body + ",\"x\":[0";
        for (std::size_t i = 8; i < count; ++i) {
            out += ",0";
        }
        return out + "]}";
    };
    check_rows({
        {"no JSON", "sub=ada", bad},
        {"null", "null", bad},
        {"a string", R"("ada")", bad},
        {"a number", "1", bad},
        {"an array", "[" + good + "]", bad},
        {"cut off", good.substr(0, good.size() - 1), bad},
        {"something after", good + "x", bad},
        {"two objects", good + good, bad},
        {"a comma at the end", "{" + body + ",}", bad},
        {"a comment", good + "//", bad},
        {"a byte order mark", "\xEF\xBB\xBF" + good, bad},
        {"spaces around", " " + good + " ", "accepted"},
        {"sub twice", "{" + body + R"(,"sub":"root"})", bad},
        {"tenant twice, once escaped", "{" + body + R"(,"\u0074enant":"other"})", bad},
        {"exp twice", "{" + body + ",\"exp\":" + at(60) + "}", bad},
        {"a site twice", Claims().with("sites", R"({"a":"user","a":"admin"})").json(), bad},
        {"U+0000 in sub", Claims().with("sub", R"("ada\u0000root")").json(), bad},
        {"U+0000 in tenant", Claims().with("tenant", R"("acme\u0000")").json(), bad},
        {"U+0000 in a claim we do not read", Claims().with("x", R"("\u0000")").json(), bad},
        {"U+0000 in a name", Claims().with(R"(sub\u0000)", "1").json(), bad},
        {"U+0000 as a byte", Claims().with("sub", std::string("\"a\0b\"", 5)).json(), bad},
        {"a line break in sub", Claims().with("sub", "\"a\nb\"").json(), bad},
        {"bad UTF-8", Claims().with("sub", "\"\xc3\x28\"").json(), bad},
        {"a lone surrogate", Claims().with("sub", R"("\udc00")").json(), bad},
        {"NaN", Claims().with("exp", "NaN").json(), bad},
        {"Infinity", Claims().with("exp", "Infinity").json(), bad},
        {"a number that no double holds", Claims().with("exp", "1e400").json(), bad},
        {"a leading zero", Claims().with("exp", "0" + at(600)).json(), bad},
        {"a leading plus", Claims().with("exp", "+" + at(600)).json(), bad},
        {"hexadecimal", Claims().with("exp", "0x7fffffff").json(), bad},
        {"depth 16", deep(kClaimsDepthMax), "accepted"},
        {"depth 17", deep(kClaimsDepthMax + 1), bad},
        {"2800 arrays", deep(2800), bad},
        {"5500 open arrays", std::string(5500, '['), bad},
        {"1000 members and elements", elements(kClaimsMembersMax), "accepted"},
        {"1001 members and elements", elements(kClaimsMembersMax + 1), bad},
        {"300 members", filled(300), "accepted"},
    });
}

TEST_CASE("only our issuer is believed", "[auth]") {
    std::vector<Row> rows;
    for (const auto* raw :
         {R"("https://issuer.test/")", R"("https://issuer.tes")", R"("https://issuer.testx")",
          R"("HTTPS://ISSUER.TEST")", R"("http://issuer.test")", R"(" https://issuer.test")",
          R"("https://issuer.test ")", R"("issuer.test")", R"("*")"}) {
        rows.push_back({raw, Claims().with("iss", raw).json(), "issuer"});
    }
    rows.push_back(
        {"escaped", Claims().with("iss", R"("https:\/\/issuer.test")").json(), "accepted"});
    check_rows(rows);
}

TEST_CASE("the audience must name us, alone or among others", "[auth]") {
    std::vector<Row> rows;
    const auto add = [&rows](const std::string& raw, const std::string& expected) {
        rows.push_back({raw, Claims().with("aud", raw).json(), expected});
    };
    for (const auto* raw :
         {R"("hubtrail")", R"("hubtrail-api")", R"(["hubtrail"])", R"(["other","hubtrail"])",
          R"(["hubtrail","other"])", R"(["hubtrail-api","hubtrail"])"}) {
        add(raw, "accepted");
    }
    for (const auto* raw :
         {R"("other")", R"("")", R"("Hubtrail")", R"("hubtrail ")", R"("hubtrail,other")",
          R"("hubtrail other")", R"("hub")", R"("hubtrails")", R"("*")", "[]", R"(["other"])",
          R"([""])", R"(["other","Hubtrail"])"}) {
        add(raw, "audience");
    }
    for (const auto* raw : {R"([["hubtrail"]])", R"(["hubtrail",1])", R"([1,"hubtrail"])",
                            R"(["hubtrail",null])", R"([{"hubtrail":1}])", R"({"hubtrail":1})"}) {
        add(raw, "claim_missing");
    }
    check_rows(rows);
}

TEST_CASE("exp counts up to the leeway and not a microsecond longer", "[auth]") {
    ManualClock clock;
    auto verifier = testing::verifier_for(testing::secret_policy(), clock);
    const auto token = sign_hs256(kHeader, Claims().json());  // exp is now + 600 s
    const auto end_us = (kNowS + 600 + 30) * 1'000'000;
    for (const auto& [now_us, expected] :
         std::vector<std::pair<std::int64_t, std::string>>{{end_us - 30'000'000, "accepted"},
                                                           {end_us - 1, "accepted"},
                                                           {end_us, "expired"},
                                                           {end_us + 1, "expired"},
                                                           {end_us + 86'400'000'000, "expired"}}) {
        CAPTURE(now_us - end_us);
        clock.now_us = now_us;
        CHECK(outcome(*verifier, token) == expected);
    }
}

TEST_CASE("times are judged to the second and the fraction", "[auth]") {
    const auto issued = [](std::int64_t offset_s) { return Claims().with("iat", at(offset_s)); };
    // iat before nbf and exp, so that only the claim in question can refuse.
    const auto early = issued(-1000);
    check_rows({
        {"exp 30 s ago", early.with("exp", at(-30)).json(), "expired"},
        {"exp 29 s ago", early.with("exp", at(-29)).json(), "accepted"},
        {"exp 29.999 s ago", early.with("exp", at(-30) + ".001").json(), "accepted"},
        {"exp in the exponent form", early.with("exp", "1.8000006e9").json(), "accepted"},
        {"exp 0", early.with("exp", "0").json(), "expired"},
        {"exp -0", early.with("exp", "-0").json(), "expired"},
        {"exp negative", early.with("exp", "-1").json(), "expired"},
        {"nbf now", early.with("nbf", at(0)).json(), "accepted"},
        {"nbf 30 s ahead", early.with("nbf", at(30)).json(), "accepted"},
        {"nbf 30.001 s ahead", early.with("nbf", at(30) + ".001").json(), "not_yet_valid"},
        {"nbf 31 s ahead", early.with("nbf", at(31)).json(), "not_yet_valid"},
        {"nbf long ago", early.with("nbf", "0").json(), "accepted"},
        {"nbf a string", early.with("nbf", "\"" + at(0) + "\"").json(), "claim_missing"},
        {"nbf null", early.with("nbf", "null").json(), "claim_missing"},
        {"nbf true", early.with("nbf", "true").json(), "claim_missing"},
        {"nbf an array", early.with("nbf", "[]").json(), "claim_missing"},
        {"iat now", issued(0).json(), "accepted"},
        {"iat 30 s ahead", issued(30).json(), "accepted"},
        {"iat 30.5 s ahead", Claims().with("iat", at(30) + ".5").json(), "not_yet_valid"},
        {"iat 31 s ahead", issued(31).json(), "not_yet_valid"},
        {"iat a year ahead", issued(31'536'000).with("exp", at(31'536'600)).json(),
         "not_yet_valid"},
        {"exp at iat", issued(20).with("exp", at(20)).json(), "lifetime"},
        {"exp before iat", issued(20).with("exp", at(10)).json(), "lifetime"},
        {"exp 1 s after iat", issued(20).with("exp", at(21)).json(), "accepted"},
    });
}

TEST_CASE("a token may live for the policy's lifetime and not a second longer", "[auth]") {
    const auto living = [](std::int64_t before_s, std::int64_t after_s) {
        return Claims().with("iat", at(-before_s)).with("exp", at(after_s)).json();
    };
    check_rows({{"24 h", living(0, 86'400), "accepted"},
                {"24 h, half gone", living(43'200, 43'200), "accepted"},
                {"24 h and 1 s", living(0, 86'401), "lifetime"},
                {"24 h and 1 s, nearly gone", living(86'400, 1), "lifetime"},
                {"a fraction over", Claims().with("exp", at(86'400) + ".001").json(), "lifetime"},
                {"a year", living(0, 31'536'000), "lifetime"}});
    auto policy = testing::secret_policy();
    policy.lifetime_max_s = 600;
    check_rows({{"600 s", living(0, 600), "accepted"}, {"601 s", living(0, 601), "lifetime"}},
               policy);
}

TEST_CASE("a time over 100 years away is refused, whatever the policy allows", "[auth]") {
    auto policy = testing::secret_policy();
    policy.lifetime_max_s = kTimeDistanceMaxS;
    std::vector<Row> rows = {
        {"exp at +100 years", Claims().with("exp", at(kTimeDistanceMaxS)).json(), "accepted"},
        {"exp 1 s over", Claims().with("exp", at(kTimeDistanceMaxS + 1)).json(), "lifetime"},
        {"nbf at -100 years", Claims().with("nbf", at(-kTimeDistanceMaxS)).json(), "accepted"},
        {"nbf 1 s over", Claims().with("nbf", at(-kTimeDistanceMaxS - 1)).json(), "lifetime"},
    };
    for (const auto* raw :
         {"1e300", "-1e300", "1.7976931348623157e308", "9223372036854775807",
          "-9223372036854775808", "9223372036854775808", "18446744073709551615",
          "18446744073709551616", "99999999999999999999999999", "1800000600000"}) {
        for (const auto* name : {"exp", "nbf", "iat"}) {
            rows.push_back(
                {std::string(name) + " " + raw, Claims().with(name, raw).json(), "lifetime"});
        }
    }
    check_rows(rows, policy);
}

TEST_CASE("a claim about rights that cannot be read is refused, not skipped", "[auth]") {
    std::vector<Row> rows;
    const auto add = [&rows](const std::string& name, const std::string& raw) {
        rows.push_back({name + " " + raw, Claims().with(name, raw).json(), "claim_missing"});
    };
    for (const auto* raw : {"null", "1", "true", "{}", "[]", R"(["events.read"])"}) {
        add("scope", raw);
    }
    for (const auto* raw : {"null", "1", "true", "{}", "[1]", R"(["a",null])", R"([["a"]])"}) {
        add("scp", raw);
    }
    for (const auto* raw :
         {"null", "1", "true", "[]", R"("admin")", R"({"a":"owner"})", R"({"a":""})",
          R"({"a":"Admin"})", R"({"a":"admin "})", R"({"a":null})", R"({"a":1})",
          R"({"a":["admin"]})", R"({"a":{"role":"admin"}})", R"({"":"admin"})",
          R"({"a":"user","b":"root"})", R"({"a":"super_user"})", R"({"a":"none"})"}) {
        add("sites", raw);
    }
    for (const auto* name : {"client_id", "azp"}) {
        for (const auto* raw : {"null", "1", "true", "[]", "{}"}) {
            add(name, raw);
        }
    }
    for (const auto* raw : {"null", "1", "[]", R"("svc")", R"({"client_id":1})",
                            R"({"client_id":null})", R"({"client_id":["svc"]})"}) {
        add("act", raw);
    }
    check_rows(rows);
}

std::shared_ptr<const Principal> principal_of(
    const Claims& claims, const TokenPolicy& policy = testing::secret_policy()) {
    ManualClock clock;
    auto result = testing::verifier_for(policy, clock)->verify(sign_hs256(kHeader, claims.json()));
    REQUIRE(result);
    return *result;
}

TEST_CASE("a principal is what its claims say", "[auth]") {
    const auto principal = principal_of(
        Claims()
            .with("scope", R"("events.read  user_api.full_access ")")
            .with("sites", R"({"north":"admin","south":"super","east":"user","*":"user"})")
            .with("client_id", R"("door-app")")
            .with("azp", R"("ignored")")
            .with("act", R"({"client_id":"svc-7","sub":"x","act":{"client_id":"inner"}})")
            .with("sub", R"("\u00e9va")"));
    CHECK(principal->tenant == "acme");
    CHECK(principal->subject == "\xc3\xa9va");
    CHECK(principal->client_id == "door-app");
    CHECK(principal->service_account == "svc-7");
    CHECK(principal->scopes ==
          std::set<std::string, std::less<>>{"events.read", "user_api.full_access"});
    CHECK(principal->has_scope("events.read"));
    CHECK_FALSE(principal->has_scope("events"));
    CHECK_FALSE(principal->has_scope(""));
    CHECK(principal->sites.size() == 4);
    CHECK(principal->role_on("north") == SiteRole::admin);
    CHECK(principal->role_on("south") == SiteRole::super_user);
    CHECK(principal->role_on("east") == SiteRole::user);
    CHECK(principal->role_on("west") == SiteRole::user);
    CHECK(principal->expires_us == (kNowS + 600) * 1'000'000);
}

TEST_CASE("every claim that is text or can be is there for policies", "[auth]") {
    const auto principal = principal_of(Claims()
                                            .with("role", R"(["admin","editor",{"not":"this"}])")
                                            .with("level", "7")
                                            .with("staff", "true")
                                            .with("nobody", "null")
                                            .with("address", R"({"city":"Ghent"})"));
    CHECK(principal->claim("tenant") == "acme");
    CHECK(principal->claim("level") == "7");
    CHECK(principal->claim("staff") == "true");
    CHECK(principal->has_claim("role", "admin"));
    CHECK(principal->has_claim("role", "editor"));
    CHECK_FALSE(principal->has_claim("role", "owner"));
    CHECK_FALSE(principal->claim("nobody"));
    CHECK_FALSE(principal->claim("address"));
    CHECK_FALSE(principal->claim("Role"));
}

TEST_CASE("a policy without a tenant claim takes tokens that name none", "[auth]") {
    auto policy = testing::secret_policy();
    policy.tenant_claim.clear();
    ManualClock clock;
    auto verifier = testing::verifier_for(policy, clock);
    const auto verified = verifier->verify(sign_hs256(kHeader, Claims().without("tenant").json()));
    REQUIRE(verified);
    CHECK((*verified)->tenant.empty());
}

TEST_CASE("a token without claims about rights gives none", "[auth]") {
    const auto principal = principal_of(Claims());
    CHECK(principal->scopes.empty());
    CHECK(principal->sites.empty());
    CHECK(principal->role_on("north") == SiteRole::none);
    CHECK(principal->client_id.empty());
    CHECK(principal->service_account.empty());
}

TEST_CASE("scp stands in for scope, but never adds to it", "[auth]") {
    const std::set<std::string, std::less<>> both = {"a", "b"};
    CHECK(principal_of(Claims().with("scp", R"(["a","b"])"))->scopes == both);
    CHECK(principal_of(Claims().with("scp", R"("a b")"))->scopes == both);
    CHECK(principal_of(Claims().with("scp", "[]"))->scopes.empty());
    const auto mixed = Claims().with("scope", R"("a")").with("scp", R"(["b"])");
    CHECK(principal_of(mixed)->scopes == std::set<std::string, std::less<>>{"a"});
    CHECK(principal_of(Claims().with("scope", R"("   ")"))->scopes.empty());
}

TEST_CASE("azp is the client where client_id is absent", "[auth]") {
    CHECK(principal_of(Claims().with("azp", R"("spa")"))->client_id == "spa");
    CHECK(principal_of(Claims().with("act", "{}"))->service_account.empty());
}

TEST_CASE("the policy names the claims that hold tenant and sites", "[auth]") {
    auto policy = testing::secret_policy();
    policy.tenant_claim = "https://acme.test/org";
    policy.sites_claim = "roles";
    const auto claims = Claims()
                            .without("tenant")
                            .with("https://acme.test/org", R"("blue")")
                            .with("roles", R"({"*":"admin"})")
                            .with("sites", R"("not looked at")");
    const auto principal = principal_of(claims, policy);
    CHECK(principal->tenant == "blue");
    CHECK(principal->role_on("any") == SiteRole::admin);
    check_rows({{"tenant under the old name", Claims().json(), "claim_missing"}}, policy);
}

TEST_CASE("a fraction of exp is kept", "[auth]") {
    CHECK(principal_of(Claims().with("exp", at(600) + ".25"))->expires_us ==
          (kNowS + 600) * 1'000'000 + 250'000);
}

TEST_CASE("a policy without leeway gives none", "[auth]") {
    auto policy = testing::secret_policy();
    policy.leeway_s = 0;
    const auto early = Claims().with("iat", at(-1000));
    check_rows({{"exp now", early.with("exp", at(0)).json(), "expired"},
                {"exp in 1 s", early.with("exp", at(1)).json(), "accepted"},
                {"nbf now", early.with("nbf", at(0)).json(), "accepted"},
                {"nbf in 1 s", early.with("nbf", at(1)).json(), "not_yet_valid"},
                {"iat in 1 s", Claims().with("iat", at(1)).json(), "not_yet_valid"}},
               policy);
}

}  // namespace
}  // namespace hubtrail::auth
