#include "base/random.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <pthread.h>
#include <sys/random.h>

#include "base/check.h"

namespace hubtrail {
namespace {

/// Bytes that the kernel gave and nobody has: one system call for many identifiers.
struct Block {
    std::array<unsigned char, SystemRandom::kBlockBytes> bytes;
    std::size_t left = 0;
};

thread_local Block block;

}  // namespace

std::uint64_t Random::next_u64() {
    std::uint64_t value = 0;
    fill(&value, sizeof value);
    return value;
}

void SystemRandom::fill(void* bytes, std::size_t count) {
    [[maybe_unused]] static const int forgets_at_fork =
        pthread_atfork(nullptr, nullptr, [] { block.left = 0; });
    if (count > kBlockBytes) {
        fetch(static_cast<unsigned char*>(bytes), count);
        return;
    }
    if (count == 0) {
        return;  // `bytes` may be null
    }
    if (count > block.left) {
        fetch(block.bytes.data(), kBlockBytes);
        block.left = kBlockBytes;
    }
    block.left -= count;
    auto* const from = block.bytes.data() + block.left;
    std::memcpy(bytes, from, count);
    explicit_bzero(from, count);
}

void SystemRandom::fetch(unsigned char* out, std::size_t count) {
    while (count > 0) {
        const auto got = getrandom(out, count, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        HUBTRAIL_CHECK(got > 0, "getrandom");
        out += got;
        count -= static_cast<std::size_t>(got);
    }
}

void SeededRandom::fill(void* bytes, std::size_t count) {
    auto* out = static_cast<unsigned char*>(bytes);
    while (count > 0) {
        // SplitMix64: every seed, 0 included, gives a full-period sequence.
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        z ^= z >> 31U;
        const auto n = count < sizeof z ? count : sizeof z;
        std::memcpy(out, &z, n);
        out += n;
        count -= n;
    }
}

std::string make_uuid_v7(std::int64_t wall_us, Random& random) {
    std::array<unsigned char, 16> raw{};
    random.fill(raw.data() + 6, 10);
    auto ms = static_cast<std::uint64_t>(wall_us / 1000);
    for (std::size_t i = 6; i-- > 0;) {
        raw[i] = static_cast<unsigned char>(ms & 0xFFU);
        ms >>= 8U;
    }
    raw[6] = static_cast<unsigned char>(0x70U | (raw[6] & 0x0FU));
    raw[8] = static_cast<unsigned char>(0x80U | (raw[8] & 0x3FU));
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text.push_back('-');
        }
        text.push_back(kHex[raw[i] >> 4U]);
        text.push_back(kHex[raw[i] & 0x0FU]);
    }
    return text;
}

}  // namespace hubtrail
