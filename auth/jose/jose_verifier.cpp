#include "auth/jose/jose_verifier.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <cjose/cjose.h>

#include "auth/claims.h"
#include "auth/compact_token.h"
#include "auth/key_rules.h"

namespace hubtrail::auth {
namespace {

struct JwkRelease {
    void operator()(cjose_jwk_t* jwk) const { cjose_jwk_release(jwk); }
};
struct JwsRelease {
    void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};
using JwkPtr = std::unique_ptr<cjose_jwk_t, JwkRelease>;
using JwsPtr = std::unique_ptr<cjose_jws_t, JwsRelease>;

struct Key {
    std::string kid;
    std::string algorithm;
    std::size_t signature_bytes;
    JwkPtr jwk;
};

std::string text_of(const cjose_err& error) {
    return error.code == CJOSE_ERR_NONE || error.message == nullptr ? "cjose gave no reason"
                                                                    : error.message;
}

class JoseVerifier final : public TokenVerifier {
public:
    JoseVerifier(TokenPolicy policy, const Clock& clock, std::vector<Key> keys)
        : policy_(std::move(policy)), clock_(clock), keys_(std::move(keys)) {
        for (const auto& key : keys_) {
            if (std::find(algorithms_.begin(), algorithms_.end(), key.algorithm) ==
                algorithms_.end()) {
                algorithms_.push_back(key.algorithm);
            }
        }
    }

    Result<std::shared_ptr<const Principal>, TokenError> verify(std::string_view token) override {
        auto parts = parse_compact(token, algorithms_);
        if (!parts) {
            return Failure{parts.error()};
        }
        const auto* key = find_key(*parts);
        if (key == nullptr) {
            return Failure{TokenError{TokenErrc::unknown_key, "no key of ours fits kid and alg"}};
        }
        if (auto signature = check_signature(token, *parts, *key); !signature) {
            return Failure{TokenError{TokenErrc::signature, signature.error()}};
        }
        return check_claims(parts->payload, policy_, clock_.wall_us());
    }

private:
    const Key* find_key(const CompactToken& token) const {
        const Key* only = nullptr;
        std::size_t fitting = 0;
        for (const auto& key : keys_) {
            if (key.algorithm != token.algorithm) {
                continue;
            }
            // An empty kid in a header names nothing, least of all a key without one.
            if (token.kid ? !key.kid.empty() && key.kid == *token.kid : key.kid.empty()) {
                return &key;
            }
            only = &key;
            ++fitting;
        }
        // A token that names no key may be tried with one, but we do not go through a bunch.
        return !token.kid && fitting == 1 ? only : nullptr;
    }

    static Result<void, std::string> check_signature(std::string_view token,
                                                     const CompactToken& parts, const Key& key) {
        // cjose halves whatever length an ES256 signature has, which would give one signature
        // several spellings.
        if (parts.signature.size() != key.signature_bytes) {
            return Failure{std::string("not the length of a signature of this key")};
        }
        cjose_err error{};
        const JwsPtr jws(cjose_jws_import(token.data(), token.size(), &error));
        if (!jws) {
            return Failure{"import: " + text_of(error)};
        }
        // cjose reads the header with a parser of its own. What it found must be what we judged.
        const char* algorithm =
            cjose_header_get(cjose_jws_get_protected(jws.get()), CJOSE_HDR_ALG, &error);
        if (algorithm == nullptr || parts.algorithm != algorithm) {
            return Failure{std::string("cjose reads another alg than we do")};
        }
        if (!cjose_jws_verify(jws.get(), key.jwk.get(), &error)) {
            return Failure{"verify: " + text_of(error)};
        }
        return {};
    }

    TokenPolicy policy_;
    const Clock& clock_;
    std::vector<Key> keys_;
    std::vector<std::string> algorithms_;
};

Result<void, std::string> check_policy(const TokenPolicy& policy) {
    if (policy.issuer.empty()) {
        return Failure{std::string("the issuer is empty")};
    }
    if (policy.audiences.empty() ||
        std::find(policy.audiences.begin(), policy.audiences.end(), "") != policy.audiences.end()) {
        return Failure{std::string("no audience is given, or an empty one")};
    }
    if (policy.sites_claim.empty()) {
        return Failure{std::string("the name of the sites claim is empty")};
    }
    if (policy.leeway_s < 0 || policy.leeway_s > kLeewayMaxS) {
        return Failure{"the leeway is " + std::to_string(policy.leeway_s) + " s, it may be 0 to " +
                       std::to_string(kLeewayMaxS)};
    }
    if (policy.lifetime_max_s < 1 || policy.lifetime_max_s > kTimeDistanceMaxS) {
        return Failure{"the longest lifetime is " + std::to_string(policy.lifetime_max_s) +
                       " s, it may be 1 to " + std::to_string(kTimeDistanceMaxS)};
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<TokenVerifier>, std::string> make_jose_verifier(TokenPolicy policy,
                                                                       const Clock& clock) {
    if (auto fit = check_policy(policy); !fit) {
        return Failure{fit.error()};
    }
    auto usable = check_keys(policy.keys);
    if (!usable) {
        return Failure{usable.error()};
    }
    std::vector<Key> keys;
    for (auto& key : *usable) {
        cjose_err error{};
        JwkPtr jwk(cjose_jwk_import(key.jwk.data(), key.jwk.size(), &error));
        if (!jwk) {
            // What is left to go wrong here is a point that is not on the curve.
            return Failure{"key " + std::to_string(keys.size() + 1) + " (kid '" + key.kid +
                           "'): refused by cjose: " + text_of(error)};
        }
        keys.push_back(
            {std::move(key.kid), std::move(key.algorithm), key.signature_bytes, std::move(jwk)});
    }
    // The given keys may hold private parts; nothing below needs them.
    policy.keys.clear();
    return std::unique_ptr<TokenVerifier>(
        std::make_unique<JoseVerifier>(std::move(policy), clock, std::move(keys)));
}

}  // namespace hubtrail::auth
