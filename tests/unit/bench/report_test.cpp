#include "bench/report.h"

#include "bench/progress.h"
#include "tests/support/catch.h"

using namespace hubtrail::bench;

namespace {

const Machine kMachine{"A \"CPU\"", 2, "Linux 6", "2026-01-02T03:04:05Z"};

}  // namespace

TEST_CASE("a report is one JSON object on one line", "[bench]") {
    Report report{"echo", {{"connections", 64}}, {{"rate", 28571.4}, {"us", 0.0451}}, {}};
    CHECK(
        report_json(report, kMachine) ==
        R"({"scenario":"echo","ok":true,"failure":null,"options":{"connections":64},)"
        R"("figures":{"rate":28571.4,"us":0.0451},)"
        R"("machine":{"cpu":"A \"CPU\"","cores":2,"kernel":"Linux 6","date":"2026-01-02T03:04:05Z"}})");
    report.failure = "got \x1e \xff";
    const std::string failed = report_json(report, kMachine);
    CHECK(failed.find(R"("ok":false,"failure":"got \u001e ?")") != std::string::npos);
}

TEST_CASE("a table ends with the verdict", "[bench]") {
    Report report{"echo", {}, {{"rate", 5}}, {}};
    CHECK(report_table(report, kMachine).find("\nok\n") != std::string::npos);
    report.failure = "a loss";
    CHECK(report_table(report, kMachine).find("\nFAILED: a loss\n") != std::string::npos);
}

TEST_CASE("the bar stays inside its cells", "[bench]") {
    CHECK(progress_bar(0, 10, 4) == "[....]");
    CHECK(progress_bar(5, 10, 4) == "[##..]");
    CHECK(progress_bar(10, 10, 4) == "[####]");
    CHECK(progress_bar(11, 10, 4) == "[####]");
    CHECK(progress_bar(1, 0, 4) == "[....]");
}
