#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/token_verifier.h"
#include "base/result.h"

namespace hubtrail::auth {

inline constexpr std::size_t kHeaderDepthMax = 8;
inline constexpr std::size_t kHeaderMembersMax = 64;
inline constexpr std::size_t kKidBytesMax = 128;

/// A compact JWS (RFC 7515 7.1) in parts that are well formed. Nothing in it is verified yet.
struct CompactToken {
    std::string algorithm;           ///< one of the algorithms asked for
    std::optional<std::string> kid;  ///< at most kKidBytesMax
    std::string payload;             ///< decoded bytes, not looked at
    std::string signature;           ///< decoded bytes
    std::string_view signed_part;    ///< "header.payload" as sent; a view into the token
};

/// Everything about a token that can be refused before a key is touched, cheapest first: length,
/// shape, alphabet, header, algorithm, extensions, kid. Header members that bring a key along or
/// point to one (jku, jwk, x5u, x5c) are never looked at. Thread: any.
Result<CompactToken, TokenError> parse_compact(std::string_view token,
                                               const std::vector<std::string>& algorithms);

}  // namespace hubtrail::auth
