#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/result.h"

namespace hubtrail::protocol {

/// A place in one tenant's log: everything up to and including `pos` was seen (docs/api.md 4).
struct Cursor {
    std::uint32_t epoch = 1;
    std::int64_t pos = 0;
    std::uint32_t fingerprint =
        0;  ///< of the event at pos; 0 when there is none (pos 0, or below the floor)
    std::uint16_t day = 0;  ///< recorded day of that event, days since 1970-01-01

    bool operator==(const Cursor&) const = default;
};

enum class CursorErrc {
    malformed,     ///< not our format or cut short
    forged,        ///< the MAC does not fit: damaged, made by hand, or of another installation
    other_tenant,  ///< a good cursor of another tenant
};

inline constexpr std::size_t kCursorCharsMax = 80;

/// Writes and reads the opaque text form, `c1.` + base64url.
/// Thread: any. Calls are const and do not allocate beyond the text.
class CursorCodec {
public:
    /// `key` must be 32 bytes or more and the same on every node.
    explicit CursorCodec(std::string_view key);

    std::string encode(std::string_view tenant, const Cursor& cursor) const;
    /// The hash may be kept per tenant: this form is used once per delivered event.
    void append(std::string& out, std::uint32_t tenant_hash, const Cursor& cursor) const;
    Result<Cursor, CursorErrc> decode(std::string_view tenant, std::string_view text) const;

    static std::uint32_t hash_tenant(std::string_view tenant);

private:
    HmacKey key_;
};

}  // namespace hubtrail::protocol
