#include "server/cli_help.h"

#include <sstream>

#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a help page has its parts in order and leaves out what is empty", "[server]") {
    HelpPage page;
    page.about = "Does things.";
    page.usage = "tool [OPTIONS]";
    page.options = {{"--flag N", "how many"}, {"--a-flag-that-is-much-too-long NAME", "what"}};
    page.examples = {"tool --flag 3"};
    CHECK(render_help(page) ==
          "Does things.\n"
          "\n"
          "Usage: tool [OPTIONS]\n"
          "\n"
          "Options:\n"
          "  --flag N                 how many\n"
          "  --a-flag-that-is-much-too-long NAME\n"
          "                           what\n"
          "\n"
          "Example:\n"
          "  tool --flag 3\n");
}

TEST_CASE("text is wrapped at the last column and indented under itself", "[server]") {
    HelpPage page;
    page.about = std::string(kHelpColumns - 2, 'a') + " b c";
    page.usage = "u";
    page.options = {{"--x", std::string(50, 'w') + " " + std::string(30, 'v')}};
    const auto text = render_help(page);
    CHECK_THAT(text, Contains(std::string(kHelpColumns - 2, 'a') + " b\nc\n"));
    CHECK_THAT(text,
               Contains("  --x  " + std::string(50, 'w') + "\n       " + std::string(30, 'v')));
}

TEST_CASE("no line ends at a space that must not break", "[server]") {
    HelpPage page;
    page.usage = "u";
    page.about = std::string(70, 'a') + " (default:" + kNoBreak + "x)";
    CHECK_THAT(render_help(page), Contains("\n(default: x)\n"));
}

TEST_CASE("an unexpected argument is named with what is nearest", "[server]") {
    const std::vector<std::string> flags = {"--url", "--token"};
    CHECK(explain_unexpected("--tokn", flags, {}) ==
          "unknown flag '--tokn'; did you mean '--token'?");
    CHECK(explain_unexpected("servr", flags, {"serve", "pull"}) ==
          "unknown verb 'servr'; did you mean 'serve'?");
    CHECK(explain_unexpected("more", flags, {}) == "unexpected argument 'more'");
    CHECK(explain_unexpected("", flags, {}) == "unexpected argument ''");
}

TEST_CASE("what may be a token is not shown", "[server]") {
    CHECK_THAT(explain_unexpected("--tok=s3cret", {"--token"}, {}), !Contains("s3cret"));
    CHECK_THAT(explain_unexpected(std::string(40, 's'), {"--token"}, {}),
               Contains(std::string(40, 's')));
    CHECK_THAT(explain_unexpected(std::string(41, 's'), {"--token"}, {}), !Contains("sss"));
}

}  // namespace
}  // namespace hubtrail::server
