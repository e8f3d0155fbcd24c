#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "auth/token_verifier.h"

namespace hubtrail::testhub {

/// Signs and believes the tokens of tests/conformance/HUBS.md: HS256 and `exp`, whoever issued them
/// for whomever. For tests only. Thread: any.
class TokenKey {
public:
    explicit TokenKey(std::string key) : key_(std::move(key)) {}

    std::string sign(const std::string& user, std::int64_t seconds) const;
    /// One verifier for each loop; the key must outlive it.
    std::unique_ptr<auth::TokenVerifier> make_verifier() const;

private:
    const std::string key_;
};

}  // namespace hubtrail::testhub
