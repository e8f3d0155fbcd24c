#include "base/result.h"

#include <memory>
#include <string>

#include "tests/support/abort.h"
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

// An optimized build without assertions must end as well, so they are no part of it.
TEST_CASE("Taking what a Result does not hold ends the process in every build", "[base]") {
    using Catch::Matchers::Contains;
    using test::abort_text;
    auto bad = half(3);
    const auto& constant_bad = bad;
    Result<std::string, int> bad_text = Failure{1};
    const auto& constant_bad_text = bad_text;
    const auto good = half(4);
    const Result<void, std::string> good_nothing;
    const auto no_value = Contains("the value of a failed result was taken");
    CHECK_THAT(abort_text([&] { *bad = 1; }), no_value);
    CHECK_THAT(abort_text([&] { static_cast<void>(*constant_bad); }), no_value);
    CHECK_THAT(abort_text([&] { bad_text->clear(); }), no_value);
    CHECK_THAT(abort_text([&] { static_cast<void>(constant_bad_text->size()); }), no_value);
    const auto no_error = Contains("the error of a good result was taken");
    CHECK_THAT(abort_text([&] { static_cast<void>(good.error()); }), no_error);
    CHECK_THAT(abort_text([&] { static_cast<void>(good_nothing.error()); }), no_error);
    CHECK(abort_text([&] {
              static_cast<void>(*good);
              static_cast<void>(bad.error());
          }).empty());
}

}  // namespace
}  // namespace hubtrail
