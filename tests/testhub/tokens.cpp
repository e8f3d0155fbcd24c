#include "tests/testhub/tokens.h"

#include <chrono>
#include <utility>

#include "base/crypto.h"
#include "protocol/json.h"

namespace hubtrail::testhub {
namespace {

using protocol::JsonValue;

std::int64_t now_s() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string signature(const std::string& key, std::string_view text) {
    const auto mac = HmacKey(key).mac(text);
    return base64url_encode({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

Failure<auth::TokenError> refuse(auth::TokenErrc code, const char* detail) {
    return Failure{auth::TokenError{code, detail}};
}

/// Thread: strand.
class Verifier final : public auth::TokenVerifier {
public:
    explicit Verifier(const std::string& key) : key_(key) {}

    Result<std::shared_ptr<const auth::Principal>, auth::TokenError> verify(
        std::string_view token) override {
        const auto first = token.find('.');
        const auto second = token.find('.', first == std::string_view::npos ? first : first + 1);
        if (second == std::string_view::npos) {
            return refuse(auth::TokenErrc::malformed, "not three parts");
        }
        if (signature(key_, token.substr(0, second)) != token.substr(second + 1)) {
            return refuse(auth::TokenErrc::signature, "the signature is another");
        }
        const auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
        auto claims = payload ? JsonValue::parse(*payload, {})
                              : Result<JsonValue, protocol::JsonError>(
                                    Failure{protocol::JsonError{0, "not base64url"}});
        if (!claims || !claims->is_object()) {
            return refuse(auth::TokenErrc::malformed, "the claims are not an object");
        }
        const auto expires = claims->find("exp");
        if (!expires || !expires->is_integer() || expires->integer() <= now_s()) {
            return refuse(auth::TokenErrc::expired, "exp has passed");
        }
        auto principal = std::make_shared<auth::Principal>();
        principal->expires_us = expires->integer() * 1'000'000;
        for (const auto& [name, value] : claims->members()) {
            principal->claims.emplace(name, value.is_string() ? value.string() : value.dump());
        }
        principal->subject = std::string(principal->claim("sub").value_or(""));
        return std::shared_ptr<const auth::Principal>(std::move(principal));
    }

private:
    const std::string& key_;
};

}  // namespace

std::string TokenKey::sign(const std::string& user, std::int64_t seconds) const {
    std::string claims = "{\"sub\":";
    protocol::append_json_string(claims, user);
    claims += ",\"iss\":\"SignalRTestServer\",\"aud\":\"SignalRTests\",\"exp\":" +
              std::to_string(now_s() + seconds) + "}";
    const auto signed_part =
        base64url_encode(R"({"alg":"HS256","typ":"JWT"})") + "." + base64url_encode(claims);
    return signed_part + "." + signature(key_, signed_part);
}

std::unique_ptr<auth::TokenVerifier> TokenKey::make_verifier() const {
    return std::make_unique<Verifier>(key_);
}

}  // namespace hubtrail::testhub
