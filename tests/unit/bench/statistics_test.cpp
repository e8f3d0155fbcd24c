#include "bench/statistics.h"

#include <string>

#include "tests/support/catch.h"

using namespace hubtrail::bench;

TEST_CASE("Samples gives the nearest rank in microseconds", "[bench]") {
    Samples samples;
    CHECK(samples.percentile_us(50) == 0.0);
    for (std::int64_t us = 100; us >= 1; --us) {
        samples.add(us * 1000);
    }
    CHECK(samples.size() == 100);
    CHECK(samples.percentile_us(0) == 1.0);
    CHECK(samples.percentile_us(50) == 50.0);
    CHECK(samples.percentile_us(99) == 99.0);
    CHECK(samples.percentile_us(99.1) == 100.0);
    CHECK(samples.percentile_us(100) == 100.0);
}

TEST_CASE("Samples sees a value that was added after a reading", "[bench]") {
    Samples samples;
    samples.add(2000);
    CHECK(samples.percentile_us(0) == 2.0);
    samples.add(1000);
    CHECK(samples.percentile_us(0) == 1.0);
    CHECK(samples.percentile_us(100) == 2.0);
}

TEST_CASE("the memory of a process is read from its status by key", "[bench]") {
    const std::string status =
        "Name:\tVmRSS: 5\nVmHWM:\t    9 kB\nVmRSS:\t  1234 kB\nThreads:\t1\n";
    CHECK(kib_of_status(status, "VmRSS:") == 1234);
    CHECK(kib_of_status(status, "VmHWM:") == 9);
    CHECK(kib_of_status(status, "VmSwap:") == -1);
    CHECK(kib_of_status("", "VmRSS:") == -1);
}
