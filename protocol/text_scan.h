#pragma once

#include <bit>
#include <cstdint>

#include "base/utf8.h"  // IWYU pragma: export

namespace hubtrail::protocol {

static_assert(std::endian::native == std::endian::little, "the first byte must be the lowest");

/// Eight bytes at a time: in each byte of the answer the top bit says that the byte needs attention
/// in a JSON string (a quote, a backslash or a control character). Only the lowest set bit is
/// exact; higher ones may be false.
inline std::uint64_t json_special_bits(std::uint64_t word) {
    constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
    constexpr std::uint64_t kTops = kOnes * 0x80U;
    const auto quote = word ^ (kOnes * static_cast<unsigned char>('"'));
    const auto backslash = word ^ (kOnes * static_cast<unsigned char>('\\'));
    return (((word - kOnes * 0x20U) & ~word) | ((quote - kOnes) & ~quote) |
            ((backslash - kOnes) & ~backslash)) &
           kTops;
}

/// Which byte of the word the lowest set bit belongs to. `bits` must not be 0.
inline unsigned first_byte(std::uint64_t bits) {
    return static_cast<unsigned>(std::countr_zero(bits)) / 8U;
}

}  // namespace hubtrail::protocol
