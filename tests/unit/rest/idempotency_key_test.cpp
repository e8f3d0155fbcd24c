#include "rest/idempotency_key.h"

#include "tests/support/catch.h"
#include "tests/unit/rest/rest_fixture.h"

namespace hubtrail::rest {
namespace {

std::string read(const std::string& value) {
    auto request = make_post("");
    request.headers.emplace_back("idempotency-key", value);
    auto key = read_idempotency_key(request);
    if (!key) {
        CHECK(Answer{{key.error()}}.problem(400) == "bad-parameter");
        return "(refused)";
    }
    CHECK_FALSE(key->empty());
    return *key;
}

}  // namespace

TEST_CASE("An absent Idempotency-Key is an empty key", "[rest]") {
    const auto key = read_idempotency_key(make_post(""));
    REQUIRE(key);
    CHECK(key->empty());
}

TEST_CASE("An Idempotency-Key is the same with and without quotes", "[rest]") {
    CHECK(read("k") == "k");
    CHECK(read("\"k\"") == "k");
    CHECK(read("8e03978e-40d5-43e8-bc93-6894a57f9324") == "8e03978e-40d5-43e8-bc93-6894a57f9324");
    CHECK(read("!#~/=,;:") == "!#~/=,;:");
    CHECK(read(R"("a\"b\\c")") == R"(a"b\c)");
}

TEST_CASE("An Idempotency-Key of 1 to 255 visible characters is accepted, no other", "[rest]") {
    const std::string most(kIdempotencyKeyCharsMax, 'x');
    CHECK(read(most) == most);
    CHECK(read("\"" + most + "\"") == most);
    CHECK(read(most + "x") == "(refused)");
    CHECK(read("\"" + most + "x\"") == "(refused)");
    for (const auto* const bad :
         {"", "\"\"", "\"", "\"a", "a\"", "a b", "\"a b\"", "\x7f", "k\xc3\xa9", "\"a\"b\"",
          "\"a\\\"", "\"a\\b\"", "a\\b", "\"a\";p=1"}) {
        CAPTURE(bad);
        CHECK(read(bad) == "(refused)");
    }
}

TEST_CASE("Two Idempotency-Key headers are refused, even the same", "[rest]") {
    for (const std::size_t count : {2U, 3U}) {
        auto request = make_post("");
        for (std::size_t i = 0; i < count; ++i) {
            request.headers.emplace_back("idempotency-key", "k");
        }
        CHECK_FALSE(read_idempotency_key(request));
    }
}

}  // namespace hubtrail::rest
