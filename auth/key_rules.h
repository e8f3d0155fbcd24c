#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/token_verifier.h"
#include "base/result.h"

namespace hubtrail::auth {

inline constexpr std::size_t kSecretBytesMin = 32;    // RFC 7518 3.2
inline constexpr std::size_t kModulusBitsMin = 2048;  // RFC 7518 3.3
inline constexpr std::size_t kModulusBitsMax = 8192;  // more costs us time and buys nothing
inline constexpr std::size_t kExponentBytesMax = 4;
inline constexpr std::size_t kJwkBytesMax = 16 * 1024;
inline constexpr std::size_t kKeysMax = 100;

/// A key that may verify tokens.
struct UsableKey {
    std::string kid;
    std::string algorithm;
    std::string jwk;              ///< only what verifying needs: never a private part
    std::size_t signature_bytes;  ///< the one length that its signatures have
};

/// Judges the keys of one issuer: each strong enough and fit for its algorithm, kid and algorithm
/// together unique, no shared secret beside public keys (whoever knows a public key could sign with
/// it). The error names the key and says what is wrong; it holds no key material. Thread: any.
Result<std::vector<UsableKey>, std::string> check_keys(const std::vector<VerificationKey>& keys);

}  // namespace hubtrail::auth
