#include "protocol/messagepack_scanner.h"

#include <array>
#include <bit>

#include "base/check.h"
#include "protocol/utf8.h"

namespace hubtrail::protocol {
namespace {

using Kind = MessagePackToken::Kind;

constexpr const char* kUnexpectedEnd = "unexpected end";

// Heads of one kind follow each other, each with twice the width of the one before.
std::size_t width_of(unsigned head, unsigned first_head, std::size_t first_width) {
    return first_width << ((head - first_head) & 0x07U);
}

}  // namespace

bool MessagePackScanner::fail(const char* problem) {
    if (problem_ == nullptr) {
        problem_ = problem;
        end_ = at_;
    }
    return false;
}

bool MessagePackScanner::take_big_endian(std::size_t width, std::uint64_t& value) {
    if (left() < width) {
        return fail(kUnexpectedEnd);
    }
    value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        value = value << 8U | static_cast<unsigned char>(at_[i]);
    }
    at_ += width;
    return true;
}

bool MessagePackScanner::take_integer(std::size_t width, MessagePackToken& token) {
    token.kind = Kind::unsigned_integer;
    return take_big_endian(width, token.integer);
}

bool MessagePackScanner::take_signed(std::size_t width, MessagePackToken& token) {
    if (!take_big_endian(width, token.integer)) {
        return false;
    }
    const auto unused = 64U - 8U * static_cast<unsigned>(width);
    const auto value = static_cast<std::int64_t>(token.integer << unused) >> unused;
    token.kind = value < 0 ? Kind::negative_integer : Kind::unsigned_integer;
    token.integer = static_cast<std::uint64_t>(value);
    return true;
}

bool MessagePackScanner::take_number(std::size_t width, MessagePackToken& token) {
    std::uint64_t bits = 0;
    if (!take_big_endian(width, bits)) {
        return false;
    }
    token.kind = Kind::number;
    token.number = width == sizeof(float)
                       ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))
                       : std::bit_cast<double>(bits);
    return true;
}

bool MessagePackScanner::take_bytes(Kind kind, std::size_t size, MessagePackToken& token) {
    if (left() < size) {
        return fail(kUnexpectedEnd);
    }
    token.kind = kind;
    token.bytes = {at_, size};
    if (kind == Kind::string && !is_utf8(token.bytes)) {
        return fail("not UTF-8");
    }
    at_ += size;
    return true;
}

bool MessagePackScanner::take_sized_bytes(Kind kind, std::size_t width, MessagePackToken& token) {
    std::uint64_t size = 0;
    if (!take_big_endian(width, size)) {
        return false;
    }
    return kind == Kind::extension ? take_extension(size, token) : take_bytes(kind, size, token);
}

bool MessagePackScanner::take_extension(std::size_t size, MessagePackToken& token) {
    std::uint64_t type = 0;
    if (!take_big_endian(1, type)) {
        return false;
    }
    token.extension_type = static_cast<std::int8_t>(type);
    return take_bytes(Kind::extension, size, token);
}

bool MessagePackScanner::take_container(Kind kind, std::size_t count, MessagePackToken& token) {
    // Each value has at least one byte, so a count that cannot be true ends here and not in a loop.
    const std::size_t values = kind == Kind::map ? 2 * count : count;
    if (left() < values) {
        return fail(kUnexpectedEnd);
    }
    token.kind = kind;
    token.count = count;
    return true;
}

bool MessagePackScanner::take_sized_container(Kind kind, std::size_t width,
                                              MessagePackToken& token) {
    std::uint64_t count = 0;
    return take_big_endian(width, count) && take_container(kind, count, token);
}

// Heads that hold their value or size themselves.
bool MessagePackScanner::next_fixed(unsigned head, MessagePackToken& token) {
    if (head < 0x80U) {
        token.kind = Kind::unsigned_integer;
        token.integer = head;
        return true;
    }
    if (head >= 0xE0U) {
        token.kind = Kind::negative_integer;
        token.integer = static_cast<std::uint64_t>(static_cast<std::int64_t>(head) - 0x100);
        return true;
    }
    if (head < 0x90U) {
        return take_container(Kind::map, head & 0x0FU, token);
    }
    if (head < 0xA0U) {
        return take_container(Kind::array, head & 0x0FU, token);
    }
    return take_bytes(Kind::string, head & 0x1FU, token);
}

bool MessagePackScanner::next(MessagePackToken& token) {
    if (at_ == end_) {
        return fail(kUnexpectedEnd);
    }
    const unsigned head = static_cast<unsigned char>(*at_);
    ++at_;
    if (head < 0xC0U || head >= 0xE0U) {
        return next_fixed(head, token);
    }
    switch (head) {
        case 0xC0:
            token.kind = Kind::nil;
            return true;
        case 0xC2:
        case 0xC3:
            token.kind = Kind::boolean;
            token.boolean = head == 0xC3;
            return true;
        case 0xC4:
        case 0xC5:
        case 0xC6:
            return take_sized_bytes(Kind::binary, width_of(head, 0xC4, 1), token);
        case 0xC7:
        case 0xC8:
        case 0xC9:
            return take_sized_bytes(Kind::extension, width_of(head, 0xC7, 1), token);
        case 0xCA:
        case 0xCB:
            return take_number(width_of(head, 0xCA, 4), token);
        case 0xCC:
        case 0xCD:
        case 0xCE:
        case 0xCF:
            return take_integer(width_of(head, 0xCC, 1), token);
        case 0xD0:
        case 0xD1:
        case 0xD2:
        case 0xD3:
            return take_signed(width_of(head, 0xD0, 1), token);
        case 0xD4:
        case 0xD5:
        case 0xD6:
        case 0xD7:
        case 0xD8:
            return take_extension(width_of(head, 0xD4, 1), token);
        case 0xD9:
        case 0xDA:
        case 0xDB:
            return take_sized_bytes(Kind::string, width_of(head, 0xD9, 1), token);
        case 0xDC:
        case 0xDD:
            return take_sized_container(Kind::array, width_of(head, 0xDC, 2), token);
        case 0xDE:
        case 0xDF:
            return take_sized_container(Kind::map, width_of(head, 0xDE, 2), token);
        default:
            return fail("0xC1 is no MessagePack");
    }
}

bool MessagePackScanner::skip_value(std::size_t depth_max) {
    HUBTRAIL_CHECK(depth_max <= kMessagePackDepthMax, "one count per level");
    std::array<std::size_t, kMessagePackDepthMax>
        left_in;  // values that each open container still holds
    std::size_t depth = 0;
    MessagePackToken token;
    while (next(token)) {
        const bool container = token.kind == Kind::array || token.kind == Kind::map;
        if (container && depth == depth_max) {
            return fail("nested too deep");
        }
        if (container && token.count > 0) {
            left_in[depth] = token.kind == Kind::map ? 2 * token.count : token.count;
            ++depth;
            continue;
        }
        while (depth > 0 && --left_in[depth - 1] == 0) {
            --depth;
        }
        if (depth == 0) {
            return true;
        }
    }
    return false;
}

bool MessagePackScanner::skip_value(std::size_t depth_max, std::string_view& raw) {
    const char* const from = at_;
    if (!skip_value(depth_max)) {
        return false;
    }
    raw = {from, static_cast<std::size_t>(at_ - from)};
    return true;
}

}  // namespace hubtrail::protocol
