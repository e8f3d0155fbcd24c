#include "server/token_command.h"

#include "auth/jose/jose_verifier.h"
#include "auth/key_file.h"
#include "server/config.h"
#include "tests/support/catch.h"
#include "tests/unit/server/memory_files.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;
using testing::MemoryFiles;
using testing::StillClock;

TokenOptions options_of(const std::string& site = "hq") {
    TokenOptions options;
    options.data_dir = "d";
    options.tenant = "t";
    options.subject = "ann";
    if (!site.empty()) {
        options.sites[site] = auth::SiteRole::admin;
    }
    return options;
}

std::shared_ptr<const auth::Principal> verify(MemoryFiles& files, const Clock& clock,
                                              const std::string& token) {
    auto policy = ServerConfig{}.auth;
    policy.keys.push_back(auth::make_secret_key(*auth::load_token_key(files, "d/token.key")));
    auto verifier = auth::make_jose_verifier(policy, clock);
    REQUIRE(verifier);
    auto principal = (*verifier)->verify(token);
    return principal ? *principal : nullptr;
}

TEST_CASE("a token says what was asked for, and the server of the directory believes it",
          "[server]") {
    MemoryFiles files;
    SeededRandom random(1);
    StillClock clock;
    auto options = options_of();
    options.scopes = {"events.read"};
    options.ttl_s = 60;
    const auto made = make_token(options, files, random, clock);
    REQUIRE(made);
    const auto principal = verify(files, clock, made->token);
    REQUIRE(principal);
    CHECK(principal->tenant == "t");
    CHECK(principal->subject == "ann");
    CHECK(principal->role_on("hq") == auth::SiteRole::admin);
    CHECK(principal->role_on("other") == auth::SiteRole::none);
    CHECK(principal->scopes == std::set<std::string, std::less<>>{"events.read"});
    CHECK(principal->expires_us == clock.now_us + 60'000'000);
}

TEST_CASE("without scopes a token may use everything", "[server]") {
    MemoryFiles files;
    SeededRandom random(1);
    const StillClock clock;
    const auto made = make_token(options_of(), files, random, clock);
    REQUIRE(made);
    const auto principal = verify(files, clock, made->token);
    REQUIRE(principal);
    for (const auto* scope : {"events.read", "events.write", "user_api.full_access"}) {
        CHECK(principal->has_scope(scope));
    }
}

TEST_CASE("the first token makes the key, for its owner alone, and says so", "[server]") {
    MemoryFiles files;
    SeededRandom random(1);
    const StillClock clock;
    const auto first = make_token(options_of(), files, random, clock);
    REQUIRE(first);
    REQUIRE(first->notes.size() == 1);
    CHECK_THAT(first->notes[0], Contains("d/token.key"));
    CHECK(files.modes["d/token.key"] == 0600);
    const auto key = files.files["d/token.key"];
    const auto second = make_token(options_of(), files, random, clock);
    REQUIRE(second);
    CHECK(second->notes.empty());
    CHECK(files.files["d/token.key"] == key);
}

TEST_CASE("a token without a site comes with a note", "[server]") {
    MemoryFiles files;
    SeededRandom random(1);
    const StillClock clock;
    REQUIRE(make_token(options_of(), files, random, clock));
    const auto made = make_token(options_of(""), files, random, clock);
    REQUIRE(made);
    REQUIRE(made->notes.size() == 1);
    CHECK_THAT(made->notes[0], Contains("no site"));
    CHECK(verify(files, clock, made->token)->sites.empty());
}

TEST_CASE("a directory that is not there is told apart from a broken key", "[server]") {
    MemoryFiles files;
    SeededRandom random(1);
    const StillClock clock;
    files.read_only = true;
    const auto absent = make_token(options_of(), files, random, clock);
    REQUIRE_FALSE(absent);
    CHECK_THAT(absent.error(), Contains("d/token.key") && Contains("--data"));
    files.files["d/token.key"] = "short";
    const auto broken = make_token(options_of(), files, random, clock);
    REQUIRE_FALSE(broken);
    CHECK_THAT(broken.error(), !Contains("--data") && !Contains("short;"));
}

TEST_CASE("claims that no server takes are refused", "[server]") {
    MemoryFiles files;
    SeededRandom random(1);
    const StillClock clock;
    auto options = options_of();
    options.tenant.clear();
    CHECK_FALSE(make_token(options, files, random, clock));
    options = options_of();
    options.scopes = {"two words"};
    CHECK_FALSE(make_token(options, files, random, clock));
    options = options_of();
    options.ttl_s = 86'401;
    CHECK_FALSE(make_token(options, files, random, clock));
}

}  // namespace
}  // namespace hubtrail::server
