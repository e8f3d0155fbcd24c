#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hubtrail {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest sha256(std::string_view bytes);

/// HMAC-SHA-256 (RFC 2104) with the key schedule done once. Thread: any, calls are const.
class HmacKey {
public:
    explicit HmacKey(std::string_view key);
    Sha256Digest mac(std::string_view bytes) const;

private:
    std::array<std::uint32_t, 28> inner_{};  // an OpenSSL SHA256_CTX after the padded key
    std::array<std::uint32_t, 28> outer_{};
};

/// Compares without telling by its duration where the two differ.
bool equal_constant_time(std::string_view a, std::string_view b);

/// base64url without padding (RFC 4648 5).
std::string base64url_encode(std::string_view bytes);
void append_base64url(std::string& out, const void* bytes, std::size_t count);
/// Nothing for any character outside the alphabet, padding included, and for non-zero spare bits.
std::optional<std::string> base64url_decode(std::string_view text);
/// Plain base64 with padding (RFC 4648 4).
std::string base64_encode(std::string_view bytes);
/// Strict: padded, no other character. Nothing when it is not base64.
std::optional<std::string> base64_decode(std::string_view text);

/// SHA-1 of bytes; only for the WebSocket handshake (RFC 6455 4.2.2), never for security.
std::string sha1_for_websocket(std::string_view bytes);

std::string hex_encode(std::string_view bytes);

}  // namespace hubtrail
