#include "protocol/cursor.h"

#include <array>
#include <cstring>

#include "base/check.h"

namespace hubtrail::protocol {
namespace {

// key id u8 | epoch u32 | pos varint | fingerprint u32 | day u16 | tenant hash u32 | MAC, integers
// big-endian.
constexpr std::string_view kPrefix = "c1.";
constexpr std::uint8_t kKeyId = 1;
constexpr std::size_t kMacBytes = 8;
constexpr std::size_t kVarintBytesMax = 9;  // 63 bits
constexpr std::size_t kFixedBytes = 1 + 4 + 4 + 2 + 4 + kMacBytes;
constexpr std::size_t kBytesMin = kFixedBytes + 1;
constexpr std::size_t kBytesMax = kFixedBytes + kVarintBytesMax;
static_assert(kPrefix.size() + (kBytesMax * 4 + 2) / 3 <= kCursorCharsMax);

constexpr std::size_t kKeyBytesMin = 32;

using Bytes = std::array<std::uint8_t, kBytesMax>;

template <typename Unsigned>
void put_fixed(Bytes& bytes, std::size_t& at, Unsigned value) {
    for (auto shift = sizeof(Unsigned) * 8; shift > 0;) {
        shift -= 8;
        bytes[at++] = static_cast<std::uint8_t>((value >> shift) & 0xFFU);
    }
}

void put_varint(Bytes& bytes, std::size_t& at, std::uint64_t value) {
    while (value >= 0x80U) {
        bytes[at++] = static_cast<std::uint8_t>(0x80U | (value & 0x7FU));
        value >>= 7U;
    }
    bytes[at++] = static_cast<std::uint8_t>(value);
}

/// Reads what the MAC vouches for; `good` turns false at the end of the bytes.
struct Reader {
    std::string_view bytes;
    bool good = true;

    std::uint8_t byte() {
        if (bytes.empty()) {
            good = false;
            return 0;
        }
        const auto value = static_cast<std::uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        return value;
    }
    std::uint32_t fixed(std::size_t count) {
        std::uint32_t value = 0;
        for (; count > 0; --count) {
            value = (value << 8U) | byte();
        }
        return value;
    }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < kVarintBytesMax; ++i) {
            const auto next = byte();
            value |= std::uint64_t{next & 0x7FU} << (7U * i);
            if ((next & 0x80U) == 0) {
                return value;
            }
        }
        good = false;
        return 0;
    }
};

std::string_view as_text(const std::uint8_t* bytes, std::size_t count) {
    return {reinterpret_cast<const char*>(bytes), count};
}

}  // namespace

CursorCodec::CursorCodec(std::string_view key) : key_(key) {
    HUBTRAIL_CHECK(key.size() >= kKeyBytesMin, "the cursor key is as long as its hash");
}

std::string CursorCodec::encode(std::string_view tenant, const Cursor& cursor) const {
    std::string text;
    text.reserve(kCursorCharsMax);
    append(text, hash_tenant(tenant), cursor);
    return text;
}

void CursorCodec::append(std::string& out, std::uint32_t tenant_hash, const Cursor& cursor) const {
    HUBTRAIL_CHECK(cursor.pos >= 0, "positions start at 0");
    Bytes bytes;
    std::size_t size = 0;
    bytes[size++] = kKeyId;
    put_fixed(bytes, size, cursor.epoch);
    put_varint(bytes, size, static_cast<std::uint64_t>(cursor.pos));
    put_fixed(bytes, size, cursor.fingerprint);
    put_fixed(bytes, size, cursor.day);
    put_fixed(bytes, size, tenant_hash);
    const auto mac = key_.mac(as_text(bytes.data(), size));
    std::memcpy(bytes.data() + size, mac.data(), kMacBytes);
    size += kMacBytes;
    out += kPrefix;
    append_base64url(out, bytes.data(), size);
}

Result<Cursor, CursorErrc> CursorCodec::decode(std::string_view tenant,
                                               std::string_view text) const {
    if (text.size() > kCursorCharsMax || text.substr(0, kPrefix.size()) != kPrefix) {
        return Failure{CursorErrc::malformed};
    }
    const auto bytes = base64url_decode(text.substr(kPrefix.size()));
    if (!bytes || bytes->size() < kBytesMin || bytes->size() > kBytesMax) {
        return Failure{CursorErrc::malformed};
    }
    const auto content = std::string_view{*bytes}.substr(0, bytes->size() - kMacBytes);
    const auto mac = key_.mac(content);
    if (!equal_constant_time(as_text(mac.data(), kMacBytes),
                             std::string_view{*bytes}.substr(content.size()))) {
        return Failure{CursorErrc::forged};
    }
    Reader in{content};
    const auto key_id = in.byte();
    Cursor cursor;
    cursor.epoch = in.fixed(4);
    cursor.pos = static_cast<std::int64_t>(in.varint());
    cursor.fingerprint = in.fixed(4);
    cursor.day = static_cast<std::uint16_t>(in.fixed(2));
    const auto tenant_hash = in.fixed(4);
    if (!in.good || !in.bytes.empty() || key_id != kKeyId) {
        return Failure{CursorErrc::malformed};
    }
    if (tenant_hash != hash_tenant(tenant)) {
        return Failure{CursorErrc::other_tenant};
    }
    return cursor;
}

std::uint32_t CursorCodec::hash_tenant(std::string_view tenant) {
    const auto digest = sha256(tenant);
    return (std::uint32_t{digest[0]} << 24U) | (std::uint32_t{digest[1]} << 16U) |
           (std::uint32_t{digest[2]} << 8U) | digest[3];
}

}  // namespace hubtrail::protocol
