#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/token_verifier.h"
#include "base/file_system.h"
#include "base/random.h"
#include "base/result.h"

// Keys at rest. Errors are sentences for the operator, with the path; they hold no key material.

namespace hubtrail::auth {

inline constexpr std::size_t kKeySetBytesMax = 256 * 1024;
inline constexpr std::size_t kTokenKeyFileBytesMax = 4096;
inline constexpr std::size_t kTokenKeyBytes = 32;
inline constexpr unsigned kTokenKeyMode = 0600;

/// The secret that signs and verifies our own HS256 tokens. A missing file is made, with fresh
/// random bytes as base64url and mode 0600; its directory must exist. A file that is there is never
/// replaced, however broken. Returns the raw bytes, at least kTokenKeyBytes. Thread: any.
Result<std::string, std::string> load_or_create_token_key(FileSystem& files, Random& random,
                                                          const std::string& path);

/// The same without making one: for a command that must not invent a key that no server knows.
Result<std::string, std::string> load_token_key(FileSystem& files, const std::string& path);

/// A secret as a verification key, HS256 without kid.
VerificationKey make_secret_key(std::string_view secret);

/// The keys of a JWK set (RFC 7517 5) or of one lone JWK. A key without `alg` gets the one that its
/// type allows (EC P-256: ES256, oct: HS256); an RSA key has two, so it must name one. Encryption
/// keys (`use` "enc") are left out. Strength is judged later, by make_jose_verifier().
Result<std::vector<VerificationKey>, std::string> parse_key_set(std::string_view text);
Result<std::vector<VerificationKey>, std::string> load_key_set(FileSystem& files,
                                                               const std::string& path);

}  // namespace hubtrail::auth
