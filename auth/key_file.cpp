#include "auth/key_file.h"

#include <optional>
#include <utility>

#include "auth/key_rules.h"
#include "base/crypto.h"
#include "protocol/json.h"

namespace hubtrail::auth {
namespace {

using protocol::JsonValue;

constexpr std::size_t kKeySetDepthMax = 6;
constexpr std::size_t kKeySetMembersMax = 10'000;

static_assert(kTokenKeyBytes >= kSecretBytesMin);

Result<std::string, std::string> decode_token_key(std::string text, const std::string& path) {
    if (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    auto secret = base64url_decode(text);
    if (!secret || secret->size() < kTokenKeyBytes) {
        return Failure{path + ": not a key of at least " + std::to_string(kTokenKeyBytes) +
                       " bytes as base64url; move the file away to get a new one (tokens signed "
                       "so far will be refused)"};
    }
    return std::move(*secret);
}

/// Empty when absent or not a string.
std::string text_of(const JsonValue& jwk, std::string_view member) {
    const auto value = jwk.find(member);
    return value && value->is_string() ? value->string() : std::string();
}

Result<std::string, std::string> algorithm_of(const JsonValue& jwk) {
    if (jwk.find("alg")) {
        return text_of(jwk, "alg");
    }
    const auto type = text_of(jwk, "kty");
    if (type == "oct") {
        return std::string("HS256");
    }
    if (type == "EC" && text_of(jwk, "crv") == "P-256") {
        return std::string("ES256");
    }
    if (type == "RSA") {
        return Failure{std::string("an RSA key needs 'alg': RS256 or PS256")};
    }
    return Failure{std::string("neither 'alg' nor a type that implies one (EC P-256, oct)")};
}

Result<VerificationKey, std::string> key_of(const JsonValue& jwk, std::size_t index) {
    const auto name = "key " + std::to_string(index + 1) + ": ";
    if (!jwk.is_object()) {
        return Failure{name + "not an object"};
    }
    if (const auto kid = jwk.find("kid"); kid && !kid->is_string()) {
        return Failure{name + "'kid' is not a string"};
    }
    auto algorithm = algorithm_of(jwk);
    if (!algorithm) {
        return Failure{name + algorithm.error()};
    }
    return VerificationKey{text_of(jwk, "kid"), std::move(*algorithm), jwk.dump()};
}

}  // namespace

Result<std::string, std::string> load_token_key(FileSystem& files, const std::string& path) {
    auto content = files.read(path, kTokenKeyFileBytesMax);
    if (!content) {
        return Failure{content.error().text};
    }
    if (!content->has_value()) {
        return Failure{path + ": there is no token key yet; `hubtrail serve` makes it"};
    }
    return decode_token_key(std::move(**content), path);
}

Result<std::string, std::string> load_or_create_token_key(FileSystem& files, Random& random,
                                                          const std::string& path) {
    auto content = files.read(path, kTokenKeyFileBytesMax);
    if (!content) {
        return Failure{content.error().text};
    }
    if (content->has_value()) {
        return decode_token_key(std::move(**content), path);
    }
    std::string secret(kTokenKeyBytes, '\0');
    random.fill(secret.data(), secret.size());
    auto written = files.write_atomic(path, base64url_encode(secret) + "\n", kTokenKeyMode);
    if (!written) {
        return Failure{written.error().text};
    }
    return secret;
}

VerificationKey make_secret_key(std::string_view secret) {
    return {"", "HS256", R"({"kty":"oct","k":")" + base64url_encode(secret) + "\"}"};
}

Result<std::vector<VerificationKey>, std::string> parse_key_set(std::string_view text) {
    const protocol::JsonLimits limits{kKeySetBytesMax, kKeySetDepthMax, kKeySetMembersMax};
    auto root = JsonValue::parse(text, limits);
    if (!root) {
        return Failure{"byte " + std::to_string(root.error().offset) + ": " + root.error().what};
    }
    if (!root->is_object()) {
        return Failure{std::string("neither a JWK set nor a JWK")};
    }
    std::vector<JsonValue> jwks;
    if (const auto set = root->find("keys")) {
        if (!set->is_array() || set->size() > kKeysMax) {
            return Failure{"'keys' is not an array of at most " + std::to_string(kKeysMax)};
        }
        for (std::size_t i = 0; i < set->size(); ++i) {
            jwks.push_back(set->at(i));
        }
    } else {
        jwks.push_back(*root);
    }
    std::vector<VerificationKey> keys;
    for (std::size_t i = 0; i < jwks.size(); ++i) {
        if (jwks[i].is_object() && text_of(jwks[i], "use") == "enc") {
            continue;
        }
        auto key = key_of(jwks[i], i);
        if (!key) {
            return Failure{key.error()};
        }
        keys.push_back(std::move(*key));
    }
    if (keys.empty()) {
        return Failure{std::string("no key that verifies signatures")};
    }
    return keys;
}

Result<std::vector<VerificationKey>, std::string> load_key_set(FileSystem& files,
                                                               const std::string& path) {
    auto content = files.read(path, kKeySetBytesMax);
    if (!content) {
        return Failure{content.error().text};
    }
    if (!content->has_value()) {
        return Failure{path + ": no such file"};
    }
    auto keys = parse_key_set(**content);
    if (!keys) {
        return Failure{path + ": " + keys.error()};
    }
    return keys;
}

}  // namespace hubtrail::auth
