#include "base/result.h"

#include <memory>
#include <string>

#include "tests/support/catch.h"

namespace hubtrail {
namespace {

Result<int, std::string> half(int n) {
    if (n % 2 != 0) {
        return Failure{std::string("odd")};
    }
    return n / 2;
}

TEST_CASE("Result holds a value or the reason there is none", "[base]") {
    const auto good = half(4);
    REQUIRE(good);
    CHECK(*good == 2);
    const auto bad = half(3);
    REQUIRE_FALSE(bad);
    CHECK(bad.error() == "odd");
}

TEST_CASE("Result tells value and error apart when both have one type", "[base]") {
    const Result<std::string, std::string> good = std::string("text");
    const Result<std::string, std::string> bad = Failure{std::string("text")};
    CHECK(good);
    CHECK_FALSE(bad);
}

TEST_CASE("Result hands on a value that can only be moved", "[base]") {
    Result<std::unique_ptr<int>, std::string> result = std::make_unique<int>(7);
    REQUIRE(result);
    const auto taken = std::move(*result);
    CHECK(*taken == 7);
    Result<std::string, int> text = std::string("abc");
    CHECK(text->size() == 3);
}

TEST_CASE("Result of nothing is good unless it failed", "[base]") {
    const Result<void, std::string> good;
    CHECK(good);
    const Result<void, std::string> bad = Failure{std::string("why")};
    REQUIRE_FALSE(bad);
    CHECK(bad.error() == "why");
}

}  // namespace
}  // namespace hubtrail
