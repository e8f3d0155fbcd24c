#include "auth/key_rules.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "auth/compact_token.h"
#include "base/crypto.h"
#include "protocol/json.h"

namespace hubtrail::auth {
namespace {

using protocol::JsonValue;

constexpr std::size_t kJwkDepthMax = 4;
constexpr std::size_t kJwkMembersMax = 64;
constexpr std::size_t kCoordinateBytes = 32;  // P-256
constexpr std::size_t kHmacBytes = 32;        // SHA-256

using Checked = Result<UsableKey, std::string>;

std::string name_of(const VerificationKey& key, std::size_t index) {
    const auto number = "key " + std::to_string(index + 1);
    return key.kid.empty() ? number + " (without kid)" : number + " (kid '" + key.kid + "')";
}

/// The member's decoded bytes, or nothing when it is absent or not base64url.
std::optional<std::string> bytes_of(const JsonValue& jwk, std::string_view member) {
    const auto value = jwk.find(member);
    if (!value || !value->is_string()) {
        return std::nullopt;
    }
    return base64url_decode(value->string());
}

bool is_member(const JsonValue& jwk, std::string_view member, std::string_view text) {
    const auto value = jwk.find(member);
    return value && value->is_string() && value->string() == text;
}

std::string without_leading_zeros(std::string bytes) {
    bytes.erase(0, std::min(bytes.find_first_not_of('\0'), bytes.size()));
    return bytes;
}

std::size_t bits_of(const std::string& number) {
    std::size_t bits = number.size() * 8;
    for (unsigned top = static_cast<unsigned char>(number.front()); top < 0x80U; top <<= 1U) {
        --bits;
    }
    return bits;
}

bool is_odd(const std::string& number) {
    return (static_cast<unsigned char>(number.back()) & 1U) != 0;
}

Checked check_secret(const JsonValue& jwk, UsableKey key) {
    const auto secret = bytes_of(jwk, "k");
    if (!secret) {
        return Failure{std::string("member 'k' is absent or not base64url")};
    }
    if (secret->size() < kSecretBytesMin) {
        return Failure{"the secret has " + std::to_string(secret->size()) + " bytes, HS256 needs " +
                       std::to_string(kSecretBytesMin)};
    }
    key.jwk = R"({"kty":"oct","k":")" + base64url_encode(*secret) + "\"}";
    key.signature_bytes = kHmacBytes;
    return key;
}

Checked check_rsa(const JsonValue& jwk, UsableKey key) {
    const auto modulus = without_leading_zeros(bytes_of(jwk, "n").value_or(""));
    const auto exponent = without_leading_zeros(bytes_of(jwk, "e").value_or(""));
    if (modulus.empty() || exponent.empty()) {
        return Failure{std::string("member 'n' or 'e' is absent, zero or not base64url")};
    }
    const auto bits = bits_of(modulus);
    if (bits < kModulusBitsMin || bits > kModulusBitsMax || !is_odd(modulus)) {
        return Failure{"the modulus has " + std::to_string(bits) + " bits" +
                       (is_odd(modulus) ? "" : " and is even") + ", it must be odd and have " +
                       std::to_string(kModulusBitsMin) + " to " + std::to_string(kModulusBitsMax)};
    }
    // With exponent 1 every message is its own signature.
    if (exponent.size() > kExponentBytesMax || !is_odd(exponent) || exponent == "\x01") {
        return Failure{std::string("the exponent is not an odd number from 3 to 4294967295")};
    }
    key.jwk = R"({"kty":"RSA","n":")" + base64url_encode(modulus) + R"(","e":")" +
              base64url_encode(exponent) + "\"}";
    key.signature_bytes = modulus.size();
    return key;
}

Checked check_ec(const JsonValue& jwk, UsableKey key) {
    if (!is_member(jwk, "crv", "P-256")) {
        return Failure{std::string("the curve ('crv') is not P-256")};
    }
    const auto x = bytes_of(jwk, "x").value_or("");
    const auto y = bytes_of(jwk, "y").value_or("");
    if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
        return Failure{std::string("member 'x' or 'y' is not 32 bytes of base64url")};
    }
    key.jwk = R"({"kty":"EC","crv":"P-256","x":")" + base64url_encode(x) + R"(","y":")" +
              base64url_encode(y) + "\"}";
    key.signature_bytes = 2 * kCoordinateBytes;
    return key;
}

/// What the JWK says about itself (RFC 7517 4.2 to 4.5) must not contradict what it is used for.
Result<void, std::string> check_labels(const JsonValue& jwk, const VerificationKey& key) {
    if (jwk.find("alg") && !is_member(jwk, "alg", key.algorithm)) {
        return Failure{"its 'alg' is not " + key.algorithm};
    }
    if (jwk.find("use") && !is_member(jwk, "use", "sig")) {
        return Failure{std::string("its 'use' is not 'sig'")};
    }
    if (jwk.find("kid") && !is_member(jwk, "kid", key.kid)) {
        return Failure{std::string("its 'kid' differs")};
    }
    const auto operations = jwk.find("key_ops");
    if (!operations) {
        return {};
    }
    for (std::size_t i = 0; operations->is_array() && i < operations->size(); ++i) {
        const auto operation = operations->at(i);
        if (operation.is_string() && operation.string() == "verify") {
            return {};
        }
    }
    return Failure{std::string("its 'key_ops' lacks 'verify'")};
}

Checked check_key(const VerificationKey& key) {
    if (key.kid.size() > kKidBytesMax) {
        return Failure{"its kid is over " + std::to_string(kKidBytesMax) + " bytes"};
    }
    const protocol::JsonLimits limits{kJwkBytesMax, kJwkDepthMax, kJwkMembersMax};
    auto jwk = JsonValue::parse(key.jwk, limits);
    if (!jwk || !jwk->is_object()) {
        return Failure{"not a JWK: " + (jwk ? jwk->describe() : jwk.error().what)};
    }
    if (auto labels = check_labels(*jwk, key); !labels) {
        return Failure{labels.error()};
    }
    const UsableKey usable{key.kid, key.algorithm, {}, 0};
    const auto needs = [&](std::string_view type, auto check) -> Checked {
        if (!is_member(*jwk, "kty", type)) {
            return Failure{key.algorithm + " needs a key of type ('kty') " + std::string(type)};
        }
        return check(*jwk, usable);
    };
    if (key.algorithm == "HS256") {
        return needs("oct", check_secret);
    }
    if (key.algorithm == "RS256" || key.algorithm == "PS256") {
        return needs("RSA", check_rsa);
    }
    if (key.algorithm == "ES256") {
        return needs("EC", check_ec);
    }
    return Failure{std::string("its algorithm is none of HS256 RS256 PS256 ES256")};
}

}  // namespace

Result<std::vector<UsableKey>, std::string> check_keys(const std::vector<VerificationKey>& keys) {
    if (keys.empty() || keys.size() > kKeysMax) {
        return Failure{std::to_string(keys.size()) + " keys given, between 1 and " +
                       std::to_string(kKeysMax) + " are possible"};
    }
    std::vector<UsableKey> usable;
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto name = name_of(keys[i], i);
        auto key = check_key(keys[i]);
        if (!key) {
            return Failure{name + ": " + key.error()};
        }
        if (!seen.emplace(key->kid, key->algorithm).second) {
            return Failure{name + ": a second key with this kid for " + key->algorithm};
        }
        if ((key->algorithm == "HS256") != (keys.front().algorithm == "HS256")) {
            return Failure{name +
                           ": a shared secret (HS256) and public keys cannot serve together"};
        }
        usable.push_back(std::move(*key));
    }
    return usable;
}

}  // namespace hubtrail::auth
