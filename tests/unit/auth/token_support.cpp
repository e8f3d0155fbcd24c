#include "tests/unit/auth/token_support.h"

#include <cstdlib>
#include <utility>

#include <cjose/cjose.h>

#include "auth/jose/jose_verifier.h"
#include "base/check.h"
#include "base/crypto.h"

namespace hubtrail::auth::testing {
namespace {

std::shared_ptr<void> own(cjose_jwk_t* jwk) {
    HUBTRAIL_CHECK(jwk != nullptr, "cjose made no key");
    return {jwk, [](void* key) { cjose_jwk_release(static_cast<cjose_jwk_t*>(key)); }};
}

std::string to_json(void* jwk, bool with_private) {
    cjose_err error{};
    char* text = cjose_jwk_to_json(static_cast<cjose_jwk_t*>(jwk), with_private, &error);
    HUBTRAIL_CHECK(text != nullptr, "cjose wrote no key");
    std::string out = text;
    cjose_get_dealloc()(text);
    return out;
}

}  // namespace

Claims Claims::with(const std::string& name, const std::string& raw) const {
    auto out = *this;
    out.members[name] = raw;
    return out;
}

Claims Claims::without(const std::string& name) const {
    auto out = *this;
    out.members.erase(name);
    return out;
}

std::string Claims::json() const {
    std::string out = "{";
    for (const auto& [name, raw] : members) {
        out += (out.size() > 1 ? ",\"" : "\"") + name + "\":" + raw;
    }
    return out + "}";
}

TokenPolicy policy_with(std::vector<VerificationKey> keys) {
    TokenPolicy policy;
    policy.issuer = "https://issuer.test";
    policy.audiences = {"hubtrail", "hubtrail-api"};
    policy.keys = std::move(keys);
    return policy;
}

VerificationKey secret_key(const std::string& kid, std::string_view secret) {
    return {kid, "HS256", R"({"kty":"oct","k":")" + base64url_encode(secret) + "\"}"};
}

TokenPolicy secret_policy() {
    return policy_with({secret_key("", kSecret)});
}

std::unique_ptr<TokenVerifier> verifier_for(TokenPolicy policy, const Clock& clock) {
    auto verifier = make_jose_verifier(std::move(policy), clock);
    HUBTRAIL_CHECK(verifier, verifier.error().c_str());
    return std::move(*verifier);
}

std::string compact(std::string_view header, std::string_view payload, std::string_view signature) {
    return base64url_encode(header) + "." + base64url_encode(payload) + "." +
           base64url_encode(signature);
}

std::string sign_hs256(std::string_view header, std::string_view payload, std::string_view secret) {
    auto token = base64url_encode(header) + "." + base64url_encode(payload);
    const auto mac = HmacKey(secret).mac(token);
    token += '.';
    append_base64url(token, mac.data(), mac.size());
    return token;
}

TestKey TestKey::rsa(unsigned bits) {
    cjose_err error{};
    // The default exponent, 65537.
    return TestKey(own(cjose_jwk_create_RSA_random(bits, nullptr, 0, &error)));
}

TestKey TestKey::ec() {
    cjose_err error{};
    return TestKey(own(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error)));
}

std::string TestKey::public_jwk() const {
    return to_json(jwk_.get(), false);
}
std::string TestKey::private_jwk() const {
    return to_json(jwk_.get(), true);
}

VerificationKey TestKey::verification_key(const std::string& algorithm,
                                          const std::string& kid) const {
    return {kid, algorithm, public_jwk()};
}

std::string TestKey::sign(const std::string& algorithm, const std::string& kid,
                          const std::string& payload) const {
    cjose_err error{};
    const std::shared_ptr<cjose_header_t> header(cjose_header_new(&error), cjose_header_release);
    bool ok = cjose_header_set(header.get(), CJOSE_HDR_ALG, algorithm.c_str(), &error);
    ok = ok && (kid.empty() || cjose_header_set(header.get(), CJOSE_HDR_KID, kid.c_str(), &error));
    const std::shared_ptr<cjose_jws_t> jws(
        cjose_jws_sign(static_cast<cjose_jwk_t*>(jwk_.get()), header.get(),
                       reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size(),
                       &error),
        cjose_jws_release);
    const char* text = nullptr;
    HUBTRAIL_CHECK(ok && jws && cjose_jws_export(jws.get(), &text, &error), "cjose did not sign");
    return text;
}

const TestKey& rsa_key() {
    static const auto key = TestKey::rsa(2048);
    return key;
}

const TestKey& ec_key() {
    static const auto key = TestKey::ec();
    return key;
}

std::string outcome(TokenVerifier& verifier, std::string_view token) {
    const auto result = verifier.verify(token);
    return result ? "accepted" : std::string(to_text(result.error().code));
}

}  // namespace hubtrail::auth::testing
