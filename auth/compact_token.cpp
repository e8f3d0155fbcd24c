#include "auth/compact_token.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/crypto.h"
#include "protocol/json.h"

namespace hubtrail::auth {
namespace {

// An access token says so or says nothing: a logout token or a DPoP proof of the same issuer is
// none (RFC 8725 3.11, RFC 9068 2.1). Compared without case, as media types are.
constexpr std::array<std::string_view, 4> kTypes = {"jwt", "application/jwt", "at+jwt",
                                                    "application/at+jwt"};

Failure<TokenError> refuse(TokenErrc code, std::string detail) {
    return Failure{TokenError{code, std::move(detail)}};
}

bool is_access_token_type(std::string type) {
    std::transform(type.begin(), type.end(), type.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

Result<void, TokenError> read_header(const std::string& text,
                                     const std::vector<std::string>& algorithms,
                                     CompactToken& out) {
    const protocol::JsonLimits limits{kTokenBytesMax, kHeaderDepthMax, kHeaderMembersMax};
    auto parsed = protocol::JsonValue::parse(text, limits);
    if (!parsed) {
        return refuse(TokenErrc::malformed, "header: " + parsed.error().what);
    }
    const auto& header = *parsed;
    if (!header.is_object()) {
        return refuse(TokenErrc::malformed, "header is not an object");
    }
    const auto algorithm = header.find("alg");
    if (!algorithm || !algorithm->is_string()) {
        return refuse(TokenErrc::algorithm, "header has no alg");
    }
    if (std::find(algorithms.begin(), algorithms.end(), algorithm->string()) == algorithms.end()) {
        return refuse(TokenErrc::algorithm, "alg is not one that our keys serve");
    }
    for (const auto* extension : {"crit", "b64", "zip"}) {
        if (header.find(extension)) {
            return refuse(TokenErrc::critical, std::string("header has ") + extension);
        }
    }
    if (const auto type = header.find("typ");
        type && !(type->is_string() && is_access_token_type(type->string()))) {
        return refuse(TokenErrc::malformed, "typ is not that of an access token");
    }
    if (const auto kid = header.find("kid")) {
        if (!kid->is_string()) {
            return refuse(TokenErrc::malformed, "kid is not a string");
        }
        if (kid->string().size() > kKidBytesMax) {
            return refuse(TokenErrc::unknown_key, "kid is longer than any of ours may be");
        }
        out.kid = kid->string();
    }
    out.algorithm = algorithm->string();
    return {};
}

}  // namespace

Result<CompactToken, TokenError> parse_compact(std::string_view token,
                                               const std::vector<std::string>& algorithms) {
    if (token.size() > kTokenBytesMax) {
        return refuse(TokenErrc::too_long, std::to_string(token.size()) + " bytes");
    }
    if (std::count(token.begin(), token.end(), '.') != 2) {
        return refuse(TokenErrc::malformed, "not three parts");
    }
    const auto first_dot = token.find('.');
    const auto second_dot = token.find('.', first_dot + 1);
    const auto header = base64url_decode(token.substr(0, first_dot));
    auto payload = base64url_decode(token.substr(first_dot + 1, second_dot - first_dot - 1));
    auto signature = base64url_decode(token.substr(second_dot + 1));
    if (!header || !payload || !signature) {
        return refuse(TokenErrc::malformed, "a part is not base64url without padding");
    }
    if (header->empty() || payload->empty() || signature->empty()) {
        return refuse(TokenErrc::malformed, "a part is empty");
    }
    CompactToken out;
    if (auto read = read_header(*header, algorithms, out); !read) {
        return Failure{read.error()};
    }
    out.payload = std::move(*payload);
    out.signature = std::move(*signature);
    out.signed_part = token.substr(0, second_dot);
    return out;
}

}  // namespace hubtrail::auth
