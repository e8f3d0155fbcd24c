#include "server/config_print.h"

#include <fstream>
#include <sstream>

#include "server/config_setting.h"
#include "tests/support/catch.h"
#include "tests/unit/server/memory_files.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;
using testing::MemoryFiles;

LoadedConfig load(const std::string& file, const std::vector<FlagValue>& flags = {}) {
    MemoryFiles files;
    files.files["hub.toml"] = file;
    auto loaded = load_config(files, {"hub.toml", {}, flags});
    REQUIRE(loaded);
    return std::move(*loaded);
}

std::string without_comments(const std::string& text) {
    std::istringstream lines(text);
    std::string out;
    for (std::string line; std::getline(lines, line);) {
        out += line.substr(0, line.find("  # ")) + "\n";
    }
    return out;
}

TEST_CASE("what is in force names the origin of each value", "[server]") {
    const auto text = print_effective(load("[log]\nlevel = \"warn\"\n", {{"--loops", "3"}}));
    CHECK_THAT(text, Contains("listen = \"127.0.0.1:8080\"                     # default"));
    CHECK_THAT(text, Contains("# file hub.toml:2"));
    CHECK_THAT(text, Contains("loops = 3 ") && Contains("# flag --loops"));
}

// Goal: nothing is left out and nothing printed wrongly. Method: read the output as a file.
TEST_CASE("what is in force is itself a file that gives the same settings", "[server]") {
    const auto first = load(R"(
data = "a \"b\" \\ c"
[server]
loops = 7
[auth]
key_files = ["x.json"]
issuer = "i"
audience = ["a", "b"]
leeway = 1
[hub]
handshake_timeout = "1500ms"
maximum_receive_message_size = 1000
[[log_hub]]
path = "/a"
scopes = ["s"]
streams = ["t"]
)");
    const auto printed = print_effective(first);
    const auto second = load(printed);
    CHECK(without_comments(print_effective(second)) == without_comments(printed));
    CHECK(second.config.data_dir == first.config.data_dir);
    CHECK(second.config.hub.handshake_timeout_ns == 1'500'000'000);
    // Every setting was printed, else it would have its default's origin.
    for (const auto& setting : server_settings()) {
        CAPTURE(setting.name.dotted());
        CHECK(second.origins.count(setting.name.dotted()) == 1);
    }
}

TEST_CASE("the reference names every key, variable and flag", "[server]") {
    const auto page = print_reference();
    for (const auto& setting : server_settings()) {
        CHECK_THAT(page, Contains("| `" + setting.name.key + "` |"));
        CHECK_THAT(page, Contains("`" + environment_name(setting.name) + "`"));
        CHECK_THAT(page, Contains(setting.name.flag.empty() ? "" : "`" + setting.name.flag + "`"));
    }
    for (const auto& array : array_settings()) {
        CHECK_THAT(page, Contains("\n## [[" + array.name + "]]: "));
        for (const auto& key : array.keys(0)) {
            CHECK_THAT(page, Contains("| `" + key.name.key + "` |"));
        }
    }
}

TEST_CASE("docs/configuration.md is what `check-config --markdown` prints", "[server]") {
    std::ifstream file(HUBTRAIL_CONFIGURATION_PAGE);
    std::stringstream content;
    content << file.rdbuf();
    INFO("renew it: hubtrail check-config --markdown > docs/configuration.md");
    const bool is_equal = content.str() == print_reference();  // a difference would fill the screen
    CHECK(is_equal);
}

}  // namespace
}  // namespace hubtrail::server
