#include "server/config_check.h"

#include "tests/support/catch.h"
#include "tests/unit/server/memory_files.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;
using testing::MemoryFiles;
using testing::StillClock;

constexpr const char* kSecret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA";

Result<std::string, ConfigProblems> check(const std::string& key_file) {
    MemoryFiles files;
    const StillClock clock;
    files.files["k.json"] = key_file;
    files.files["hub.toml"] =
        "[auth]\nkey_files = [\"k.json\"]\nissuer = \"i\"\naudience = [\"a\"]\n";
    return check_config(files, clock, {"hub.toml", {}, {}});
}

TEST_CASE("a good configuration is ok and printed", "[server]") {
    MemoryFiles files;
    const StillClock clock;
    const auto checked = check_config(files, clock, {"", {}, {{"--data", "here"}}});
    REQUIRE(checked);
    CHECK(checked->substr(0, 4) == "ok\n\n");
    CHECK_THAT(*checked, Contains("data = \"here\"") && Contains("# flag --data"));
    CHECK(files.files.empty());  // no key was made
}

TEST_CASE("key files are read and judged, and appear by path only", "[server]") {
    const auto good = check(std::string(R"({"kty":"oct","k":")") + kSecret + "\"}");
    REQUIRE(good);
    CHECK_THAT(*good, Contains("key_files = [\"k.json\"]") && !Contains(kSecret));
    const auto* bad = GENERATE(R"({"kty":"oct","k":"c2VjcmV0"})", "{", R"({"kty":"RSA"})");
    CAPTURE(bad);
    const auto refused = check(bad);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().front(), Contains("auth") && !Contains("c2VjcmV0"));
}

TEST_CASE("problems of the configuration come before the keys are read", "[server]") {
    MemoryFiles files;
    const StillClock clock;
    const auto checked = check_config(files, clock, {"", {{"HUBTRAIL_SERVER_LOOPS", "x"}}, {}});
    REQUIRE_FALSE(checked);
    CHECK(checked.error().size() == 1);
}

}  // namespace
}  // namespace hubtrail::server
