#include "server/version.h"

#include "tests/support/catch.h"

namespace hubtrail::server {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::Matches;
using Catch::Matchers::StartsWith;

TEST_CASE("the version names the program, the compiler and the libraries", "[server]") {
    CHECK_THAT(product_version(), Matches("[0-9]+\\.[0-9]+\\.[0-9]+"));
    const auto text = version_text();
    CHECK_THAT(text, StartsWith("hubtrail " + product_version() + "\n"));
    CHECK_THAT(text, Contains("compiler: ") && Contains("CLI11 2") && Contains("toml11 3"));
}

}  // namespace
}  // namespace hubtrail::server
