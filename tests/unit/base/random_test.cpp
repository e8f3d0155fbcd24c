#include "base/random.h"

#include <array>
#include <set>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/catch.h"

namespace hubtrail {
namespace {

/// Always the same byte.
class FixedRandom final : public Random {
public:
    explicit FixedRandom(unsigned char byte) : byte_(byte) {}
    void fill(void* bytes, std::size_t count) override {
        auto* out = static_cast<unsigned char*>(bytes);
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = byte_;
        }
    }

private:
    unsigned char byte_;
};

TEST_CASE("make_uuid_v7 puts the milliseconds in front and marks version and variant", "[base]") {
    FixedRandom ones(0xFF);
    FixedRandom zeros(0x00);
    // The time of the example in RFC 9562 A.6.
    const std::int64_t us = 0x017F22E279B0LL * 1000 + 999;
    CHECK(make_uuid_v7(us, ones) == "017f22e2-79b0-7fff-bfff-ffffffffffff");
    CHECK(make_uuid_v7(us, zeros) == "017f22e2-79b0-7000-8000-000000000000");
    CHECK(make_uuid_v7(0, zeros) == "00000000-0000-7000-8000-000000000000");
}

TEST_CASE("make_uuid_v7 sorts by time and does not repeat within a millisecond", "[base]") {
    SeededRandom random(1);
    CHECK(make_uuid_v7(1'000, random) < make_uuid_v7(2'000, random));
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) {
        const auto id = make_uuid_v7(1'777'000'000'000'000, random);
        CHECK(id.size() == 36);
        CHECK(id[14] == '7');
        CHECK(std::string("89ab").find(id[19]) != std::string::npos);
        ids.insert(id);
    }
    CHECK(ids.size() == 1000);
}

TEST_CASE("SeededRandom repeats with its seed and differs between seeds", "[base]") {
    SeededRandom a(7);
    SeededRandom b(7);
    SeededRandom c(8);
    SeededRandom zero(0);
    const auto first = a.next_u64();
    CHECK(b.next_u64() == first);
    CHECK(c.next_u64() != first);
    CHECK(a.next_u64() != first);
    CHECK(zero.next_u64() != zero.next_u64());
}

TEST_CASE("Random::below stays under its bound and reaches all of it", "[base]") {
    SeededRandom random(3);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 200; ++i) {
        seen.insert(random.below(5));
    }
    CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3, 4});
    CHECK(random.below(1) == 0);
}

TEST_CASE("SystemRandom fills all that it is asked for", "[base]") {
    SystemRandom random;
    std::string bytes(1000, '\0');
    random.fill(bytes.data(), bytes.size());
    const std::set<char> distinct(bytes.begin(), bytes.end());
    CHECK(distinct.size() > 200);  // of 256; with 1000 uniform bytes about 251
    random.fill(nullptr, 0);
}

TEST_CASE("SystemRandom gives no bytes twice, at any size around its block", "[base]") {
    SystemRandom random;
    std::set<std::string> seen;
    constexpr auto kBlock = SystemRandom::kBlockBytes;
    const auto sizes =
        std::vector<std::size_t>{16, kBlock - 1, kBlock, 16, kBlock + 1, kBlock - 16, 16};
    for (int round = 0; round < 100; ++round) {
        for (const auto size : sizes) {
            std::string bytes(size, '\0');
            random.fill(bytes.data(), bytes.size());
            CHECK(seen.insert(bytes.substr(0, 15)).second);
            CHECK(seen.insert(bytes.substr(bytes.size() - 15)).second);
        }
    }
}

TEST_CASE("SystemRandom gives a forked process bytes of its own", "[base]") {
    SystemRandom random;
    random.next_u64();  // the block is filled before the fork
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto given = random.next_u64();
        ::_exit(::write(ends[1], &given, sizeof given) == sizeof given ? 0 : 1);
    }
    std::uint64_t given = 0;
    REQUIRE(::read(ends[0], &given, sizeof given) == sizeof given);
    CHECK(given != random.next_u64());
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
    ::close(ends[0]);
    ::close(ends[1]);
}

}  // namespace
}  // namespace hubtrail
