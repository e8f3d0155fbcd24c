#include "clients/cpp-sync/retry.h"

#include "tests/support/catch.h"

namespace hubtrail::sync {

TEST_CASE("Backoff doubles from 100 ms to 5 s with jitter and starts over after reset", "[sync]") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SeededRandom random(seed);
        Backoff backoff(random);
        CHECK(backoff.next_ms() == kBackoffFirstMs);
        std::int64_t step = kBackoffFirstMs;
        for (int i = 0; i < 10; ++i) {
            step = std::min(step * 2, kBackoffLastMs);
            const auto wait = backoff.next_ms();
            CHECK(wait >= step / 2);
            CHECK(wait <= step);
        }
        backoff.reset();
        CHECK(backoff.next_ms() == kBackoffFirstMs);
    }
}

TEST_CASE("Backoff differs between clients", "[sync]") {
    SeededRandom one(1);
    SeededRandom two(2);
    Backoff first(one);
    Backoff second(two);
    bool differs = false;
    for (int i = 0; i < 8; ++i) {
        differs = first.next_ms() != second.next_ms() || differs;
    }
    CHECK(differs);
}

TEST_CASE("Only 408, 429 and 5xx are worth another attempt", "[sync]") {
    for (const int status : {408, 429, 500, 502, 503, 599}) {
        CHECK(is_worth_retrying(status));
    }
    for (const int status : {200, 201, 302, 400, 401, 403, 404, 409, 410, 413, 422, 499, 600}) {
        CHECK_FALSE(is_worth_retrying(status));
    }
}

TEST_CASE("Retry-After is honoured in seconds up to a minute", "[sync]") {
    const auto after = [](const char* value) {
        return retry_after_ms({503, {{"retry-AFTER", value}}, ""});
    };
    CHECK(after("0") == 0);
    CHECK(after("7") == 7000);
    CHECK(after("60") == 60'000);
    CHECK(after("61") == 60'000);
    CHECK_FALSE(after("-1"));
    CHECK_FALSE(after("Mon, 04 May 2026 08:00:00 GMT"));
    CHECK_FALSE(retry_after_ms({503, {}, ""}));
}

TEST_CASE("A problem is told with its code, detail, index and field", "[sync]") {
    const HttpReply reply{
        422,
        {},
        R"({"status":422,"code":"bad-event","detail":"type is bad","error":{"code":"bad-event","details":{"index":3,"field":"type","expected":"a string"}}})"};
    CHECK(describe_problem(reply) ==
          "status 422 bad-event: type is bad (index 3, field type, expected a string)");
    CHECK(find_problem_detail({422, {}, R"({"details":{"index":4}})"}, "index") == "4");
    CHECK(describe_problem({500, {}, "<html>"}) == "status 500");
    CHECK(describe_problem({302, {}, ""}).find("redirect") != std::string::npos);
    CHECK(describe_problem({404, {}, ""}).find("Hubtrail server") != std::string::npos);
}

TEST_CASE("A problem's text cannot steer the terminal", "[sync]") {
    const auto text = describe_problem({400, {}, R"({"detail":"a\u001b[2Jb"})"});
    CHECK(text == "status 400: a [2Jb");
}

}  // namespace hubtrail::sync
