#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace hubtrail {

/// Where random bytes come from, so that a simulation can be replayed from a seed.
/// Thread: any for SystemRandom, one thread for SeededRandom.
class Random {
public:
    virtual ~Random() = default;
    virtual void fill(void* bytes, std::size_t count) = 0;

    std::uint64_t next_u64();
    /// Uniform in [0, bound). `bound` must not be 0.
    std::uint64_t below(std::uint64_t bound) { return next_u64() % bound; }
};

/// The kernel's generator; fit for keys and connection tokens. Aborts if the kernel refuses. Keeps
/// up to kBlockBytes a thread for later, wipes what it gave out, and forgets them in a forked
/// process.
class SystemRandom final : public Random {
public:
    static constexpr std::size_t kBlockBytes = 256;

    void fill(void* bytes, std::size_t count) override;

private:
    static void fetch(unsigned char* out, std::size_t count);
};

/// The same bytes for the same seed, on every machine. Never for secrets.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(void* bytes, std::size_t count) override;

private:
    std::uint64_t state_;
};

/// A UUID version 7 (RFC 9562 5.7) for the given wall clock time, 36 characters.
std::string make_uuid_v7(std::int64_t wall_us, Random& random);

}  // namespace hubtrail
