#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "auth/token_verifier.h"
#include "base/clock.h"
#include "base/result.h"

namespace hubtrail::auth {

inline constexpr std::int64_t kLeewayMaxS = 60;

/// A verifier on cjose for the tokens of one issuer. cjose sees a token only after compact_token.h
/// found it well formed, and a key only after key_rules.h found it fit. The error says which part
/// of the policy is wrong. Not to be shared between threads, nor its keys: make one for each loop.
/// `clock` must outlive it.
Result<std::unique_ptr<TokenVerifier>, std::string> make_jose_verifier(TokenPolicy policy,
                                                                       const Clock& clock);

}  // namespace hubtrail::auth
