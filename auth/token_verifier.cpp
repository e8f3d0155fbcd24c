#include "auth/token_verifier.h"

#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/crypto.h"

namespace hubtrail::auth {
namespace {

/// Any eight bytes of a digest are a hash as good as any.
struct DigestHash {
    std::size_t operator()(const Sha256Digest& digest) const {
        std::size_t hash = 0;
        std::memcpy(&hash, digest.data(), sizeof hash);
        return hash;
    }
};

class CachingVerifier final : public TokenVerifier {
public:
    CachingVerifier(std::unique_ptr<TokenVerifier> inner, const Clock& clock,
                    std::size_t tokens_max)
        : inner_(std::move(inner)), clock_(clock), tokens_max_(tokens_max) {
        HUBTRAIL_CHECK(inner_ != nullptr, "a cache needs a verifier behind it");
    }

    Result<std::shared_ptr<const Principal>, TokenError> verify(std::string_view token) override {
        // A token that cannot be in the cache is not worth hashing, however long it is.
        if (tokens_max_ == 0 || token.size() > kTokenBytesMax) {
            return inner_->verify(token);
        }
        const auto digest = digest_key_.mac(token);
        const auto found = slot_of_.find(digest);
        if (found != slot_of_.end()) {
            const auto& principal = slots_[found->second].principal;
            if (clock_.wall_us() < principal->expires_us) {
                return principal;
            }
            slots_[found->second].principal.reset();
            slot_of_.erase(found);
        }
        auto verified = inner_->verify(token);
        if (verified && clock_.wall_us() < (*verified)->expires_us) {
            remember(digest, *verified);
        }
        return verified;
    }

private:
    struct Slot {
        Sha256Digest digest;
        std::shared_ptr<const Principal> principal;  // empty once expired
    };

    // Slots fill in a circle, so the one to overwrite is always the oldest.
    void remember(const Sha256Digest& digest, const std::shared_ptr<const Principal>& principal) {
        if (slots_.size() < tokens_max_) {
            slots_.push_back({digest, principal});
            slot_of_.emplace(digest, slots_.size() - 1);
            return;
        }
        auto& slot = slots_[oldest_];
        if (slot.principal) {
            slot_of_.erase(slot.digest);
        }
        slot = {digest, principal};
        slot_of_.emplace(digest, oldest_);
        oldest_ = (oldest_ + 1) % tokens_max_;
    }

    std::unique_ptr<TokenVerifier> inner_;
    // A MAC under a known key is as good a digest as any, and unlike sha256() it makes OpenSSL
    // allocate nothing.
    HmacKey digest_key_{"token cache"};
    const Clock& clock_;
    std::size_t tokens_max_;
    std::vector<Slot> slots_;
    std::size_t oldest_ = 0;
    std::unordered_map<Sha256Digest, std::size_t, DigestHash> slot_of_;
};

}  // namespace

std::string_view to_text(TokenErrc code) {
    switch (code) {
        case TokenErrc::too_long:
            return "too_long";
        case TokenErrc::malformed:
            return "malformed";
        case TokenErrc::algorithm:
            return "algorithm";
        case TokenErrc::critical:
            return "critical";
        case TokenErrc::unknown_key:
            return "unknown_key";
        case TokenErrc::signature:
            return "signature";
        case TokenErrc::claim_missing:
            return "claim_missing";
        case TokenErrc::issuer:
            return "issuer";
        case TokenErrc::audience:
            return "audience";
        case TokenErrc::expired:
            return "expired";
        case TokenErrc::not_yet_valid:
            return "not_yet_valid";
        case TokenErrc::lifetime:
            return "lifetime";
    }
    HUBTRAIL_CHECK(false, "a TokenErrc outside its enumeration");
    return {};
}

std::unique_ptr<TokenVerifier> make_caching_verifier(std::unique_ptr<TokenVerifier> inner,
                                                     const Clock& clock, std::size_t tokens_max) {
    return std::make_unique<CachingVerifier>(std::move(inner), clock, tokens_max);
}

}  // namespace hubtrail::auth
